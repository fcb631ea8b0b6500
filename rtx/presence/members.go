package presence

// An entry is a member as the service described it. Its id and info do not change once a room has
// seen it: an update makes a new entry.
type entry struct {
	id         string
	info       []byte // as judge returns it
	prev, next *entry // in the order of joining
	generation uint32 // of the last roster that has it
	op         int32  // the change of that generation that made it, from 1; 0: older
}

func (e *entry) size() int { return len(e.id) + len(e.info) }

// set replaces before by after in the roster, at the same place in the order. If before is nil,
// after is appended; if after is nil, before is removed.
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

// An op is the change of one member from before to after. Nil means that the member is not there.
type op struct{ before, after *entry }

func (o op) id() string {
	if o.after != nil {
		return o.after.id
	}
	return o.before.id
}
