package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// NewDialer returns a Dialer that connects as c says. It only checks c and does no I/O. An invalid
// field is a [*ConfigError]. Several goroutines, and several clients, may use the Dialer at the
// same time. It needs no closing.
func NewDialer(c Config) (Dialer, error) {
	c, err := c.validate()
	if err != nil {
		return nil, err
	}
	return &dialer{
		config: c, target: c.target(), client: dialClient(c.HTTPClient, c.URL), hidden: c.secrets(), jar: newStickyJar(),
	}, nil
}

type dialer struct {
	config  Config
	target  string // the URL of the WebSocket, with the key
	client  *http.Client
	hidden  redact.Secrets
	jar     http.CookieJar // of the sessions over polling
	learned learned
}

// Format hides the target.
func (d *dialer) Format(f fmt.State, verb rune) { d.config.Format(f, verb) }

func (d *dialer) Dial(ctx context.Context, r Resume) (Session, error) {
	d.config.Logger.Debug("transport: dialing", "host", d.config.URL.Host, "resume", !r.IsZero())

	s, err := d.dial(ctx, r)
	if err != nil {
		d.config.Logger.Debug("transport: dial failed", "host", d.config.URL.Host, "error", err)
		return nil, err
	}
	return s, nil
}

// A dialing is one call of Dial, which may try two transports.
type dialing struct {
	ctx      context.Context // ends with the time limit
	end      context.CancelCauseFunc
	patience *patience
	resume   Resume
	until    time.Time
	stood    atomic.Bool // a connection for a WebSocket stood, with TLS
}

func (d *dialer) dial(ctx context.Context, r Resume) (*session, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	t := &dialing{
		ctx: ctx, end: end, patience: newPatience(d.config.HandshakeTimeout, end), resume: r,
		until: time.Now().Add(d.config.HandshakeTimeout),
	}
	defer t.patience.stop()
	return d.choose(t)
}

// webSocket makes a session over a WebSocket. If short is set, a connection that stands but does
// not become a session is given up early, so that there is time for another transport.
func (d *dialer) webSocket(t *dialing, short bool) (*session, error) {
	ctx, end := context.WithCancelCause(t.ctx)
	defer end(nil)
	a := &attempt{ctx: ctx, until: t.until}
	var asked func()
	if short {
		var stop func()
		a.stood, stop = t.standing(min(standTime, d.config.HandshakeTimeout/2), end)
		defer stop()
		asked = stop
	}
	conn, err := d.upgrade(a, d.target, d.client)
	if err != nil {
		return nil, err
	}
	s := newSession(conn, a.link, d.config, d.hidden)
	return d.handshake(ctx, t, s, WebSocket, asked, a.keep)
}

// polling makes a session over polling. If it fails where connections turn out not to be reusable, it
// is tried once more with a connection for each request: nothing has been asked for yet.
func (d *dialer) polling(t *dialing) (*session, error) {
	knew := d.learned.freshness.wanted()
	s, err := d.pollingOnce(t)
	if e, ok := errors.AsType[*HandshakeError](err); ok && !knew && d.learned.freshness.wanted() && !e.Resuming && e.Status == 0 && t.ctx.Err() == nil {
		return d.pollingOnce(t)
	}
	return s, err
}

func (d *dialer) pollingOnce(t *dialing) (*session, error) {
	return d.handshake(t.ctx, t, d.newPolling(), Polling, nil, func() bool { return true })
}

// handshake does the Engine.IO and Socket.IO handshakes. If they fail, nothing of the session is
// left.
func (d *dialer) handshake(ctx context.Context, t *dialing, s *session, kind Kind, asked func(), keep func() bool) (*session, error) {
	stop := context.AfterFunc(ctx, func() { _ = s.link.Close() })
	resuming := false
	step, err := s.handshake(t.resume, func() {
		resuming = true
		if asked != nil {
			asked()
		}
		t.patience.resume(s.link)
	})
	if inTime := stop(); !inTime || !keep() {
		// The link was cut, or is about to be: whatever err says comes of that.
		err = context.Cause(ctx)
	}
	if err == nil {
		return s, nil
	}
	s.Close(err)
	if _, refused := err.(*ConnectError); refused { //nolint:errorlint // it is made here, unwrapped
		return nil, err
	}
	e := &HandshakeError{Transport: kind, Step: step, Code: -1, Err: err, Resuming: resuming}
	var answered *StatusError
	if errors.As(err, &answered) {
		e.Status, e.Code, e.Message, e.RetryAfter = answered.Status, answered.Code, answered.Message, answered.RetryAfter
		e.Err = nil
		if errors.Is(answered, ErrSessionUnknown) {
			e.Err = ErrSessionUnknown
		}
	}
	var lost *LostError
	if kind == Polling && answered == nil && errors.As(err, &lost) {
		e.Err = lost.Err
		if !s.poll.stood.Load() && !errors.Is(err, ErrRedirect) {
			e.Step = "dial"
		}
	}
	return nil, e
}
