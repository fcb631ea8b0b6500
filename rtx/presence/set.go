package presence

import (
	"iter"
	"sync"
)

// A Set keeps the roster that results from the changes applied to it. The zero Set is empty and
// ready for use. All methods may be called concurrently: one goroutine calls Apply, any number of
// others read. A reader sees the roster before or after a change, never in between. A Set must not
// be copied. A nil Set is empty, and its Apply panics.
//
// [Room.Members] is the roster now. A Set has the roster as of the last change that the program has
// handled.
type Set[T any] struct {
	mu      sync.Mutex
	table   table[T]
	me      string
	stale   bool
	partial bool
}

// Apply applies the next change. Apply each change once, in the order in which they were received.
// The zero Change does nothing.
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

// Get returns the member with that user_id, and reports whether there is one.
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

// Me returns this client's own member. It reports false if that is unknown or not in the roster.
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

// Stale reports whether the last change was a [Stale]: the connection was lost, and the roster may
// be out of date.
func (s *Set[T]) Stale() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stale
}

// Incomplete reports whether the last change had Incomplete set.
func (s *Set[T]) Incomplete() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.partial
}

// Roster returns the roster now. It copies nothing.
func (s *Set[T]) Roster() Roster[T] {
	if s == nil {
		return Roster[T]{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table.freeze()
}

// All returns an iterator over user_ids and members, in no particular order. The loop sees the
// roster of the moment at which it begins, and may call the methods of the Set.
func (s *Set[T]) All() iter.Seq2[string, Member[T]] {
	return func(yield func(string, Member[T]) bool) { s.Roster().All()(yield) }
}
