package rtx

import (
	"bytes"
	"encoding/json"
)

// A Channel is a handle to one channel of a client. It is only a name: handles with the same name
// share one subscription. All its methods may be called concurrently.
//
// A channel is subscribed on the service while something holds it: a stream, a room, or a [Hold]
// from Subscribe. A channel whose name begins with "private-" or "presence-" needs [WithAuth],
// on the client or on the handle, or [WithAuthEndpoint].
type Channel struct {
	c        *Client
	name     string
	kind     kind
	userData json.RawMessage
	// authority is the handle's own authorizer; nil if the client's is used.
	authority *authority
	err       error // why the handle can't be used: its name, or an option
}

// Channel returns a handle to the channel with that name. It does no I/O and returns no error. If
// the name or an option can't be used, Subscribe and Trigger return the error, and streams that On
// opens on the channel end with it.
func (c *Client) Channel(name string, opts ...ChannelOption) *Channel {
	ch := &Channel{c: c, name: name, kind: kindOf(name)}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.applyChannel(ch); err != nil && ch.err == nil {
			ch.err = err
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

// usableLocked returns why nothing can be held on the channel now, or nil.
func (ch *Channel) usableLocked() error {
	switch {
	case ch.c.ended:
		return ch.c.endErrLocked()
	case ch.err != nil:
		return ch.err
	}
	s := ch.c.subs[ch.name]
	if s != nil && s.Holds() == 0 {
		s = nil
	}
	switch {
	case ch.kind != public && ch.signedBy() == nil && s == nil:
		return &SubscribeError{Channel: ch.name, Err: ErrAuthRequired}
	case s == nil:
		return nil
	case ch.userData != nil && !bytes.Equal(ch.userData, s.userData()):
		return badOption("WithUserData", "%q is held with other user data: release it first", ch.name)
	case ch.authority != nil && !ch.authority.is(s.lane().authority):
		return badOption("WithAuth", "%q is held with another authorizer: release it first, or use the result of one WithAuth", ch.name)
	}
	return nil
}

// signedBy returns the authorizer that the handle asks: its own, or the client's. It returns nil if
// there is none, and for a public channel.
func (ch *Channel) signedBy() *authority {
	switch {
	case ch.kind == public:
		return nil
	case ch.authority != nil:
		return ch.authority
	}
	return ch.c.cfg.authority
}

// A ChannelState says whether a channel is subscribed on the service.
type ChannelState uint8

const (
	ChannelUnsubscribed ChannelState = iota // nothing holds it
	ChannelSubscribing                      // held, and not confirmed on this connection yet
	ChannelSubscribed                       // confirmed: events flow
)

func (s ChannelState) String() string {
	switch s {
	case ChannelUnsubscribed:
		return "unsubscribed"
	case ChannelSubscribing:
		return "subscribing"
	case ChannelSubscribed:
		return "subscribed"
	}
	return "unknown"
}

// State returns the state of the channel now. It never blocks.
func (ch *Channel) State() ChannelState {
	c, err := ch.client()
	if err != nil {
		return ChannelUnsubscribed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subs[ch.name]
	switch {
	case s == nil || s.Holds() == 0:
		return ChannelUnsubscribed
	case c.readyLocked(s):
		return ChannelSubscribed
	}
	return ChannelSubscribing
}

// client returns the channel's client, or an error for a channel that was not made by
// Client.Channel.
func (ch *Channel) client() (*Client, error) {
	switch {
	case ch == nil || ch.c == nil && ch.name == "":
		return nil, errNoChannel
	case !ch.c.made():
		return nil, errNoClient
	}
	return ch.c, nil
}

// A ChannelOption configures one handle of a channel. A nil ChannelOption is ignored.
type ChannelOption interface{ applyChannel(*Channel) error }
