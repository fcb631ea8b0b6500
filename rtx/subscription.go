package rtx

import (
	"bytes"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// subscriptionLocked returns the table's entry for ch, made if there is none.
func (c *Client) subscriptionLocked(ch *Channel) *subscription {
	s := c.subs[ch.name]
	if s == nil {
		s = &subscription{kind: ch.kind}
		s.Name, s.Signed = ch.name, ch.kind != public
		c.subs[ch.name] = s
		c.held.Add(1)
	}
	if s.Holds() == 0 {
		user := c.cfg.userData
		if ch.userData != nil {
			user = ch.userData
		}
		lane := c.laneLocked(ch.signedBy())
		if !bytes.Equal(user, s.userData()) || lane != s.lane() {
			c.machine.Renew(now(), &s.Channel)
		}
		if user != nil || s.keys != nil {
			s.credentials().userData = user
		}
		c.enterLocked(s, lane)
	}
	return s
}

// ofLocked returns the table's entry that contains a channel of the machine. It looks at the
// channel of the last event first, because most decisions are about that one.
func (c *Client) ofLocked(ch *core.Channel) *subscription {
	if s := c.reader.last; s != nil && &s.Channel == ch {
		return s
	}
	return c.subs[ch.Name]
}

// notifyLocked wakes the goroutines that wait for a change of s.
func (s *subscription) notifyLocked() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// missedLocked puts a gap on the streams that a loss of s concerns: those that were attached before
// the loss. This happens under the same lock under which the channel becomes live, so a goroutine
// that finds the channel ready also finds the gap. A sink never blocks.
func (c *Client) missedLocked(s *subscription, l core.Loss) {
	gap := reconnected(s.Name, l.Since)
	for _, list := range [][]*attachment{s.routes.all(), c.routes.all()} {
		for _, a := range list {
			if a.epoch.Load() <= l.Epoch {
				a.b.sink.lose(gap)
			}
		}
	}
}

// evictedLocked removes everything that holds s, and returns the streams and the observer to tell.
// joined says that events of s were delivered until now, or until loss if there is one, so streams
// of the whole client miss them from then on.
func (c *Client) evictedLocked(s *subscription, err error, joined bool, loss core.Loss) (streams []departure, observer observe.Observer) {
	s.faults = &faults{evicted: err}
	if s.keys != nil {
		s.keys.grant = auth.Grant{}
	}
	live := joined && loss.Since.IsZero()
	since := func(a *attachment) time.Time {
		switch {
		case live:
			c.departLiveLocked(a.b, s)
		case joined && a.epoch.Load() <= loss.Epoch:
			return loss.Since
		}
		return now()
	}
	for _, a := range slices.Clone(s.routes.all()) {
		if !a.gone() {
			streams = append(streams, a.b.evictedLocked(s, err, since(a)))
		}
	}
	observer = c.rooms[s].Observer
	delete(c.rooms, s)
	s.endHoldsLocked(err)
	if joined {
		for _, a := range c.routes.all() {
			if !a.gone() {
				streams = append(streams, departure{b: a.b, gap: left(s.Name, since(a), err)})
			}
		}
	}
	return streams, observer
}

// endHoldsLocked ends the holds of s, which are evicted or released with the others.
func (s *subscription) endHoldsLocked(err error) {
	for h := range s.holds.all() {
		s.holds.remove(h)
		h.err = err
		close(h.done)
	}
}

func (d departure) tell() {
	if d.gap.Channel != "" {
		d.b.sink.lose(d.gap)
	}
	if d.end != nil {
		d.b.end(d.end, true)
	}
}
