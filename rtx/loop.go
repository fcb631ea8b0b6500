package rtx

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// This file is the connection's goroutine. It makes the attempts that the machine asks for, keeps
// the session, writes what is due, and reports to the machine. It makes no decisions. It exists
// while the machine wants a connection.

// startLocked requests an attempt. It starts the goroutine if there is none.
func (c *Client) startLocked(resume bool) {
	ctx, cancel := context.WithCancelCause(c.ctx)
	c.attempt = &attempt{
		ctx: ctx, cancel: cancel, resume: resume, over: make(chan struct{}), number: c.machine.State(now()).Attempt,
	}
	c.due = c.attempt
	if c.running == nil {
		c.running = make(chan struct{})
		go c.connection(c.running)
	}
}

// connection is the main function of the goroutine.
func (c *Client) connection(running chan struct{}) {
	defer close(running)
	for {
		a, next, wanted := c.step()
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

// step does what is due while there is no session. It returns the attempt to make, the time at
// which to look again, and whether a connection is wanted at all.
func (c *Client) step() (a *attempt, next time.Time, wanted bool) {
	c.mu.Lock()
	next = c.machine.Poll(now(), core.Signs{})
	c.looks = next
	decided, _ := c.decideLocked()
	a, c.due = c.due, nil
	wanted = c.machine.Conn() == core.Waiting
	if a == nil && !wanted {
		c.running = nil
	}
	c.mu.Unlock()
	c.carry(decided)
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

// dial makes an attempt. If it succeeds, dial returns when the session has ended.
func (c *Client) dial(a *attempt) {
	defer func() { a.cancel(nil) }()
	resume := c.recovery.resume(a.resume)
	c.trace.dials(a.number, !resume.IsZero(), c.recoveryWithout(a, resume))
	sess, err := c.dialer.Dial(a.ctx, resume)
	if err != nil {
		f := c.cfg.dialFailure(err, !resume.IsZero())
		c.trace.dialFailed(stepOf(f.Err), f.Err)
		c.do(func(m *core.Machine, now time.Time) { m.DialFailed(now, f) })
		return
	}
	c.up(sess, a)
	c.down(sess, c.serve(a, sess))
}

// recoveryWithout returns the Recovery of an attempt whose session turns out to be a new one.
func (c *Client) recoveryWithout(a *attempt, resume transport.Resume) Recovery {
	switch {
	case !resume.IsZero():
		return RecoveryRefused
	case !c.reader.recoverable || a.resume: // no recovery id or no offset in the session before, if there was one
		return RecoveryNone
	}
	return RecoverySkipped
}

// up registers a new session. Its socket id is not known yet: it comes with connection_established,
// or after a short grace from the answer to CONNECT.
func (c *Client) up(sess transport.Session, a *attempt) {
	info := sess.Info()
	c.mu.Lock()
	a.cancel(nil)
	// A new context, not the attempt's: a caller of Connect that gave up came too late to end this
	// session, and another one may want it.
	a.ctx, a.cancel = context.WithCancelCause(context.Background()) //nolint:forbidigo // the session has its own: see above
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
	if c.machine.Session().Recovered {
		c.lapses.restored()
	} else {
		missed = c.lapses.take("", func(*binding) bool { return false })
	}
	c.decideAndUnlock()
	for _, d := range missed {
		d.tell()
	}
}

// down reports the end of a session to the machine. The session's reader has ended before.
func (c *Client) down(sess transport.Session, cause error) {
	end := c.cfg.sessionEnd(sess, cause)
	c.mu.Lock()
	if name := culprit(cause); name != "" {
		end.Culprit = core.NewChannel(name, false) // if nothing holds it, nobody is affected
		if s := c.subs[name]; s != nil {
			end.Culprit = &s.Channel
		}
	}
	c.session = nil
	c.broker.clearLocked()
	c.pingsLostLocked()
	c.acks, c.frames, c.hide = nil, nil, nil
	if !end.KeepsSession {
		c.recovery.forget()
	}
	c.lapses.lost(end.LastHeard, c.machine.Missing(end.LastHeard), end.PeerKnows)
	c.machine.Ended(now(), end)
	c.trace.endedLocked(end.Err)
	c.decideAndUnlock()
}

// serve runs the session. The reader has its own goroutine; the rest happens here. The session ends
// when either of them fails, or when the attempt's context ends. One AfterFunc closes the session
// then, which ends a read or a write in progress. When serve returns, the session is closed, and
// the reader has ended with what it left to other goroutines.
func (c *Client) serve(a *attempt, sess transport.Session) (cause error) {
	var reader errgroup.Group
	closed := make(chan struct{})
	context.AfterFunc(a.ctx, func() {
		defer close(closed)
		sess.Close(context.Cause(a.ctx))
	})
	c.reader.apart = newApart(a.ctx, a.cancel, &reader)
	reader.Go(func() error {
		err := c.read(a.ctx, sess)
		a.cancel(err)
		return err
	})
	a.cancel(c.watch(a.ctx, sess))
	<-closed
	_ = reader.Wait() // if its error came first, it is the context's cause
	return context.Cause(a.ctx)
}

// read is the reader. It does not deliver what arrives while the session is ending, because the
// machine assumes that everything received was delivered before it learns of the end.
func (c *Client) read(ctx context.Context, sess transport.Session) error {
	defer c.reader.rouse()
	for {
		p, err := sess.Recv()
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.reader.more = p.More && !p.HasID // an event is delivered before it is acknowledged
		c.reader.kept = p.Kept && p.Type == transport.PacketEvent
		if err := c.take(sess, p); err != nil {
			return &transport.ProtocolError{Err: err}
		}
		if c.reader.held++; !p.More || c.reader.held >= maxHeld {
			c.reader.rouse()
		}
	}
}

// maxHeld is how many packets are delivered at most before the readers of the streams are woken.
const maxHeld = 64

// rouse wakes the readers of the streams that have got something. It is called before the reader
// waits.
func (r *reader) rouse() {
	for _, q := range r.later {
		q.Rouse()
	}
	clear(r.later)
	r.later, r.held = r.later[:0], 0
}

// watch writes pongs and what is due, until the session ends. It uses one timer for everything.
func (c *Client) watch(ctx context.Context, sess transport.Session) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		// A pong is written before anything else, so that the order on the wire is deterministic.
		select {
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

// look does what is due on the session, and returns how long nothing else will be. It is separate
// from watch so that the stack of an idle client stays small.
func (c *Client) look(sess transport.Session) (wait time.Duration, err error) {
	signs := core.Signs{Silence: sess.Silence(), WallSilence: c.wall().Sub(sess.ReceivedAt())}
	c.mu.Lock()
	next := c.machine.Poll(now(), signs)
	c.looks = next
	decided, _ := c.decideLocked()
	if c.machine.Unsettled() {
		next = now()
	}
	frames, hide := c.frames, c.hide
	c.frames, c.hide = nil, nil
	for _, id := range c.acks {
		frames = append(frames, ackPacket(id))
	}
	c.acks = nil
	c.mu.Unlock()
	c.carry(decided)
	if len(hide) > 0 {
		sess.Hide(hide...) // before the service can quote it
	}
	if len(frames) > 0 {
		if err := sess.Send(context.Background(), frames...); err != nil { //nolint:forbidigo // sending ends with the session
			return 0, err
		}
	}
	return time.Until(next), nil
}
