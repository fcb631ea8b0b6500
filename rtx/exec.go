package rtx

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// The machine decides, under the client's lock. This file executes its decisions, without the lock.
//
// An Action of the machine becomes an effect while the lock is still held. Its targets are looked
// up, the tables that follow the machine (which stream is on which channel, what is shown of the
// connection) are updated, and losses are put on the streams. Then the lock is released and all
// effects are executed in order. None of them blocks: packets are only collected, and the
// connection's goroutine writes them.

// An effect is an Action together with its targets.
type effect struct {
	op      core.Op
	streams []departure // EvictHolders, Stale
	facts   []factFor   // EvictHolders, Stale, Kept
	err     error
	cancel  context.CancelCauseFunc // CancelDial, EndSession
	end     *ending                 // Show: Closed, Failed
	goal    *goal                   // Reached
	channel string                  // what is logged
	after   time.Duration
	state   *core.State // Show
	left    *authority  // Forget: the authorizer of no channel any more
}

// effects are the effects of one input. They are pooled, because every answer of the service makes
// some.
type effects []effect

var buffers = sync.Pool{New: func() any { return new(effects) }}

// add appends the effect of an Action and returns it. The pointer is valid until the next add.
func (e *effects) add(a *core.Action) *effect {
	*e = append(*e, effect{})
	last := &(*e)[len(*e)-1]
	last.op, last.err, last.after = a.Op, a.Err, a.After
	return last
}

// drop removes the last effect.
func (e *effects) drop() {
	last := len(*e) - 1
	(*e)[last] = effect{}
	*e = (*e)[:last]
}

// release puts the buffer back into the pool. Its size is not limited, because the pool frees
// unused buffers.
func (e *effects) release() {
	clear(*e)
	*e = (*e)[:0]
	buffers.Put(e)
}

func now() time.Time { return time.Now() }

// do gives the machine one input and executes what it decides.
func (c *Client) do(input func(m *core.Machine, now time.Time)) {
	c.mu.Lock()
	input(c.machine, now())
	c.decideAndUnlock()
}

// decideAndUnlock takes the machine's decisions, releases c.mu, and executes them.
func (c *Client) decideAndUnlock() {
	decided, wake := c.decideLocked()
	c.mu.Unlock()
	c.carry(decided)
	if wake {
		c.wake()
	}
}

// wake makes the connection's goroutine look for work. Several calls may count as one. It never
// blocks.
func (c *Client) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// decideLocked turns the machine's Actions into effects for carry. It also reports whether the
// connection's goroutine has to look for work.
func (c *Client) decideLocked() (decided *effects, wake bool) {
	acts := c.machine.Actions()
	if len(acts) > 0 {
		decided = buffers.Get().(*effects)
	}
	for len(acts) > 0 {
		for i := range acts {
			a := &acts[i]
			switch a.Op {
			case core.Subscribe, core.Unsubscribe, core.WritePing:
				if c.enqueueLocked(a) {
					decided.add(a).channel = a.Channel.Name // for the log
				}
			default:
				if !c.resolveLocked(a, decided.add(a)) {
					decided.drop()
				}
			}
			wake = wake || a.Op == core.Show || a.Op == core.Dial
		}
		acts = c.machine.Actions() // for packets that were too large
	}
	return decided, wake || c.machine.Pending() || c.soonerLocked()
}

// soonerLocked reports whether something is due before the connection's goroutine looks again.
func (c *Client) soonerLocked() bool {
	due := c.machine.Due()
	return !due.IsZero() && (c.looks.IsZero() || due.Before(c.looks))
}

// enqueueLocked adds a packet to those that the connection's goroutine writes next, and reports
// whether to log it. The actions come from the machine's Poll and Renew.
func (c *Client) enqueueLocked(a *core.Action) bool {
	if a.Op == core.WritePing {
		c.frames = append(c.frames, pingPacket)
		return false
	}
	s := c.ofLocked(a.Channel)
	if a.Op == core.Unsubscribe {
		c.frames = append(c.frames, unsubscribePacket(s.Name))
		return true
	}
	packet := subscribePacket(s.Name, s.grant())
	if err := tooLarge(packet, c.session.Info()); err != nil {
		c.machine.Fail(a.Channel, &SubscribeError{Channel: s.Name, Err: err})
		return false
	}
	if g := s.grant(); g.Auth != "" {
		c.hide = append(c.hide, g.Auth, g.ChannelData)
	}
	s.forms.asked()
	c.trace.asksLocked(a.Channel)
	c.frames = append(c.frames, packet)
	return true
}

// resolveLocked looks up the targets of an Action for its effect, and updates the tables. It
// reports whether anything is left to execute.
func (c *Client) resolveLocked(a *core.Action, e *effect) bool {
	var s *subscription
	if a.Channel != nil {
		s = c.ofLocked(a.Channel)
		e.channel = s.Name
	}
	switch a.Op {
	case core.Dial:
		c.startLocked(a.Resume)
		return false
	case core.CancelDial:
		e.cancel = c.attempt.cancel
	case core.EndSession:
		e.cancel = c.sessionEnd
	case core.Show:
		if a.State.Conn == core.Established {
			c.trace.establishedLocked(a.State.Recovered)
		}
		e.end, e.state = c.showLocked(a.State), a.State
	case core.Reached:
		c.goal.err = a.Err
		e.goal, c.goal = c.goal, nil
	case core.Authorize:
		c.askLocked(s, a.Ticket)
		return false
	case core.Confirmed:
		c.trace.confirmedLocked(a.Channel)
		s.failedLocked(nil)
		if s != c.telling { // else it is ready only once that was delivered
			s.notifyLocked()
		}
	case core.Changed:
		s.notifyLocked()
		return false
	case core.TellLoss:
		c.missedLocked(s, a.Loss)
		return false
	case core.EvictHolders:
		e.err = subscribeError(s.Name, a.Err)
		if e.err != ErrUnsubscribed { //nolint:errorlint // it is set here, unwrapped
			c.trace.failedLocked(a.Channel, e.err, false, 0)
		}
		var o observe.Observer
		e.streams, o = c.evictedLocked(s, e.err, a.Joined, a.Loss)
		if o != nil {
			e.facts = []factFor{{o, observe.Fact{Kind: observe.Ended, Err: e.err}}}
		}
		s.notifyLocked()
	case core.Stale:
		c.staleLocked(s, e)
	case core.Kept:
		s.notifyLocked() // it is live again
		if o, ok := c.rooms[s]; ok {
			e.facts = []factFor{{o.Observer, observe.Fact{Kind: observe.Kept}}}
		}
	case core.Retrying:
		e.err = subscribeError(s.Name, a.Err)
		s.failedLocked(e.err)
		c.trace.failedLocked(a.Channel, e.err, true, a.After)
	case core.Ponged:
		if w := c.pings[a.Ping]; w != nil {
			w <- a.After
			delete(c.pings, a.Ping)
		}
		return false
	case core.Forget:
		s.gone = true
		c.trace.forgottenLocked(a.Channel)
		delete(c.subs, s.Name)
		c.held.Add(-1)
		s.notifyLocked()
		e.left = c.enterLocked(s, nil)
		return e.left != nil
	}
	return true
}

// subscribeError returns the error that the holders of a channel get, and those that wait for it,
// when a subscription failed.
func subscribeError(channel string, err error) error {
	var refused *SubscribeError
	switch {
	// As comes first, because Is may call methods of an error of the user's own inside a refusal.
	case errors.As(err, &refused), errors.Is(err, ErrUnsubscribed):
		return err
	case errors.Is(err, core.ErrSubscribeTimeout):
		err = ErrSubscribeTimeout
	}
	return &SubscribeError{Channel: channel, Err: err}
}

// staleLocked notes that the service's subscription of s is lost. If s is nil, that is so for every
// channel.
func (c *Client) staleLocked(s *subscription, e *effect) {
	stale := func(s *subscription) {
		s.notifyLocked()
		if o, ok := c.rooms[s]; ok {
			e.facts = append(e.facts, factFor{o.Observer, observe.Fact{Kind: observe.Stale}})
		}
	}
	if s != nil {
		stale(s)
		return
	}
	for ch := range c.machine.Channels() {
		s := c.ofLocked(ch)
		s.forms = forms{}
		stale(s)
	}
}

// carry calls the hooks of what was decided, and executes effects in order. decided may be nil.
func (c *Client) carry(decided *effects) {
	c.trace.drain()
	if decided == nil {
		return
	}
	defer decided.release()
	for i := range *decided {
		e := &(*decided)[i]
		if e.refusal() {
			c.stats.refused.Add(1)
		}
		if c.cfg.log.Enabled(context.Background(), e.level()) { //nolint:forbidigo // only the level is asked for
			c.logEffect(e) // before tell, so that the line is there when a stream ends
		}
		if e.cancel != nil {
			e.cancel(transportCause(e.err))
		}
		if e.streams != nil || e.facts != nil {
			e.tell()
		}
		if e.end != nil {
			c.over(e.end)
		}
		if e.goal != nil {
			close(e.goal.reached)
		}
		if e.left != nil {
			e.left.closeIdleConnections()
		}
	}
}

// tell tells the streams and observers that the effect concerns.
func (e *effect) tell() {
	for _, d := range e.streams {
		d.tell()
	}
	for _, f := range e.facts {
		f.o.Take(f.f)
	}
}

// level returns the level of the effect's log line.
func (e *effect) level() slog.Level {
	switch e.op {
	case core.Show:
		return slog.LevelInfo
	case core.Retrying, core.EvictHolders:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// refusal reports whether a subscription failed. It did not if somebody unsubscribed the channel, or
// if only its signature has to be made anew.
func (e *effect) refusal() bool {
	switch e.op {
	case core.Retrying:
		return e.after > 0 || errors.Is(e.err, ErrSubscribeTimeout)
	case core.EvictHolders:
		return !errors.Is(e.err, ErrUnsubscribed)
	}
	return false
}

// logEffect logs the effects that are worth a line.
func (c *Client) logEffect(e *effect) {
	switch e.op {
	case core.Show:
		c.logState(e.state)
	case core.Subscribe:
		c.cfg.log.Debug("rtx: subscribing", "channel", e.channel)
	case core.Unsubscribe:
		c.cfg.log.Debug("rtx: leaving a channel", "channel", e.channel)
	case core.Confirmed:
		c.cfg.log.Debug("rtx: subscribed", "channel", e.channel)
	case core.Retrying:
		if e.refusal() {
			c.cfg.log.Warn("rtx: subscription is not confirmed, trying again",
				"channel", e.channel, "in", e.after, slog.Any("error", e.err))
		}
	case core.EvictHolders:
		if e.refusal() {
			c.cfg.log.Warn("rtx: subscription failed", "channel", e.channel, slog.Any("error", e.err))
		}
	}
}

func (c *Client) logState(s *core.State) {
	switch s.Conn {
	case core.Established:
		c.cfg.log.Info("rtx: connected", "recovered", s.Recovered)
	case core.Waiting:
		c.cfg.log.Info("rtx: trying to connect again", "attempt", s.Attempt, "delay", s.Delay, "error", s.Err)
	}
}

// transportCause turns the machine's reason for ending a session or an attempt into the transport's
// error.
func transportCause(err error) error {
	var dead *core.DeadLinkError
	switch {
	case errors.Is(err, core.ErrClosed):
		return transport.ErrClosed
	case errors.Is(err, core.ErrReconnect):
		return transport.ErrReconnect
	case errors.As(err, &dead):
		return &transport.DeadLinkError{Silence: dead.Silence, Slept: dead.Slept}
	}
	return err
}
