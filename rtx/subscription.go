package rtx

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A subscription is what the client keeps of one channel beside the machine's part: who holds it, and what was granted. It
// belongs to the client's lock.
type subscription struct {
	core.Channel
	kind     kind
	userData json.RawMessage
	grant    auth.Grant

	routes   routes           // its streams
	observer observe.Observer // its rooms; nil if there is none
	observed int              // holds of rooms
	forms    forms            // the wrapped answers that it may still get
	explicit explicit         // the hold of Subscribe

	expulsion error         // why its holders were expelled, the last time
	trouble   error         // why the last try failed; nil if it did not
	changed   chan struct{} // closed at the next change that somebody waits for
	gone      bool          // left the table
}

// explicit is the hold of Subscribe and Unsubscribe.
type explicit struct {
	on      bool
	firm    bool // a Subscribe has succeeded: the hold stays until Unsubscribe
	joining int  // calls of Subscribe that wait
}

// subscription returns the table's entry for ch, made if there is none. The caller holds c.mu.
func (c *Client) subscription(ch *Channel) *subscription {
	s := c.subs[ch.name]
	if s == nil {
		s = &subscription{kind: ch.kind}
		s.Name, s.Signed = ch.name, ch.kind != public
		c.subs[ch.name] = s
	}
	if !s.taken() {
		user := c.cfg.userData
		if ch.userData != nil {
			user = ch.userData
		}
		if !bytes.Equal(user, s.userData) {
			c.machine.Renew(now(), &s.Channel)
		}
		s.userData = user
	}
	return s
}

// taken reports whether the user data of s can't be changed: something holds s, or the service may restore it to us. The caller
// holds c.mu.
func (s *subscription) taken() bool { return s.Holds() > 0 || s.Phase() == core.Suspended }

// of returns the entry that a channel of the machine is part of. The caller holds c.mu.
func (c *Client) of(ch *core.Channel) *subscription { return c.subs[ch.Name] }

// notify wakes whoever waits for s. The caller holds c.mu.
func (s *subscription) notify() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// missed are the streams that a loss of s concerns: those that were there before it. The caller holds c.mu.
func (c *Client) missed(s *subscription, epoch uint64) (targets []*attachment) {
	for _, list := range [][]*attachment{s.routes.all.list, c.routes.all.list} {
		for _, a := range list {
			if a.epoch <= epoch && !a.gone.Load() {
				targets = append(targets, a)
			}
		}
	}
	return targets
}

// expelled takes everything off s that held it, and returns whom it concerns. joined says that its events were delivered
// before, so that streams of the whole client miss them from here on. The caller holds c.mu.
func (c *Client) expelled(s *subscription, err error, joined bool) (streams []departure, observer observe.Observer) {
	s.expulsion = err
	s.trouble = nil
	s.grant = auth.Grant{}
	for _, a := range slices.Clone(s.routes.all.list) {
		if !a.gone.Load() {
			streams = append(streams, a.b.expelled(s, err))
		}
	}
	observer, s.observer, s.observed = s.observer, nil, 0
	s.explicit.on, s.explicit.firm = false, false
	if joined {
		for _, a := range c.routes.all.list {
			if !a.gone.Load() {
				streams = append(streams, departure{b: a.b, gap: left(s.Name, err)})
			}
		}
	}
	return streams, observer
}

// A departure is a channel's leaving of one stream.
type departure struct {
	b   *binding
	gap Gap   // zero: the stream learns of it by its end
	end error // nil: the stream goes on
}

func (d departure) tell() {
	if d.gap.Channel != "" {
		d.b.sink.lose(d.gap)
	}
	if d.end != nil {
		d.b.end(d.end, true)
	}
}
