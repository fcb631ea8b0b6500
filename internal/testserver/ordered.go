package testserver

import (
	"cmp"
	"slices"
)

// ordered is a map that is walked in the order of insertion, so that what a walk causes comes in
// the same order each time. The zero value is empty. Setting a key that is there keeps its place.
type ordered[V any] struct {
	entries map[string]orderedEntry[V]
	made    uint64
}

type orderedEntry[V any] struct {
	number uint64
	value  V
}

func (o *ordered[V]) set(key string, value V) {
	e, there := o.entries[key]
	if !there {
		if o.entries == nil {
			o.entries = make(map[string]orderedEntry[V])
		}
		o.made++
		e.number = o.made
	}
	e.value = value
	o.entries[key] = e
}

func (o *ordered[V]) get(key string) (V, bool) {
	e, ok := o.entries[key]
	return e.value, ok
}

func (o *ordered[V]) has(key string) bool {
	_, ok := o.entries[key]
	return ok
}

func (o *ordered[V]) delete(key string) { delete(o.entries, key) }

func (o *ordered[V]) len() int { return len(o.entries) }

// keys returns the keys, oldest first.
func (o *ordered[V]) keys() []string {
	keys := make([]string, 0, len(o.entries))
	for k := range o.entries {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(o.entries[a].number, o.entries[b].number) })
	return keys
}
