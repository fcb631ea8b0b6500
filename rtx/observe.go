package rtx

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/observe"
)

// Observe is for package presence only. It holds the channel for an observer, which is told about
// the channel on the reading goroutine. Observe can't be called from other modules, because they
// can't name the types of internal/observe. All callers on one channel share one observer; the
// first call makes it with make.
func (ch *Channel) Observe(make func() observe.Observer) (observe.Watch, error) {
	c, err := ch.client()
	if err != nil {
		return observe.Watch{}, err
	}
	if make == nil {
		return observe.Watch{}, errors.New("rtx: Observe is for package presence")
	}
	c.mu.Lock()
	if err := ch.usableLocked(); err != nil {
		c.mu.Unlock()
		return observe.Watch{}, err
	}
	s := c.subscriptionLocked(ch)
	c.machine.Hold(&s.Channel)
	o, ok := c.rooms[s]
	if !ok {
		o.Observer = make()
		c.machine.Refresh(&s.Channel) // the confirmation brings the roster once more
	}
	o.count++
	c.rooms[s] = o
	generation := s.Generation()
	c.decideAndUnlock()
	return observe.Watch{
		ID: c.ids.Add(1), Observer: o.Observer, Unmarshal: c.cfg.unmarshal, Log: c.cfg.log,
		Release: sync.OnceFunc(func() { c.unobserve(s, o.Observer, generation) }),
		Waited:  func(ctx context.Context) error { return c.waited(ctx, s) },
		Missing: func() error { return c.unconfirmed(s) },
		Refresh: func() { c.do(func(m *core.Machine, _ time.Time) { m.Refresh(&s.Channel) }) },
	}, nil
}

// unconfirmed is unconfirmedLocked for one channel.
func (c *Client) unconfirmed(s *subscription) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unconfirmedLocked(func(yield func(*subscription) bool) { yield(s) })
}

// unobserve releases an observer's hold, unless it was evicted with the others.
func (c *Client) unobserve(s *subscription, o observe.Observer, generation uint64) {
	c.mu.Lock()
	if here := c.rooms[s]; s.Generation() == generation && here.Observer == o {
		if here.count--; here.count == 0 {
			delete(c.rooms, s)
		} else {
			c.rooms[s] = here
		}
		c.releaseLocked(s, generation)
	}
	c.decideAndUnlock()
}
