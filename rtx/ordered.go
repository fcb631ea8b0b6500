package rtx

import "iter"

// ordered is a set that keeps the order in which its elements were added. Users can rely on that
// order, and a replay repeats it. The zero value is empty, and so is nil.
type ordered[T comparable] struct {
	at   map[T]int
	list []T // the zero T where one was removed
}

func (o *ordered[T]) len() int {
	if o == nil {
		return 0
	}
	return len(o.at)
}

func (o *ordered[T]) has(v T) bool {
	if o == nil {
		return false
	}
	_, ok := o.at[v]
	return ok
}

func (o *ordered[T]) add(v T) {
	if o.has(v) {
		return
	}
	if o.at == nil {
		o.at = make(map[T]int)
	}
	o.at[v] = len(o.list)
	o.list = append(o.list, v)
}

func (o *ordered[T]) remove(v T) {
	i, ok := o.at[v]
	if !ok {
		return
	}
	delete(o.at, v)
	o.list[i] = *new(T)
	if len(o.at) == 0 {
		*o = ordered[T]{}
		return
	}
	if len(o.list) < 64 || len(o.at) > len(o.list)/2 {
		return
	}
	live := make([]T, 0, len(o.at))
	for v := range o.all() {
		o.at[v] = len(live)
		live = append(live, v)
	}
	o.list = live
}

// all returns the elements. Elements may be removed during the loop; those that are added during it
// are not returned.
func (o *ordered[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		if o == nil {
			return
		}
		for _, v := range o.list {
			if v != *new(T) && !yield(v) {
				return
			}
		}
	}
}

// slice returns a copy, for use without the lock.
func (o *ordered[T]) slice() []T {
	all := make([]T, 0, len(o.at))
	for v := range o.all() {
		all = append(all, v)
	}
	return all
}
