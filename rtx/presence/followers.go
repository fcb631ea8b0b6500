package presence

import (
	"sync"

	"github.com/realtimex/realtimex-go/internal/observe"
)

// A follower is a room, whatever its T.
type follower interface {
	limits() config
	fits(members, size int) error
	follow(ops []op, kind Kind, me string, incomplete bool)
	finish(err error)
	figures() (f observe.Figures, open bool)
}

// followers are the rooms of a tracker, in the order in which they were opened.
type followers struct {
	mu   sync.Mutex
	at   map[follower]int
	list []follower // nil where one has gone
}

func (s *followers) add(f follower) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = make(map[follower]int)
	}
	s.at[f] = len(s.list)
	s.list = append(s.list, f)
}

func (s *followers) remove(f follower) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.at[f]
	if !ok {
		return
	}
	delete(s.at, f)
	s.list[i] = nil
	if len(s.at) >= len(s.list)/2 {
		return
	}
	kept := s.list[:0]
	for _, f := range s.list {
		if f != nil {
			s.at[f] = len(kept)
			kept = append(kept, f)
		}
	}
	clear(s.list[len(kept):])
	s.list = kept
}

// appendTo appends the present followers to list. One that is closed afterwards ignores what it is
// given.
func (s *followers) appendTo(list []follower) []follower {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.list {
		if f != nil {
			list = append(list, f)
		}
	}
	return list
}
