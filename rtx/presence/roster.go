package presence

import "iter"

// A Roster is the members of a channel at one moment. It never changes: it may be kept, and read by
// any number of goroutines. The zero Roster is empty.
type Roster[T any] struct {
	root *node[T]
	n    int
}

// Len returns the number of members.
func (r Roster[T]) Len() int { return r.n }

// Get returns the member with that user_id, and reports whether there is one.
func (r Roster[T]) Get(id string) (Member[T], bool) {
	if r.root == nil {
		return Member[T]{}, false
	}
	return r.root.get(hash(id), id)
}

// All returns an iterator over user_ids and members, in no particular order.
func (r Roster[T]) All() iter.Seq2[string, Member[T]] {
	return func(yield func(string, Member[T]) bool) {
		if r.root != nil {
			r.root.each(func(m *Member[T]) bool { return yield(m.ID, *m) })
		}
	}
}

func (r Roster[T]) list() []Member[T] {
	all := make([]Member[T], 0, r.n)
	if r.root != nil {
		r.root.each(func(m *Member[T]) bool { all = append(all, *m); return true })
	}
	return all
}
