package mirror

// A State is the map as apply sees it: it can be read and changed there. What apply does counts as
// a whole, or not at all if it panics. A State must not be used after apply has returned, nor by
// another goroutine.
type State[K comparable, V any] struct {
	values map[K]V
	own    map[K]edit[V] // what is changed
}

// edit is what becomes of a key.
type edit[V any] struct {
	value V
	set   bool // false: it is deleted
}

// Get returns the value of a key.
func (s *State[K, V]) Get(k K) (v V, ok bool) {
	if s == nil {
		return v, false
	}
	if e, changed := s.own[k]; changed {
		return e.value, e.set
	}
	v, ok = s.values[k]
	return v, ok
}

// Set gives a key a value.
func (s *State[K, V]) Set(k K, v V) { s.edit(k, edit[V]{v, true}) }

// Delete removes a key. It may not be there.
func (s *State[K, V]) Delete(k K) { s.edit(k, edit[V]{}) }

func (s *State[K, V]) edit(k K, e edit[V]) {
	if s == nil {
		return
	}
	if s.own == nil {
		s.own = make(map[K]edit[V])
	}
	s.own[k] = e
}

// settle brings the changes into values, without telling anybody.
func (s *State[K, V]) settle() {
	for k, e := range s.own {
		if e.set {
			s.values[k] = e.value
		} else {
			delete(s.values, k)
		}
	}
	clear(s.own)
}
