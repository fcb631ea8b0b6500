package rtx

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// The machine decides, under the client's lock; this file carries out what it decided, without it.
//
// An Action becomes an effect while the lock is still held: its targets are looked up, and the tables that follow the
// machine (who is on which channel, what is shown of the connection) are brought up to date. Then the lock is released and
// the effects are carried out in order, all of them. None blocks: what is to be written is collected, and written by the
// goroutine that keeps the connection.

// An effect is an Action with what it concerns.
type effect struct {
	op      core.Op
	targets []*attachment // TellLoss
	gap     Gap           // TellLoss
	streams []departure   // Expel, Stale
	facts   []factFor     // Expel, Stale, Kept
	err     error
	cancel  context.CancelCauseFunc // CancelDial, EndSession
	end     *ending                 // Show: Closed, Failed
	goal    *goal                   // Reached
	channel string                  // what is logged
	after   time.Duration
	state   *core.State // Show
}

// A factFor is a fact on its way to an observer.
type factFor struct {
	o observe.Observer
	f observe.Fact
}

func now() time.Time { return time.Now() }

// do gives the machine one input, and carries out what it decides.
func (c *Client) do(input func(m *core.Machine, now time.Time)) {
	c.mu.Lock()
	input(c.machine, now())
	c.decideAndUnlock()
}

// decideAndUnlock takes what the machine has decided, releases c.mu, and carries it out.
func (c *Client) decideAndUnlock() {
	effects, wake := c.decideLocked()
	c.mu.Unlock()
	c.carry(effects)
	if wake {
		c.wake()
	}
}

// wake has the connection's goroutine look. Calls before that count as one. It never blocks.
func (c *Client) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// decideLocked turns the machine's Actions into effects, and says whether the connection's goroutine has to look.
func (c *Client) decideLocked() (effects []effect, wake bool) {
	acts := c.machine.Actions()
	for len(acts) > 0 {
		for i := range acts {
			a := &acts[i]
			switch a.Op {
			case core.Subscribe, core.Unsubscribe, core.WritePing:
				if c.enqueueLocked(a) {
					effects = append(effects, effect{op: a.Op, channel: a.Channel.Name}) // for the log
				}
			default:
				if e, ok := c.resolveLocked(a); ok {
					effects = append(effects, e)
				}
			}
			wake = wake || a.Op == core.Show || a.Op == core.Dial
		}
		acts = c.machine.Actions() // what enqueueLocked could not write
	}
	return effects, wake || c.machine.Pending() || c.soonerLocked()
}

// soonerLocked reports whether something is due before the connection's goroutine looks again.
func (c *Client) soonerLocked() bool {
	due := c.machine.Due()
	return !due.IsZero() && (c.looks.IsZero() || due.Before(c.looks))
}

// enqueueLocked adds a packet to what the connection's goroutine writes next, and reports whether a line of the log is due. It
// is what Poll asks for, and Renew.
func (c *Client) enqueueLocked(a *core.Action) bool {
	if a.Op == core.WritePing {
		c.frames = append(c.frames, pingPacket)
		return false
	}
	s := c.of(a.Channel)
	if a.Op == core.Unsubscribe {
		c.frames = append(c.frames, unsubscribePacket(s.Name))
		return true
	}
	packet := subscribePacket(s.Name, s.grant)
	if err := tooLarge(packet, c.session.Info()); err != nil {
		c.machine.Fail(a.Channel, &SubscribeError{Channel: s.Name, Err: err})
		return false
	}
	if s.grant.Auth != "" {
		c.hide = append(c.hide, s.grant.Auth, s.grant.ChannelData)
	}
	s.forms.asked()
	c.frames = append(c.frames, packet)
	return true
}

// resolveLocked finds what an Action concerns, and brings the tables up to date.
func (c *Client) resolveLocked(a *core.Action) (e effect, ok bool) {
	e = effect{op: a.Op, err: a.Err, after: a.After}
	var s *subscription
	if a.Channel != nil {
		s = c.of(a.Channel)
		e.channel = s.Name
	}
	switch a.Op {
	case core.Dial:
		c.startLocked(a.Resume)
		return e, false
	case core.CancelDial:
		e.cancel = c.attempt.cancel
	case core.EndSession:
		e.cancel = c.sessionEnd
	case core.Show:
		e.end, e.state = c.showLocked(a.State), a.State
	case core.Reached:
		c.goal.err = a.Err
		e.goal, c.goal = c.goal, nil
	case core.Authorize:
		c.askLocked(s, a.Ticket)
		return e, false
	case core.Confirmed:
		s.trouble = nil
		s.notify()
	case core.Changed:
		s.notify()
		return e, false
	case core.TellLoss:
		e.targets, e.gap = c.missed(s, a.Loss.Epoch), reconnected(s.Name, a.Loss.Since)
	case core.Expel:
		e.err = subscribeError(s.Name, a.Err)
		var o observe.Observer
		e.streams, o = c.expelled(s, e.err, a.Joined)
		if o != nil {
			e.facts = []factFor{{o, observe.Fact{Kind: observe.Ended, Err: e.err}}}
		}
		s.notify()
	case core.Stale:
		c.staleLocked(s, &e)
	case core.Kept:
		if s.observer != nil {
			e.facts = []factFor{{s.observer, observe.Fact{Kind: observe.Kept}}}
		}
	case core.Retrying:
		e.err = subscribeError(s.Name, a.Err)
		s.trouble = e.err
	case core.Ponged:
		if w := c.pings[a.Ping]; w != nil {
			w <- a.After
			delete(c.pings, a.Ping)
		}
		return e, false
	case core.Forget:
		s.gone = true
		delete(c.subs, s.Name)
		s.notify()
		return e, false
	}
	return e, true
}

// subscribeError is why a subscription failed: what the holders of the channel get, and those who wait for it.
func subscribeError(channel string, err error) error {
	var refused *SubscribeError
	switch {
	case errors.As(err, &refused), errors.Is(err, ErrUnsubscribed): // in this order: the rest of a refusal may be the user's own code
		return err
	case errors.Is(err, core.ErrSubscribeTimeout):
		err = ErrSubscribeTimeout
	}
	return &SubscribeError{Channel: channel, Err: err}
}

// staleLocked notes that s, every channel if it is nil, is not what the service has for us any more.
func (c *Client) staleLocked(s *subscription, e *effect) {
	stale := func(s *subscription) {
		s.notify()
		if s.observer != nil {
			e.facts = append(e.facts, factFor{s.observer, observe.Fact{Kind: observe.Stale}})
		}
	}
	if s != nil {
		stale(s)
		return
	}
	for ch := range c.machine.Channels() {
		s := c.of(ch)
		s.forms = forms{}
		stale(s)
	}
}

// carry carries out what was decided, in order.
func (c *Client) carry(effects []effect) {
	for i := range effects {
		e := &effects[i]
		c.logEffect(e) // first: who is told finds the line
		if e.cancel != nil {
			e.cancel(transportCause(e.err))
		}
		for _, a := range e.targets {
			a.b.sink.lose(e.gap)
		}
		for _, d := range e.streams {
			d.tell()
		}
		for _, f := range e.facts {
			f.o.Take(f.f)
		}
		if e.end != nil {
			c.over(e.end)
		}
		if e.goal != nil {
			close(e.goal.reached)
		}
	}
}

// logEffect writes what is worth a line.
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
		if e.after > 0 || errors.Is(e.err, ErrSubscribeTimeout) {
			c.cfg.log.Warn("rtx: subscription is not confirmed, trying again",
				"channel", e.channel, "in", e.after, slog.Any("error", e.err))
		}
	case core.Expel:
		if !errors.Is(e.err, ErrUnsubscribed) {
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

// transportCause is what ends a session or an attempt, in the words of whoever has to end it.
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
