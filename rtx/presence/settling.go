package presence

import (
	"bytes"
	"slices"
)

// A settling applies a whole roster, member by member, as it is read. A member that the roster
// names more than once gives one change. So memory is bounded by the number of members, and not by
// the length of what the service sends.
type settling struct {
	t     *tracker
	limit config // the largest of the rooms'
	ops   []op
	named int // members
	size  int // bytes of their ids and infos
	void  bool
}

func (t *tracker) begin() *settling {
	t.generation++
	s := &settling{t: t, limit: t.limit, ops: t.ops[:0]}
	if s.limit == (config{}) {
		s.limit, _ = newConfig(nil) // no room has come yet
	}
	return s
}

// take applies one member of the roster. It reports false once the roster is larger than every room
// allows.
func (s *settling) take(f fact) bool {
	s.note(f)
	return !s.over()
}

func (s *settling) over() bool { return s.named > s.limit.maxMembers || s.size > s.limit.maxBytes }

// note applies what the roster, or an event that came before it, says of a member.
func (s *settling) note(f fact) {
	t := s.t
	t.recognise(f)
	e := t.members[string(f.id)]
	known := e != nil && e.generation == t.generation
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
			e.generation, e.op = t.generation, int32(len(s.ops))
		}
	} else if e != nil {
		e.generation, e.op = t.generation, 0
	}
	if e != nil {
		s.size += e.size()
		if !known {
			s.named++
		}
	}
}

// again updates the change that made e, which no room has seen yet.
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
		o.before.generation, o.before.op = t.generation, 0
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

// changes returns the changes, without those that have no effect.
func (s *settling) changes() []op {
	if s.void {
		s.ops = slices.DeleteFunc(s.ops, func(o op) bool { return o == op{} })
	}
	return s.ops
}
