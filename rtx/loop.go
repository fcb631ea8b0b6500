package rtx

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// The connection's goroutine. It makes the attempts that the machine asks for, keeps the session that comes of one, writes
// what is due, and reports. It decides nothing. It exists while the machine wants a connection.

// An attempt is one that the machine asked for.
type attempt struct {
	ctx    context.Context // ends the attempt; then, another one, the session that comes of it
	cancel context.CancelCauseFunc
	resume bool
	over   chan struct{} // closed when it has failed, or its session has ended
}

// startLocked has an attempt made, by a new goroutine if there is none.
func (c *Client) startLocked(resume bool) {
	ctx, cancel := context.WithCancelCause(c.ctx)
	c.attempt = &attempt{ctx: ctx, cancel: cancel, resume: resume, over: make(chan struct{})}
	c.due = c.attempt
	if c.running == nil {
		c.running = make(chan struct{})
		go c.connection(c.running)
	}
}

// connection is the goroutine.
func (c *Client) connection(running chan struct{}) {
	defer close(running)
	for {
		a, next, wanted := c.turn()
		switch {
		case a != nil:
			c.dial(a)
			close(a.over)
		case wanted:
			c.rest(next)
		default:
			return
		}
	}
}

// turn does what is due without a session, and returns the attempt that is to be made, when to look again, and whether a
// connection is wanted at all.
func (c *Client) turn() (a *attempt, next time.Time, wanted bool) {
	c.mu.Lock()
	next = c.machine.Poll(now(), core.Signs{})
	c.looks = next
	effects, _ := c.decideLocked()
	a, c.due = c.due, nil
	wanted = c.machine.Conn() == core.Waiting
	if a == nil && !wanted {
		c.running = nil
	}
	c.mu.Unlock()
	c.carry(effects)
	return a, next, wanted
}

// rest waits until next, or until something has changed.
func (c *Client) rest(next time.Time) {
	t := time.NewTimer(time.Until(next))
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.woken:
	}
}

// dial makes the attempt, and keeps the session that comes of it until it has ended.
func (c *Client) dial(a *attempt) {
	defer func() { a.cancel(nil) }()
	resume := c.recovery.resume(a.resume)
	sess, err := c.dialer.Dial(a.ctx, resume)
	if err != nil {
		f := c.cfg.dialFailure(err, !resume.IsZero())
		c.do(func(m *core.Machine, now time.Time) { m.DialFailed(now, f) })
		return
	}
	c.up(sess, a)
	c.down(sess, c.serve(a, sess))
}

// up takes a session that the service has answered. Its socket id is not settled yet: connection_established names it, or,
// after a short grace, the CONNECT answer does.
func (c *Client) up(sess transport.Session, a *attempt) {
	info := sess.Info()
	c.mu.Lock()
	a.cancel(nil)
	// Not that of the attempt: who gave it up came too late to end this, and somebody else may want it.
	a.ctx, a.cancel = context.WithCancelCause(context.Background())
	c.session, c.sessionCtx, c.sessionEnd = sess, a.ctx, a.cancel
	c.recovery.up(info)
	c.reader.recoverable = info.PID != ""
	if c.machine.Conn() == core.Closed {
		a.cancel(transport.ErrClosed)
	}
	c.machine.Dialed(now(), core.Session{
		SocketID: info.SocketID, Recoverable: info.PID != "", Recovered: info.Recovered,
		PingInterval: info.PingInterval, PingTimeout: info.PingTimeout,
	})
	var missed []departure
	switch {
	case !c.machine.Session().Recovered:
		missed = c.lapses.take("")
	case !c.lapses.silent:
		c.lapses.settled()
	}
	c.decideAndUnlock()
	for _, d := range missed {
		d.tell()
	}
}

// down reports the end of a session. Its reader is gone.
func (c *Client) down(sess transport.Session, cause error) {
	end := c.cfg.sessionEnd(sess, cause)
	c.mu.Lock()
	if name := culprit(cause); name != "" {
		end.Culprit = core.NewChannel(name, false) // one that nothing holds costs nobody
		if s := c.subs[name]; s != nil {
			end.Culprit = &s.Channel
		}
	}
	c.session = nil
	c.broker.clear()
	c.pingsLost()
	c.acks, c.frames, c.hide = nil, nil, nil
	if !end.KeepsSession {
		c.recovery.forget()
	}
	c.lapses.lost(end.LastHeard, end.PeerKnows)
	c.machine.Ended(now(), end)
	c.decideAndUnlock()
}

// serve runs the session: the reader on a goroutine of its own, everything else here. The first of them to fail, or the
// attempt's end, ends both; the one AfterFunc closes the session, which is what ends a read or a write in progress. When
// serve returns, the session is closed and the reader is gone.
func (c *Client) serve(a *attempt, sess transport.Session) (cause error) {
	var reader errgroup.Group
	closed := make(chan struct{})
	context.AfterFunc(a.ctx, func() {
		defer close(closed)
		sess.Close(context.Cause(a.ctx))
	})
	reader.Go(func() error {
		err := c.read(a.ctx, sess)
		a.cancel(err)
		return err
	})
	a.cancel(c.watch(a.ctx, sess))
	<-closed
	_ = reader.Wait() // its error, if it came first, is the cause
	return context.Cause(a.ctx)
}

// read is the reader. What still arrives when the session is ending is not delivered: the machine is told of the end soon,
// and must find that what came before it was all.
func (c *Client) read(ctx context.Context, sess transport.Session) error {
	for {
		p, err := sess.Recv()
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := c.take(sess, p); err != nil {
			return &transport.ProtocolError{Err: err}
		}
	}
}

// watch writes pongs and what is due, until the session ends. One timer serves all of it.
func (c *Client) watch(ctx context.Context, sess transport.Session) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select { // a pong goes before anything else, so that the order on the wire does not depend on chance
		case <-sess.Pings():
			if err := sess.Pong(); err != nil {
				return err
			}
		default:
		}
		wait, err := c.look(sess)
		if err != nil {
			return err
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-sess.Pings():
			if err := sess.Pong(); err != nil {
				return err
			}
		case <-c.woken:
		case <-timer.C:
		}
	}
}

// look does what is due on the session, and returns how long nothing will be. It is apart from watch, which waits most of
// the time, so that the stack of an idle client stays small.
func (c *Client) look(sess transport.Session) (wait time.Duration, err error) {
	signs := core.Signs{Silence: sess.Silence(), WallSilence: c.wall().Sub(sess.ReceivedAt())}
	c.mu.Lock()
	next := c.machine.Poll(now(), signs)
	c.looks = next
	effects, _ := c.decideLocked()
	frames, hide := c.frames, c.hide
	c.frames, c.hide = nil, nil
	for _, id := range c.acks {
		frames = append(frames, ackPacket(id))
	}
	c.acks = nil
	c.mu.Unlock()
	c.carry(effects)
	if len(hide) > 0 {
		sess.Hide(hide...) // before the service can quote it
	}
	if len(frames) > 0 {
		if err := sess.Send(context.Background(), frames...); err != nil {
			return 0, err
		}
	}
	return time.Until(next), nil
}
