package rtx

import (
	"bytes"
	"context"
	"encoding/json"
)

// A Channel is a handle of one channel: a name on a client. Handles of one name share the subscription. All its methods
// may be called concurrently.
//
// A channel is subscribed on the service while something holds it: a stream or a room on it, or Subscribe without
// Unsubscribe. A channel whose name begins with "private-" or "presence-" needs [WithAuth] or [WithAuthEndpoint].
type Channel struct {
	c        *Client
	name     string
	kind     kind
	userData json.RawMessage
	err      error // why the handle can't be used: its name, or its user data
}

// Channel returns a handle of the channel of that name. It does no I/O. A name or an option that can't be used fails
// Subscribe and Trigger, and ends the streams that On opens on it.
func (c *Client) Channel(name string, opts ...ChannelOption) *Channel {
	ch := &Channel{c: c, name: name, kind: kindOf(name)}
	for _, o := range opts {
		if o != nil {
			o(ch)
		}
	}
	if err := checkChannelName(name); err != nil {
		ch.err = err
	}
	return ch
}

// Name returns the channel's name.
func (ch *Channel) Name() string {
	if ch == nil {
		return ""
	}
	return ch.name
}

// usable says why nothing can be held on the channel, if so. The caller holds c.mu.
func (ch *Channel) usable() error {
	switch {
	case ch.c.ended:
		return ch.c.endErrLocked()
	case ch.err != nil:
		return ch.err
	case ch.kind != public && ch.c.cfg.authorizer == nil:
		return &SubscribeError{Channel: ch.name, Err: ErrAuthRequired}
	case !ch.sameUser():
		return badOption("UserData", "%q is held with other user data: release it first", ch.name)
	}
	return nil
}

// sameUser reports whether the channel can be held with the handle's user data. The caller holds c.mu.
func (ch *Channel) sameUser() bool {
	s := ch.c.subs[ch.name]
	return ch.userData == nil || s == nil || !s.taken() || bytes.Equal(ch.userData, s.userData)
}

// Subscribe holds the channel and waits until the service has confirmed it; while the client is not connected, it waits
// for that too. It returns a [*SubscribeError] if the channel was refused, [ErrClosed] at the client's end, or the cause
// of ctx; then it holds nothing. The next Subscribe asks again. Of several calls the first holds, and one Unsubscribe
// releases.
func (ch *Channel) Subscribe(ctx context.Context) error {
	c, err := ch.client()
	if err == nil {
		err = checkContext(ctx)
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	if err := ch.usable(); err != nil {
		c.mu.Unlock()
		return err
	}
	s := c.subscription(ch)
	if !s.explicit.on {
		s.explicit.on = true
		c.machine.Hold(&s.Channel)
	}
	s.explicit.joining++
	term := s.Term()
	c.decideAndUnlock()

	err = c.await(ctx, s, term, nil)
	c.mu.Lock()
	x := &s.explicit
	x.joining--
	if s.Term() == term && x.on {
		if err == nil {
			x.firm = true
		} else if !x.firm && x.joining == 0 {
			x.on = false
			c.machine.Release(now(), &s.Channel, term)
		}
	}
	c.decideAndUnlock()
	return err
}

// Unsubscribe releases the channel whatever holds it: its streams and rooms end with [ErrUnsubscribed], and it leaves the
// open streams of groups that it is in (a [Gap] with Ended tells them). It stays in those groups: their Add, or a new
// stream on them, takes it up again. Without a connection it takes effect all the same. It
// returns [ErrClosed] after the client's end, else nil, also where nothing held the channel.
func (ch *Channel) Unsubscribe() error {
	c, err := ch.client()
	if err != nil {
		return err
	}
	c.mu.Lock()
	if c.ended {
		defer c.mu.Unlock()
		return c.endErrLocked()
	}
	if s := c.subs[ch.name]; s != nil {
		c.machine.Evict(&s.Channel, ErrUnsubscribed)
	}
	c.decideAndUnlock()
	return nil
}

// A ChannelState is where a channel stands with the service.
type ChannelState uint8

const (
	Unsubscribed ChannelState = iota // nothing holds it
	Subscribing                      // held, and not confirmed on this connection yet
	Subscribed                       // confirmed: events flow
)

func (s ChannelState) String() string {
	switch s {
	case Unsubscribed:
		return "unsubscribed"
	case Subscribing:
		return "subscribing"
	case Subscribed:
		return "subscribed"
	}
	return "unknown"
}

// State returns where the channel stands now. It never blocks.
func (ch *Channel) State() ChannelState {
	c, err := ch.client()
	if err != nil {
		return Unsubscribed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subs[ch.name]
	switch {
	case s == nil || s.Holds() == 0:
		return Unsubscribed
	case s.Phase().Live():
		return Subscribed
	}
	return Subscribing
}
