package rtx

import (
	"iter"
	"slices"
)

// The router finds the streams that an event is for. Its tables are guarded by the client's lock.
// The reader takes a route's list under the lock and delivers without it. That is safe because a
// list only grows at its end; any other change replaces it. A reader with an older list skips the
// attachments that are gone.

// namesOf stores names. There must be at least one.
func namesOf(names []string) eventNames {
	n := eventNames{one: names[0]}
	if len(names) > 1 {
		n.more = new(slices.Clone(names[1:]))
	}
	return n
}

func (n *eventNames) all() iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(n.one) || n.more == nil {
			return
		}
		slices.Values(*n.more)(yield)
	}
}

func (c *Client) newAttachment(b *binding, s *subscription, generation uint64) *attachment {
	a := &attachment{b: b, s: s, generation: generation}
	a.epoch.Store(c.machine.Epoch())
	return a
}

// gone reports whether the attachment was taken off. It needs no lock.
func (a *attachment) gone() bool { return a.epoch.Load() == goneEpoch }

func (r *route) add(a *attachment) { r.list = append(r.list, a) }

// drop counts an attachment that is gone, and replaces the list once half of it is.
func (r *route) drop() {
	r.dead++
	if r.dead*2 <= len(r.list) && r.dead != len(r.list) {
		return
	}
	live := make([]*attachment, 0, len(r.list)-r.dead)
	for _, a := range r.list {
		if !a.gone() {
			live = append(live, a)
		}
	}
	r.list, r.dead = live, 0
}

func (t *routes) attach(a *attachment) {
	t.all.add(a)
	for name := range a.b.events.all() {
		t.named(name).add(a)
	}
}

func (t *routes) detach(a *attachment) {
	a.epoch.Store(goneEpoch)
	t.all.drop()
	for name := range a.b.events.all() {
		r := t.named(name)
		r.drop()
		if len(r.list) == 0 && name != anyEvent {
			delete(t.byName, name)
			t.last = nil
		}
	}
}

func (t *routes) named(name string) *route {
	if name == anyEvent {
		return &t.every
	}
	r := t.byName[name]
	if r == nil {
		if t.byName == nil {
			t.byName = make(map[string]*route)
		}
		r = &route{name: name}
		t.byName[name] = r
	}
	return r
}

// A delivery is where one event goes: up to four lists, taken under the client's lock.
type delivery struct {
	channel string
	name    string // interned; "" if only "*" takes it and the name must be made
	lists   [4][]*attachment
}

func (d *delivery) wanted() bool {
	return len(d.lists[0])+len(d.lists[1])+len(d.lists[2])+len(d.lists[3]) > 0
}

// find adds the targets of an event to d. If internal is set, streams of "*" are left out.
func (t *routes) find(d *delivery, at int, name []byte, internal bool) {
	r := t.last
	if r == nil || r.name != string(name) {
		if r = t.byName[string(name)]; r != nil {
			t.last = r
		}
	}
	if r != nil {
		d.lists[at], d.name = r.list, r.name
	}
	if !internal {
		d.lists[at+1] = t.every.list
	}
}
