package presence

import (
	"bytes"
	"slices"
)

// A settling is a whole roster that is being taken, member by member as it is read. What a member is told to be more than
// once comes to one change, so that the members bound what is kept, and not the length of what the service sends.
type settling struct {
	t     *tracker
	limit config // the largest of the rooms'
	ops   []op
	named int // members
	size  int // bytes of their ids and infos
	void  bool
}

func (t *tracker) begin() *settling {
	t.turn++
	s := &settling{t: t, limit: t.limit, ops: t.ops[:0]}
	if s.limit == (config{}) {
		s.limit, _ = newConfig(nil) // no room has come yet
	}
	return s
}

// take takes a member of the roster, and reports false when it has become larger than any room allows.
func (s *settling) take(f fact) bool {
	s.note(f)
	return !s.over()
}

func (s *settling) over() bool { return s.named > s.limit.maxMembers || s.size > s.limit.maxBytes }

// note takes what the roster, or an event that was told before it, says of a member.
func (s *settling) note(f fact) {
	t := s.t
	t.recognise(f)
	e := t.members[string(f.id)]
	known := e != nil && e.turn == t.turn
	if known {
		s.size -= e.size()
		if e.op > 0 {
			s.again(e, f)
			return
		}
	}
	if o, ok := t.apply(f); ok {
		s.ops = append(s.ops, o)
		e = o.after
		if e != nil {
			e.turn, e.op = t.turn, int32(len(s.ops))
		}
	} else if e != nil {
		e.turn, e.op = t.turn, 0
	}
	if e != nil {
		s.size += e.size()
		if !known {
			s.named++
		}
	}
}

// again changes the change that e is the outcome of, of which no room knows yet.
func (s *settling) again(e *entry, f fact) {
	t, o := s.t, &s.ops[e.op-1]
	switch {
	case f.gone && f.is(t.me):
	case f.gone:
		t.set(e, nil)
		o.after = nil
		s.void = true
		return
	case f.info == nil:
	case o.before != nil && sameInfo(o.before.info, judge(f.info)):
		t.set(e, o.before)
		o.before.turn, o.before.op = t.turn, 0
		s.size += o.before.size()
		*o, s.void = op{}, true
		return
	default:
		t.size -= e.size()
		e.info = bytes.Clone(judge(f.info))
		t.size += e.size()
	}
	s.size += e.size()
}

// changes returns what differs. Those that came to nothing are left out.
func (s *settling) changes() []op {
	if s.void {
		s.ops = slices.DeleteFunc(s.ops, func(o op) bool { return o == op{} })
	}
	return s.ops
}
