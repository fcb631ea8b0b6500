package presence

// An entry is a member as the service described it. Id and info never change once a room knows of it: an update makes a
// new entry.
type entry struct {
	id         string
	info       []byte // judged
	prev, next *entry // in the order of joining
	turn       uint32 // of the last roster that had it
	op         int32  // in that turn's changes, the one that made it, counted from 1; 0: it was there before
}

func (e *entry) size() int { return len(e.id) + len(e.info) }

// set puts after in before's place in the roster. Without a before it is the newest; without an after, before goes.
func (t *tracker) set(before, after *entry) {
	var prev, next *entry
	if before != nil {
		t.size -= before.size()
		prev, next = before.prev, before.next
		before.prev, before.next = nil, nil
	} else {
		prev = t.last
	}
	link, back := next, prev
	if after != nil {
		t.size += after.size()
		t.members[after.id] = after
		after.prev, after.next = prev, next
		link, back = after, after
	} else {
		delete(t.members, before.id)
	}
	if prev != nil {
		prev.next = link
	} else {
		t.first = link
	}
	if next != nil {
		next.prev = back
	} else {
		t.last = back
	}
}

// An op is one member's change: from before to after, nil for not there.
type op struct{ before, after *entry }

func (o op) id() string {
	if o.after != nil {
		return o.after.id
	}
	return o.before.id
}
