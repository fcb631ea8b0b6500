package rtx

import (
	"errors"
	"sync"

	"github.com/realtimex/realtimex-go/internal/observe"
)

// Observe holds the channel for an observer, which is told on the connection's reader what happens to it. It is what
// package presence is built on, and can't be called from anywhere else: the types of internal/observe can't be named there.
// The observers of one channel share one, made by make if there is none.
func (ch *Channel) Observe(make func() observe.Observer) (observe.Watch, error) {
	c, err := ch.client()
	if err != nil {
		return observe.Watch{}, err
	}
	if make == nil {
		return observe.Watch{}, errors.New("rtx: Observe is for package presence")
	}
	c.mu.Lock()
	if err := ch.usable(); err != nil {
		c.mu.Unlock()
		return observe.Watch{}, err
	}
	s := c.subscription(ch)
	c.machine.Hold(&s.Channel)
	if s.observer == nil {
		s.observer = make()
		c.machine.Refresh(&s.Channel) // the confirmation brings the roster once more
	}
	o, term := s.observer, s.Term()
	s.observed++
	c.decideAndUnlock()
	return observe.Watch{
		Observer: o, Unmarshal: c.cfg.unmarshal, Log: c.cfg.log,
		Release: sync.OnceFunc(func() { c.unobserve(s, o, term) }),
	}, nil
}

// unobserve releases an observer's hold, unless it was expelled with the others.
func (c *Client) unobserve(s *subscription, o observe.Observer, term uint64) {
	c.mu.Lock()
	if s.Term() == term && s.observer == o {
		if s.observed--; s.observed == 0 {
			s.observer = nil
		}
		c.machine.Release(now(), &s.Channel, term)
	}
	c.decideAndUnlock()
}
