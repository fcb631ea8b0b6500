package transport

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	// standTime is how long a connection may stand, with TLS, and not become a session over a
	// WebSocket, while there is another transport to try.
	standTime = 5 * time.Second

	// webSocketAgain is how long polling is used without another try of a WebSocket, after a
	// WebSocket failed and polling did not.
	webSocketAgain = 5 * time.Minute
)

// learned is what a dialer knows of the network from earlier dials.
type learned struct {
	mu    sync.Mutex
	until time.Time // polling is used first up to then; zero if nothing is known

	freshness freshness
}

// pollingWorks records that a WebSocket failed and polling did not.
func (l *learned) pollingWorks() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Now().Add(webSocketAgain)
}

// forget makes the next dial begin with the first transport of the list.
func (l *learned) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Time{}
}

// onlyPolling reports whether WebSockets are not to be tried now.
func (l *learned) onlyPolling() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.until)
}

// choose makes a session over the first transport that works.
//
// If WebSocket comes first, polling is tried when the network shows that it lets no WebSocket
// through; see blocked. If that works, the next dials begin with polling for some time. If polling
// comes first, the session is upgraded beside its use.
func (d *dialer) choose(t *dialing) (*session, error) {
	kinds := d.config.Transports
	first := kinds[0]
	switch {
	case len(kinds) == 1 && first == WebSocket:
		return d.webSocket(t, false)
	case len(kinds) == 1:
		return d.polling(t)
	case d.learned.onlyPolling():
		s, err := d.polling(t)
		if err != nil {
			d.learned.forget() // another network, perhaps
		}
		return s, err
	case first == Polling:
		return d.pollingFirst(t)
	}
	return d.webSocketFirst(t)
}

func (d *dialer) pollingFirst(t *dialing) (*session, error) {
	s, err := d.polling(t)
	if err != nil {
		if e, ok := errors.AsType[*HandshakeError](err); ok && e.Status == http.StatusBadRequest && e.Code == codeTransportUnknown {
			return d.webSocket(t, false) // a server without polling
		}
		return nil, err
	}
	if s.poll.canUpgrade {
		s.poll.startUpgrade(d)
	}
	return s, nil
}

// upgradeEnded records what an upgrade shows of the network.
func (d *dialer) upgradeEnded(err error) {
	if err == nil {
		d.learned.forget()
	}
}

func (d *dialer) webSocketFirst(t *dialing) (*session, error) {
	s, err := d.webSocket(t, true)
	if err == nil || !blocked(err, t.stood.Load()) || t.ctx.Err() != nil {
		return s, err
	}
	d.config.Logger.Debug("transport: no WebSocket, trying polling", "host", d.config.URL.Host, "error", err)
	s, second := d.polling(t)
	if second != nil {
		return nil, better(err, second)
	}
	d.learned.pollingWorks()
	return s, nil
}

// codeTransportUnknown and codeBadRequest are the codes with which Engine.IO answers the handshake
// of a transport that it does not have, and one for a WebSocket whose Upgrade header did not
// arrive. The other codes come from a server to which a WebSocket would get through.
const (
	codeTransportUnknown = 0
	codeBadRequest       = 3
)

// blocked reports whether the failure of a WebSocket is one that polling may not have: the handshake
// was answered by something that is no WebSocket, or the connection stood and then timed out or
// broke before the first packet. stood reports whether a connection stood, with TLS. A refusal by the service, a request to come back later, and a
// server that can't be reached are none. Once a session was asked for by Resume it must not be
// asked for again, whoever failed.
func blocked(err error, stood bool) bool {
	var e *HandshakeError
	if !errors.As(err, &e) || e.Status == 0 && !stood || e.Resuming || e.Final() || errors.Is(err, ErrRedirect) || errors.Is(err, ErrMaxPayload) {
		return false
	}
	switch {
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusServiceUnavailable:
		return false
	case e.Code >= 0:
		return e.Code == codeTransportUnknown || e.Code == codeBadRequest
	case e.Step == "upgrade":
		return true
	case e.Step == "open":
		// The first frame did not come, or the connection was cut right after the upgrade. A close
		// frame or another packet comes from a server.
		var lost *LostError
		return errors.As(err, &lost) || errors.Is(err, context.DeadlineExceeded)
	}
	return false
}

// better returns the error that says more of why neither transport works: that of polling if the
// service itself spoke there, else that of the WebSocket, which was wanted first.
func better(webSocket, polling error) error {
	e, ok := errors.AsType[*HandshakeError](polling)
	if !ok || e.Final() || e.RetryAfter > 0 || e.Code >= 0 || e.Resuming || e.Step == "connect" {
		return polling
	}
	return webSocket
}

// standing returns a function to be called when a connection stands. From then on it has d to
// become a session, or end is called, unless stop is called before.
func (t *dialing) standing(d time.Duration, end context.CancelCauseFunc) (stood, stop func()) {
	var (
		mu      sync.Mutex
		timer   *time.Timer
		stopped bool
	)
	stood = func() {
		t.stood.Store(true)
		mu.Lock()
		defer mu.Unlock()
		if timer == nil && !stopped {
			timer = time.AfterFunc(d, func() { end(context.DeadlineExceeded) })
		}
	}
	stop = func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		if timer != nil {
			timer.Stop()
		}
	}
	return stood, stop
}
