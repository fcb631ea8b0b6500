package rtx

import (
	"bytes"
	"errors"
	"sync/atomic"
)

// A Group is a set of channels for one stream: [On] with a group gives one stream of the events of
// all its channels, in the order of the service. Channels can be added and removed while events
// arrive. A group needs no goroutine and no Close. All its methods may be called concurrently.
//
// If a channel is refused or unsubscribed, it leaves the open streams, which have a [Gap] with
// Ended then. It stays a member of the group: Add, or a stream that is opened later, subscribes to
// it again. If the last channel of a stream is refused or unsubscribed, the stream ends, and Err
// joins the reasons. Remove never ends a stream.
type Group struct {
	client  atomic.Pointer[Client] // of the first channel; the group belongs to its lock
	members map[string]*Channel
	order   ordered[string] // of the members
	streams ordered[*binding]
	count   atomic.Int64 // len(members), readable without the lock
	err     error        // why the channels given to NewGroup can't be used
}

// NewGroup returns a group of the given channels. They must all be of one client. A channel given
// twice is one member.
func NewGroup(chs ...*Channel) *Group {
	g := new(Group)
	g.err = g.Add(chs...)
	return g
}

var errMixed = errors.New("rtx: the channels of a group must be of one client, and not nil")

// Add adds channels to the group. The open streams of the group hold them from now on. If a channel
// is a member already, Add only subscribes to it again for the streams that it has left because it
// was refused or unsubscribed. Add returns an error, and adds nothing, if a channel is nil, is of
// another client or can't be subscribed to. It returns an [*OptionError] if a channel is a member,
// or is given twice, with other user data. The zero Group can be added to.
func (g *Group) Add(chs ...*Channel) error {
	if g == nil {
		return errNilGroup
	}
	if len(chs) == 0 {
		return nil
	}
	c, err := sameClient(chs)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.decideAndUnlock()
	if owner := g.client.Load(); owner != nil && owner != c {
		return errMixed
	}
	if err := g.takesLocked(chs); err != nil {
		return err
	}
	if !g.client.CompareAndSwap(nil, c) && g.client.Load() != c {
		return errMixed
	}
	if g.members == nil {
		g.members = make(map[string]*Channel)
	}
	for _, ch := range chs {
		if g.members[ch.name] == nil {
			g.members[ch.name] = ch
			g.order.add(ch.name)
			g.count.Add(1)
		}
		for b := range g.streams.all() {
			b.attachLocked(c.subscriptionLocked(g.members[ch.name]))
		}
	}
	return nil
}

// sameClient returns the client of the channels, or an error if they are not all of one.
func sameClient(chs []*Channel) (*Client, error) {
	c, err := chs[0].client()
	for _, ch := range chs {
		switch {
		case ch == nil || err == nil && ch.c != c:
			return nil, errMixed
		case err != nil:
			return nil, err
		}
	}
	return c, nil
}

// takesLocked returns why the channels can't be added to the group, or nil.
func (g *Group) takesLocked(chs []*Channel) error {
	first := make(map[string]*Channel, len(chs))
	for _, ch := range chs {
		if err := ch.usableLocked(); err != nil {
			return err
		}
		was := first[ch.name]
		if g.client.Load() == ch.c && g.members[ch.name] != nil {
			was = g.members[ch.name]
		}
		switch {
		case was == nil:
			first[ch.name] = ch
		case ch.userData != nil && !bytes.Equal(was.userData, ch.userData):
			return badOption("WithUserData", "%q is in the group with other user data", ch.name)
		case ch.authority != nil && !ch.authority.is(was.signedBy()):
			return badOption("WithAuth", "%q is in the group with another authorizer", ch.name)
		}
	}
	return nil
}

// Remove removes channels from the group. The group's streams release them. The streams stay open,
// even if no channel is left.
func (g *Group) Remove(chs ...*Channel) {
	c := g.owner()
	if c == nil {
		return
	}
	c.mu.Lock()
	for _, ch := range chs {
		if ch == nil || g.members[ch.name] == nil || ch.c != c {
			continue
		}
		delete(g.members, ch.name)
		g.order.remove(ch.name)
		g.count.Add(-1)
		s := c.subs[ch.name]
		for b := range g.streams.all() {
			if s != nil {
				b.detachLocked(s)
			}
			b.readmitLocked(ch.name)
		}
	}
	c.decideAndUnlock()
}

// Len returns the number of channels in the group.
func (g *Group) Len() int {
	c := g.owner()
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(g.members)
}

// Readiness returns nil if every channel of the group is confirmed now and none has left an open
// stream of the group. Otherwise it returns a [*NotReadyError], which says what is missing and the
// last failure. It does not wait, so it suits health probes. A channel that nothing holds is not
// confirmed, so open a stream on the group first. An empty group is ready.
func (g *Group) Readiness() error {
	switch {
	case g == nil:
		return errNilGroup
	case g.err != nil:
		return g.err
	case g.owner() == nil:
		return nil
	}
	c := g.owner()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return &NotReadyError{Missing: "an open client", Last: c.endErrLocked()}
	}
	for b := range g.streams.all() {
		if err := b.leftLocked(); err != nil {
			return err
		}
	}
	for name := range g.order.all() {
		if s := c.subs[name]; s == nil || s.Holds() == 0 {
			return &NotReadyError{Missing: subscriptionOf(name), Last: &ChannelError{Channel: name, Err: ErrNotSubscribed}}
		}
	}
	return c.unconfirmedLocked(func(yield func(*subscription) bool) {
		for name := range g.order.all() {
			if !yield(c.subs[name]) {
				return
			}
		}
	})
}

func (g *Group) owner() *Client {
	if g == nil {
		return nil
	}
	return g.client.Load()
}
func (g *Group) label() string { return "" }
func (g *Group) size() int     { return int(g.count.Load()) }
func (g *Group) open(b *binding) error {
	c := b.c
	c.mu.Lock()
	defer c.decideAndUnlock()
	if c.ended {
		return c.endErrLocked()
	}
	for name := range g.order.all() {
		if err := g.members[name].usableLocked(); err != nil {
			return err
		}
	}
	c.bindings.add(b)
	b.group = g
	g.streams.add(b)
	for name := range g.order.all() {
		b.attachLocked(c.subscriptionLocked(g.members[name]))
	}
	return nil
}
