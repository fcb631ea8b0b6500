package transport

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// upgradeTime limits an upgrade. The reference server gives one up after that time.
const upgradeTime = 10 * time.Second

// upgrading is the upgrade of a session from polling to a WebSocket, which has a goroutine while it
// is under way. Nothing is lost or sent twice across it, because nothing is on its way while it
// happens:
//
//  1. The WebSocket is opened with the session's id, beside the polls. The probe shows that frames
//     get through: 2probe, answered by 3probe. If anything fails up to here, polling goes on.
//  2. The reader is asked to pause. The GET that is open ends, at the latest with the noop that the
//     server sends to it. Its packets are read, and no other GET is made.
//  3. The upgrade becomes the only sender: the POST in flight is answered, and no other is made.
//  4. The upgrade packet (5) is written. From then on the server sends on the WebSocket only, and so
//     does the session.
type upgrading struct {
	ctx    context.Context
	cancel context.CancelFunc
	over   chan struct{} // closed when the goroutine has ended; nil if there is none

	mu    sync.Mutex
	pause *pollPause // nil while the reader need not pause
}

// pollPause is where the reader waits.
type pollPause struct {
	reached chan struct{} // closed by the reader, once
	once    sync.Once
	ended   chan struct{} // closed by the upgrade
}

func (u *upgrading) begin() { u.ctx, u.cancel = context.WithTimeout(context.Background(), upgradeTime) } //nolint:forbidigo // it outlives the call that began it

// stop ends the upgrade, if one is under way, and waits for its goroutine.
func (u *upgrading) stop() {
	u.cancel()
	if u.over != nil {
		<-u.over
	}
}

// startUpgrade begins an upgrade. It is called once, before anybody but Dial has the session.
func (p *polling) startUpgrade(d *dialer) {
	u := &p.upgrading
	u.cancel()
	u.begin() // the time of the handshake does not count
	u.over = make(chan struct{})
	go func() {
		defer close(u.over)
		defer u.cancel()
		err := p.upgrade(d)
		p.resume()
		d.upgradeEnded(err)
		if err != nil {
			d.config.Logger.Debug("transport: upgrade failed, polling goes on", "host", d.config.URL.Host, "error", err)
			return
		}
		d.config.Logger.Debug("transport: upgraded to WebSocket", "host", d.config.URL.Host)
	}()
}

func (p *polling) upgrade(d *dialer) error {
	ctx := p.upgrading.ctx
	a := &attempt{ctx: ctx, until: time.Now().Add(upgradeTime)}
	conn, err := d.upgrade(a, p.upgradeTarget(), p.upgradeClient(d))
	if err != nil {
		return err
	}
	w := newSession(conn, a.link, d.config, d.hidden)
	w.secrets = p.s.secrets
	stop := context.AfterFunc(ctx, func() { _ = w.link.Close() })
	err = p.probe(w)
	if err == nil {
		err = p.pauseReader(ctx)
	}
	if err == nil {
		err = p.complete(ctx, w, func() bool { return stop() && a.keep() })
	}
	if err != nil {
		_ = w.link.Close()
		_ = conn.CloseNow()
	}
	return err
}

// upgradeTarget returns the URL of the WebSocket of the session. It must not be shown.
func (p *polling) upgradeTarget() string {
	u := p.url
	q := p.s.config.address(WebSocket)
	query := q.Query()
	query.Set("sid", p.sid)
	u.RawQuery = query.Encode()
	return u.String()
}

// upgradeClient returns the client that opens WebSockets, with the cookies of the session.
func (p *polling) upgradeClient(d *dialer) *http.Client {
	client := *d.client
	client.Jar = p.client.Jar
	return &client
}

// probe finds out whether frames get through, both ways.
func (p *polling) probe(w *session) error {
	if err := w.write([]byte("2probe")); err != nil {
		return err
	}
	frame, binary, err := w.readFrame()
	if err != nil {
		return err
	}
	if binary || string(frame) != "3probe" {
		return &ProtocolError{Fault: "the answer to the probe is not 3probe"}
	}
	return nil
}

// pauseReader returns when the reader has taken everything that came by polling, and makes no other
// GET.
func (p *polling) pauseReader(ctx context.Context) error {
	pause := &pollPause{reached: make(chan struct{}), ended: make(chan struct{})}
	p.upgrading.mu.Lock()
	p.upgrading.pause = pause
	p.upgrading.mu.Unlock()
	select {
	case <-pause.reached:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.s.ending:
		return errUpgradeLate
	}
}

// pauseForUpgrade is called by the reader between two GETs. It reports whether it has waited for
// the end of an upgrade.
func (p *polling) pauseForUpgrade() bool {
	p.upgrading.mu.Lock()
	pause := p.upgrading.pause
	p.upgrading.mu.Unlock()
	if pause == nil {
		return false
	}
	pause.once.Do(func() { close(pause.reached) })
	<-pause.ended
	return true
}

// resume lets the reader go on.
func (p *polling) resume() {
	p.upgrading.mu.Lock()
	defer p.upgrading.mu.Unlock()
	if pause := p.upgrading.pause; pause != nil {
		close(pause.ended)
		p.upgrading.pause = nil
	}
}

// complete makes the WebSocket carry the session. keep reports whether it is still in time.
func (p *polling) complete(ctx context.Context, w *session, keep func() bool) error {
	s := p.s
	select {
	case s.sending <- struct{}{}:
		defer s.unlock()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.ending:
		return errUpgradeLate
	}
	if s.cause.Load() != nil || !keep() {
		return errUpgradeLate
	}
	err := w.write([]byte{byte('5')})
	if err != nil { // nobody knows whether the server has it
		_ = s.fail(err)
		p.cut()
		return err
	}
	p.up.Store(w)
	p.client.CloseIdleConnections()
	return nil
}

var errUpgradeLate = errors.New("the session ended before its upgrade")
