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

func (r *takers) add(a *attachment) { r.list = append(r.list, a) }

// drop counts an attachment that is gone, and replaces the list once half of it is.
func (r *takers) drop() {
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

// all returns each attachment once, in the order of attachment, also some that are gone.
func (t *routes) all() []*attachment {
	switch {
	case t.union != nil:
		return t.union.list
	case t.last != nil:
		return t.last.list
	case t.every != nil:
		return t.every.list
	}
	return nil
}

// single reports whether all attachments, a among them, are on one list.
func (t *routes) single(a *attachment) bool {
	switch name := a.b.events.one; {
	case a.b.events.more != nil || t.union != nil || t.byName != nil:
		return false
	case name == anyEvent:
		return t.last == nil
	default:
		return t.every == nil && (t.last == nil || t.last.name == name)
	}
}

func (t *routes) attach(a *attachment) {
	if !t.single(a) {
		if t.union == nil {
			t.union = &takers{list: slices.DeleteFunc(slices.Clone(t.all()), (*attachment).gone)}
		}
		t.union.add(a)
	}
	for name := range a.b.events.all() {
		t.named(name).add(a)
	}
}

func (t *routes) detach(a *attachment) {
	a.epoch.Store(goneEpoch)
	if t.union != nil {
		if t.union.drop(); len(t.union.list) == 0 {
			t.union = nil
		}
	}
	for name := range a.b.events.all() {
		r := t.named(name)
		if r.drop(); len(r.list) == 0 {
			t.remove(name)
		}
	}
}

// named returns the takers of an event name, which are made if there are none.
func (t *routes) named(name string) *takers {
	if name == anyEvent {
		if t.every == nil {
			t.every = new(takers)
		}
		return t.every
	}
	r := t.lookUp(name)
	if r == nil {
		r = &route{name: name}
		switch {
		case t.byName != nil:
			t.byName[name] = r
		case t.last != nil:
			t.byName = map[string]*route{t.last.name: t.last, name: r}
		default:
			t.last = r
		}
	}
	return &r.takers
}

// lookUp returns the route of a name, or nil.
func (t *routes) lookUp(name string) *route {
	if t.last != nil && t.last.name == name {
		return t.last
	}
	return t.byName[name]
}

// remove removes the takers of a name that has none any more.
func (t *routes) remove(name string) {
	if name == anyEvent {
		t.every = nil
		return
	}
	delete(t.byName, name)
	if t.last = nil; len(t.byName) == 0 {
		t.byName = nil
	}
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
	if !internal && t.every != nil {
		d.lists[at+1] = t.every.list
	}
}
