package presence

// pending is the change that a room's reader has not received yet. What happens before it is
// received is merged in: each member is in the list that leads from what the reader knows of it to
// its present state, or in no list.
type pending[T any] struct {
	kind    Kind
	partial bool                // the roster is incomplete
	touched map[string]touch[T] // the members whose state differs
	wide    bool                // touched was once large
	lists   [none][]Member[T]
	members []Member[T]    // of a Snapshot
	places  map[string]int // where a member is in members; made when the first merge needs it
}

// The lists of a change.
const (
	joined = iota
	left
	updated
	none
)

// A touch is a member whose present state differs from what the reader knows.
type touch[T any] struct {
	before *entry // what the reader knows; nil: not there
	was    Member[T]
	list   int
	at     int // its place in that list
}

// reset starts a new change after the old one was received, whose slices now belong to the reader.
func (p *pending[T]) reset() {
	touched, wide := p.touched, p.wide
	if wide {
		touched = nil
	}
	clear(touched)
	*p = pending[T]{touched: touched}
}

func (p *pending[T]) empty() bool {
	return len(p.lists[joined])+len(p.lists[left])+len(p.lists[updated]) == 0
}

// differ merges the change of one member in. was and now are the decoded member before and after
// it.
func (p *pending[T]) differ(o op, was, now Member[T]) {
	id := o.id()
	t, ok := p.touched[id]
	if !ok {
		t = touch[T]{before: o.before, was: was, list: none}
	}
	list, m := none, now
	switch {
	case t.before == nil && o.after == nil:
	case t.before == nil:
		list = joined
	case o.after == nil:
		list, m = left, t.was
	case !sameInfo(t.before.info, o.after.info):
		list = updated
	}
	if t.list != list {
		p.drop(t)
		t.list, t.at = list, -1
	}
	if list == none {
		delete(p.touched, id)
		return
	}
	if t.at < 0 {
		t.at = len(p.lists[list])
		p.lists[list] = append(p.lists[list], m)
	} else {
		p.lists[list][t.at] = m
	}
	if p.touched == nil {
		p.touched = make(map[string]touch[T])
	}
	p.touched[id] = t
	p.wide = p.wide || len(p.touched) > 64
}

// drop removes a member from its list. The last member of the list takes its place.
func (p *pending[T]) drop(t touch[T]) {
	if t.list == none {
		return
	}
	l, last := p.lists[t.list], len(p.lists[t.list])-1
	if t.at != last {
		l[t.at] = l[last]
		moved := p.touched[l[last].ID]
		moved.at = t.at
		p.touched[l[last].ID] = moved
	}
	l[last] = Member[T]{}
	p.lists[t.list] = l[:last]
}

// amend applies a change to the members of a waiting Snapshot.
func (p *pending[T]) amend(o op, now Member[T]) {
	if p.places == nil {
		p.places = make(map[string]int, len(p.members))
		for i, m := range p.members {
			p.places[m.ID] = i
		}
	}
	id := o.id()
	i, ok := p.places[id]
	last := len(p.members) - 1
	switch {
	case o.after != nil && ok:
		p.members[i] = now
	case o.after != nil:
		p.places[id] = len(p.members)
		p.members = append(p.members, now)
	case ok:
		p.members[i] = p.members[last]
		p.places[p.members[i].ID] = i
		delete(p.places, id)
		p.members[last] = Member[T]{}
		p.members = p.members[:last]
	}
}
