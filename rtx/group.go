package rtx

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync/atomic"
)

// A Group is a set of channels that a stream takes its events from, in the service's order: fan-in by routing, with no
// goroutine. Channels may be added and removed while events flow. All its methods may be called concurrently.
//
// A channel that is refused or unsubscribed leaves the streams that are open, with a [Gap] that has Ended, and stays a
// member: a stream that is opened later, or Add, asks for it again. A stream from which the last of its channels was
// taken so has ended, and Err joins the reasons; Remove ends no stream.
type Group struct {
	client  atomic.Pointer[Client] // of the first channel; the group belongs to its lock
	members map[string]*Channel
	order   ordered[string] // of the members
	streams ordered[*binding]
	err     error // what Channels was given that can't be used
}

// Channels returns a group of these channels, which must be of one client. A channel given twice counts once.
func Channels(chs ...*Channel) *Group {
	g := new(Group)
	g.err = g.Add(chs...)
	return g
}

var errMixed = errors.New("rtx: the channels of a group must be of one client, and not nil")

// Add puts channels into the group: its open streams hold them from now on. One that is in it already changes nothing,
// but for streams that it has left, refused or unsubscribed: they ask for it again. Add returns an error, and adds none,
// if one of the channels is nil, of another client, or can't be subscribed to; an [*OptionError] if it is in the group, or
// given twice, with other user data. The zero Group can be added to.
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
	if err := g.takes(chs); err != nil {
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
		}
		for b := range g.streams.all() {
			b.attach(c.subscription(g.members[ch.name]))
		}
	}
	return nil
}

// sameClient is whose the channels are.
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

// takes says why the group does not take the channels, if so. The caller holds the lock of their client.
func (g *Group) takes(chs []*Channel) error {
	data := make(map[string]json.RawMessage, len(chs))
	for _, ch := range chs {
		if err := ch.usable(); err != nil {
			return err
		}
		was, twice := data[ch.name]
		if g.client.Load() == ch.c && g.members[ch.name] != nil {
			was, twice = g.members[ch.name].userData, true
		}
		if twice && ch.userData != nil && !bytes.Equal(was, ch.userData) {
			return badOption("UserData", "%q is in the group with other user data", ch.name)
		}
		if !twice {
			data[ch.name] = ch.userData
		}
	}
	return nil
}

// Remove takes channels out of the group: its streams release them, and stay open even if none is left.
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
		s := c.subs[ch.name]
		for b := range g.streams.all() {
			if s != nil {
				b.detach(s)
			}
			b.readmit(ch.name)
		}
	}
	c.decideAndUnlock()
}

// Len returns how many channels the group has.
func (g *Group) Len() int {
	c := g.owner()
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(g.members)
}

func (g *Group) owner() *Client {
	if g == nil {
		return nil
	}
	return g.client.Load()
}
func (g *Group) label() string { return "" }
func (g *Group) open(b *binding) error {
	c := b.c
	c.mu.Lock()
	defer c.decideAndUnlock()
	if c.ended {
		return c.endErrLocked()
	}
	for name := range g.order.all() {
		if err := g.members[name].usable(); err != nil {
			return err
		}
	}
	c.bindings.add(b)
	b.group = g
	g.streams.add(b)
	for name := range g.order.all() {
		b.attach(c.subscription(g.members[name]))
	}
	return nil
}
