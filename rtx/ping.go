package rtx

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// pings are the application-level pings under way. Pongs carry nothing that tells whose they are, so they are matched in
// order. Its fields belong to the client's lock.
type pings struct {
	waiting  []chan struct{} // closed when answered
	answered bool            // this service has answered one, ever

	probeAt  time.Time // when to probe next; zero: not on this session
	deadline time.Time // when the probe under way counts as unanswered; zero: none is
}

const maxPings = 64

var errPings = errors.New("rtx: the service does not answer pings")

var pingPacket = eventPacket(evPing, struct{}{})

// reset begins a session; fail ends one.
func (p *pings) reset() { p.waiting, p.probeAt, p.deadline = nil, time.Time{}, time.Time{} }
func (p *pings) fail()  { p.reset() }

// Ping sends realtimex:ping and returns how long the answer took. It needs a connection: [ErrNotConnected] if there is
// none, or if it is lost meanwhile. The service need not answer, so give ctx a deadline.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	c.mu.Lock()
	sess, over := c.session, c.sessionCtx
	switch {
	case c.ended:
		defer c.mu.Unlock()
		return 0, c.endErr()
	case sess == nil || c.state.State != Connected:
		c.mu.Unlock()
		return 0, ErrNotConnected
	case len(c.pings.waiting) >= maxPings:
		c.mu.Unlock()
		return 0, errPings
	}
	done := make(chan struct{})
	c.pings.waiting = append(c.pings.waiting, done)
	c.mu.Unlock()
	start := time.Now()
	if err := sess.Send(ctx, pingPacket); err != nil {
		return 0, sendError(ctx, err)
	}
	select {
	case <-done:
		return time.Since(start), nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-over.Done():
		return 0, ErrNotConnected
	}
}

// pong takes an answer, on the reader's goroutine.
func (c *Client) pong() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pings.answered = true
	if info := c.session.Info(); time.Since(c.upAt) >= info.PingInterval+info.PingTimeout {
		c.recovery.doubt = false
	}
	c.pings.deadline = time.Time{}
	if len(c.pings.waiting) > 0 {
		close(c.pings.waiting[0])
		c.pings.waiting = c.pings.waiting[1:]
	}
}

// probe finds the deaf connection: on a service with recovery, a session that came back over a half-open link can lose
// its rooms and its answers while heartbeats go on. So a session that can be recovered is probed: once early, to learn
// whether this service answers pings at all; once ping interval and timeout have passed after a recovery; and now and
// then. An unanswered probe means deaf only if the service has answered one before. The caller holds c.mu and sends the
// packet.
func (c *Client) probe(sess transport.Session, now time.Time) (packet []byte, next time.Time, err error) {
	info := sess.Info()
	p := &c.pings
	if c.state.State != Connected || info.PID == "" {
		return nil, time.Time{}, nil
	}
	period := info.PingInterval + info.PingTimeout
	if p.probeAt.IsZero() {
		p.probeAt = c.upAt.Add(period)
		if !p.answered {
			p.probeAt = now
		}
	}
	if !p.deadline.IsZero() {
		if now.Before(p.deadline) {
			return nil, p.deadline, nil
		}
		if p.answered {
			p.answered = false // to be learned anew, or a service that answers no more would be left again and again
			return nil, time.Time{}, errDeaf
		}
		p.deadline = time.Time{}
	}
	if now.Before(p.probeAt) {
		return nil, p.probeAt, nil
	}
	p.probeAt = now.Add(4 * period)
	p.deadline = now.Add(info.PingTimeout)
	p.waiting = append(p.waiting, make(chan struct{}))
	return pingPacket, p.deadline, nil
}
