package mirror

import (
	"iter"
	"maps"
)

// A Change is what differs from the changes taken before. A program that applies every change in
// order always has what the mirror had when the last one was taken.
type Change[K comparable, V any] struct {
	Added   map[K]V // keys that are new; in the first change, all of them
	Updated map[K]V // keys with another value
	Removed map[K]V // keys that are gone, with the value that was last told

	// Fresh says whether the mirror was fresh when the change was taken: see [Mirror.Stale]. A
	// change in which only that is new has no keys.
	Fresh bool
}

// A reader is what the takers of changes know. It is guarded by the mirror's lock.
type reader[K comparable, V any] struct {
	differ map[K]was[V] // keys that have changed since the last change was taken
	loaded bool         // there is something to tell
	begun  bool         // a change was taken
	fresh  bool         // it is fresh now
	knows  bool         // Fresh of the last change
}

// was is what the takers know of a key.
type was[V any] struct {
	value V
	known bool
}

func (r *reader[K, V]) note(k K, v V, known bool) {
	if _, noted := r.differ[k]; noted {
		return
	}
	if r.differ == nil {
		r.differ = make(map[K]was[V])
	}
	r.differ[k] = was[V]{v, known}
}

func (r *reader[K, V]) look(fresh bool) { r.fresh = fresh }

func (r *reader[K, V]) due() bool {
	return r.loaded && (!r.begun || len(r.differ) > 0 || r.fresh != r.knows)
}

// Pending returns what has changed since the last change was taken, as one change, and true, or
// false if nothing has. It does not wait. Nothing is kept for takers that are slow but the keys
// that differ: what was added and removed again in between is not told. If several goroutines take
// changes, each change goes to one of them.
//
// The first change comes after the first load, with everything that there is.
func (m *Mirror[K, V]) Pending() (c Change[K, V], ok bool) {
	if !m.opened() {
		return c, false
	}
	m.mu.Lock()
	r := &m.reader
	if !r.due() {
		m.mu.Unlock()
		return c, false
	}
	differ, first, told := r.differ, !r.begun, r.fresh != r.knows
	now := make(map[K]V, len(differ))
	for k := range differ {
		if v, has := m.values[k]; has {
			now[k] = v
		}
	}
	r.differ, r.begun, r.knows = nil, true, r.fresh
	c.Fresh = r.fresh
	m.mu.Unlock()

	// Without the lock, since equal may be the user's.
	c.Added, c.Updated, c.Removed = make(map[K]V), make(map[K]V), make(map[K]V)
	for k, before := range differ {
		v, has := now[k]
		switch {
		case !has && before.known:
			c.Removed[k] = before.value
		case has && !before.known:
			c.Added[k] = v
		case has && !m.equal(before.value, v):
			c.Updated[k] = v
		}
	}
	return c, first || told || len(c.Added)+len(c.Updated)+len(c.Removed) > 0
}

// Changes returns an iterator over the changes. It waits for more until the mirror has ended and
// everything was taken; then ask Err. A loop that is left early loses nothing.
func (m *Mirror[K, V]) Changes() iter.Seq[Change[K, V]] {
	return func(yield func(Change[K, V]) bool) {
		if !m.opened() {
			return
		}
		for {
			_, open := <-m.Wake
			if c, ok := m.Pending(); ok && !yield(c) {
				return
			}
			if !open {
				return
			}
		}
	}
}

// Apply applies a change to a map that has all those before it.
func (c Change[K, V]) Apply(to map[K]V) {
	for k := range c.Removed {
		delete(to, k)
	}
	maps.Copy(to, c.Added)
	maps.Copy(to, c.Updated)
}
