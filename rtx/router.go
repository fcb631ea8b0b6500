package rtx

import "sync/atomic"

// The router finds the streams that an event is for. Its tables belong to the client's lock; the reader takes a route's
// list under it and delivers outside it. A list only ever grows at its end, or is replaced: a reader that holds an older
// one sees what was there, and skips what is gone.

// An attachment is one stream's place on one channel, or on the client.
type attachment struct {
	b     *binding
	s     *subscription // nil for a place on the client
	epoch uint64        // the machine's when it was made: an earlier loss does not concern it
	term  uint64        // the subscription's when it was made
	gone  atomic.Bool   // taken off; lists still name it until they are replaced
}

// A route is the attachments for one event name.
type route struct {
	name string
	list []*attachment
	dead int
}

func (r *route) add(a *attachment) { r.list = append(r.list, a) }

// drop counts an attachment that is gone, and replaces the list once half of it is.
func (r *route) drop() {
	r.dead++
	if r.dead*2 <= len(r.list) && r.dead != len(r.list) {
		return
	}
	live := make([]*attachment, 0, len(r.list)-r.dead)
	for _, a := range r.list {
		if !a.gone.Load() {
			live = append(live, a)
		}
	}
	r.list, r.dead = live, 0
}

// routes are the routes of one channel, or of the client.
type routes struct {
	byName map[string]*route
	last   *route // of byName, found last; nil if there is none
	every  route  // "*"
	all    route  // each attachment once, for gaps and ends
}

func (t *routes) attach(a *attachment) {
	t.all.add(a)
	for _, name := range a.b.names {
		t.named(name).add(a)
	}
}

func (t *routes) detach(a *attachment) {
	a.gone.Store(true)
	t.all.drop()
	for _, name := range a.b.names {
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

// find fills d with the takers of an event. internal keeps "*" out.
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
