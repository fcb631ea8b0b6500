package presence

import (
	"iter"
	"sync"
)

// A Set folds changes into a roster. The zero Set is empty and ready for use. All methods may be called concurrently: one
// goroutine applies, any number read; readers see the roster between two changes, never within one. A Set must not be
// copied. A nil Set is empty, and can't be applied to.
//
// [Room.Members] is the roster as it is now; a Set is the roster as of the last change that the program has handled.
type Set[T any] struct {
	mu      sync.Mutex
	table   table[T]
	me      string
	stale   bool
	partial bool
}

// Apply takes the next change. Changes are to be applied in the order in which they came, each once.
func (s *Set[T]) Apply(c Change[T]) {
	if s == nil {
		panic("presence: Apply on a nil Set")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c.Kind {
	case Snapshot:
		s.table = table[T]{}
		for _, m := range c.Members {
			s.table.put(m)
		}
	case Diff, Stale:
		for _, m := range c.Left {
			s.table.remove(m.ID)
		}
		for _, m := range c.Joined {
			s.table.put(m)
		}
		for _, m := range c.Updated {
			s.table.put(m)
		}
	default:
		return
	}
	s.me, s.stale, s.partial = c.Me, c.Kind == Stale, c.Incomplete
}

// Get returns the member with that user_id, and whether there is one.
func (s *Set[T]) Get(id string) (Member[T], bool) {
	if s == nil {
		return Member[T]{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table.Get(id)
}

// Len returns the number of members.
func (s *Set[T]) Len() int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table.Len()
}

// Me returns this client's own member, and whether it is known and there.
func (s *Set[T]) Me() (Member[T], bool) {
	if s == nil {
		return Member[T]{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.me == "" {
		return Member[T]{}, false
	}
	return s.table.Get(s.me)
}

// Stale reports whether the last change was a lost connection, so that the roster may be out of date.
func (s *Set[T]) Stale() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stale
}

// Incomplete reports whether, as of the last change, the service did not tell in full who is there.
func (s *Set[T]) Incomplete() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.partial
}

// Roster returns the members as they are now. It copies nothing.
func (s *Set[T]) Roster() Roster[T] {
	if s == nil {
		return Roster[T]{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table.freeze()
}

// All returns the members by user_id, in no particular order: those of the moment at which the loop begins. The loop may
// call the Set's methods.
func (s *Set[T]) All() iter.Seq2[string, Member[T]] {
	return func(yield func(string, Member[T]) bool) { s.Roster().All()(yield) }
}
