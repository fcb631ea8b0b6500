package rtx

import "iter"

// ordered is a set that keeps the order in which its elements were added, so that what is done for each is done in an order
// that users can rely on and a replay repeats. The zero value is empty.
type ordered[T comparable] struct {
	at   map[T]int
	list []T // the zero T where one was removed
}

func (o *ordered[T]) len() int { return len(o.at) }

func (o *ordered[T]) has(v T) bool {
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

// all may be walked while elements are removed; those that are added meanwhile are not met.
func (o *ordered[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, v := range o.list {
			if v != *new(T) && !yield(v) {
				return
			}
		}
	}
}

// slice is a copy, for use without the lock.
func (o *ordered[T]) slice() []T {
	all := make([]T, 0, len(o.at))
	for v := range o.all() {
		all = append(all, v)
	}
	return all
}

// openStreams is the same for the open streams of a client, of which there can be very many: each knows its own place.
type openStreams struct {
	list []*binding // nil where one was removed
	gone int
}

func (o *openStreams) len() int { return len(o.list) - o.gone }

func (o *openStreams) add(b *binding) {
	b.place = len(o.list)
	o.list = append(o.list, b)
}

// remove takes out a stream that may have been taken out before.
func (o *openStreams) remove(b *binding) {
	if b.place >= len(o.list) || o.list[b.place] != b {
		return
	}
	o.list[b.place] = nil
	if o.gone++; o.gone < 32 || o.gone <= len(o.list)/2 {
		return
	}
	live := o.slice()
	for i, b := range live {
		b.place = i
	}
	o.list, o.gone = live, 0
}

// slice is a copy, for use without the lock.
func (o *openStreams) slice() []*binding {
	all := make([]*binding, 0, o.len())
	for _, b := range o.list {
		if b != nil {
			all = append(all, b)
		}
	}
	return all
}
