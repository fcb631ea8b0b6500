package flow

import "github.com/realtimex/realtimex-go/rtx"

// maxKnown is how many keys Changed remembers.
const maxKnown = 1 << 16

// Changed returns the values of src that differ from the one before them with the same key: those
// for which same reports false, and the first of each key. A value that is left out does not count
// as the one before. same may allow a tolerance.
//
// A gap passes in its place, and what was known of its channel is forgotten: the next value of each
// key passes, since what it should be compared with may be missing. channel says on which channel a
// value came. With a nil channel, and after a gap that names no channel, everything is forgotten;
// that is right for a stream of one channel.
//
// Changed remembers the last value of at least 32,768 keys, those used last, and of at most 65,536.
// A value of a key that was forgotten passes.
func Changed[T any, K comparable](src Seq[T], key func(T) K, same func(a, b T) bool, channel func(T) string) Seq[T] {
	need("Changed", key != nil && same != nil)
	src = some(src)
	var known memory[K, T]
	of := func(v T) string {
		if channel == nil {
			return ""
		}
		return channel(v)
	}
	return func(yield func(T, *rtx.Gap) bool) {
		src(func(v T, gap *rtx.Gap) bool {
			if gap != nil {
				if channel == nil || gap.Channel == "" {
					known = memory[K, T]{}
				} else {
					known.forget(gap.Channel)
				}
				return yield(v, gap)
			}
			ch, k := of(v), key(v)
			if last, ok := known.get(ch, k); ok && same(last, v) {
				return true
			}
			known.put(ch, k, v)
			return yield(v, nil)
		})
	}
}

// A memory has the last value of each key of each channel. It has two halves: when the young one is
// full, it becomes the old one, and what was there is forgotten.
type memory[K comparable, T any] struct {
	young, old map[string]map[K]T
	size       int // of young
}

// get also makes the key one that was used last.
func (m *memory[K, T]) get(channel string, k K) (v T, ok bool) {
	if v, ok = m.young[channel][k]; ok {
		return v, true
	}
	if v, ok = m.old[channel][k]; ok {
		delete(m.old[channel], k)
		m.put(channel, k, v)
	}
	return v, ok
}

func (m *memory[K, T]) put(channel string, k K, v T) {
	of := m.young[channel]
	if _, ok := of[k]; ok {
		of[k] = v
		return
	}
	if m.size == maxKnown/2 {
		m.young, m.old, m.size, of = nil, m.young, 0, nil
	}
	if of == nil {
		if m.young == nil {
			m.young = make(map[string]map[K]T)
		}
		of = make(map[K]T)
		m.young[channel] = of
	}
	of[k] = v
	m.size++
}

func (m *memory[K, T]) forget(channel string) {
	m.size -= len(m.young[channel])
	delete(m.young, channel)
	delete(m.old, channel)
}
