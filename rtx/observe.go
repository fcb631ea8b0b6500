package rtx

import (
	"errors"
	"sync"

	"github.com/realtimex/realtimex-go/internal/link"
)

func init() {
	link.Open = func(channel any, make func() link.Tracker) (link.Watch, error) {
		ch, ok := channel.(*Channel)
		if !ok || ch == nil {
			return link.Watch{}, errors.New("rtx: channel is nil")
		}
		return ch.watch(make)
	}
}

// watch gives a room its hold on the channel, and the tracker that the channel's rooms share.
func (ch *Channel) watch(make func() link.Tracker) (link.Watch, error) {
	c := ch.c
	c.mu.Lock()
	if err := ch.usable(); err != nil {
		c.mu.Unlock()
		return link.Watch{}, err
	}
	s := c.subscription(ch)
	if s.tracker == nil {
		s.tracker = make()
		if s.phase == joined {
			s.again = true // the confirmation brings the roster once more
			c.look(s)
		}
	}
	t := s.tracker
	s.watchers++
	c.hold(s)
	c.mu.Unlock()
	c.sup.Wake()
	return link.Watch{
		Tracker: t, Unmarshal: c.cfg.unmarshal, Log: c.cfg.log,
		Release: sync.OnceFunc(func() { c.unwatch(s, t) }),
	}, nil
}

// unwatch releases a room's hold, unless the room was expelled with the others.
func (c *Client) unwatch(s *subscription, t link.Tracker) {
	c.mu.Lock()
	if s.tracker == t {
		s.watchers--
		if s.watchers == 0 {
			s.tracker = nil
		}
		c.release(s)
	}
	c.mu.Unlock()
	c.sup.Wake()
}
