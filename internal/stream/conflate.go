package stream

import "errors"

// conflation is what a queue has in place of a buffer if it keeps the newest
// value of each key only: a list in the order in which the keys came, of which
// each key has one place at most.
//
// A value is replaced where it stands, unless there is a loss after it. Then the
// newer one goes to the end, so that no value stands before a loss that it came
// after. So there is never more than one value of a key, and values have indexes
// that rise and have holes. A loss that stood before a value which has gone is
// before the next one: see marks.vacate.
type conflation[T any] struct {
	index    Index[T]
	capacity int // keys

	entries     []conflated[T]
	first, last int // entries; -1 if there are none
	free        int // the first free entry; -1 if there is none
	count       int
	extra       int64  // bytes of the values past the capacity, under Grow
	taken       uint64 // values
}

// conflated is one value, and its place in the list.
type conflated[T any] struct {
	value      T
	channel    string
	index      uint64
	extra      int64 // its bytes, if it came when the capacity was used up
	prev, next int   // -1 at the ends; next also links the free ones
}

// An Index finds the entry of the value that waits under a key. look calls the
// user's function and is for the producer, without the lock. The rest is called
// with the lock held, calls no code of a user's, and is about the value that was
// looked at last.
type Index[T any] interface {
	look(v T) error
	entry() (int, bool)
	add(entry int)
	remove(entry int)
}

// ErrKey says that a key is not equal to itself, such as a NaN: nothing could
// find it again.
var ErrKey = errors.New("the key is not equal to itself")

// By returns the index of a queue that conflates by key.
func By[T any, K comparable](key func(T) K) Index[T] {
	return &index[T, K]{key: key, at: make(map[K]int)}
}

type index[T any, K comparable] struct {
	key  func(T) K
	next K // of the value that was looked at last
	at   map[K]int
	keys []K // by entry
}

func (x *index[T, K]) look(v T) error {
	k := x.key(v)
	if x.next = k; k != x.next { // which panics for an interface that holds no comparable value
		return ErrKey
	}
	return nil
}

func (x *index[T, K]) entry() (int, bool) {
	at, ok := x.at[x.next]
	return at, ok
}

func (x *index[T, K]) add(entry int) {
	for entry >= len(x.keys) {
		x.keys = append(x.keys, *new(K))
	}
	x.keys[entry] = x.next
	x.at[x.next] = entry
}

func (x *index[T, K]) remove(entry int) {
	delete(x.at, x.keys[entry])
	x.keys[entry] = *new(K)
}

// OpenConflated is Open for a queue that conflates: it has room for c.Capacity
// keys, and no C. Policy is what becomes of a value whose key has no room; under
// Grow, further keys have room while their values are no more bytes than that.
// The index belongs to the queue.
func (q *Queue[T]) OpenConflated(c Config, by Index[T]) {
	q.rarely().conflation = &conflation[T]{index: by, capacity: max(c.Capacity, 1), first: -1, last: -1, free: -1}
	q.open(c)
}

// Conflates reports whether the queue was opened by OpenConflated.
func (q *Queue[T]) Conflates() bool { return q.c == nil }

// Look finds the key of the value that is pushed next, for a queue that conflates;
// for another it does nothing. It calls the user's function, which may panic.
func (q *Queue[T]) Look(v T) error {
	if !q.Conflates() {
		return nil
	}
	return q.rare.conflation.index.look(v)
}

// conflate is Push, with the lock held.
func (q *Queue[T]) conflate(v T, channel string, bytes int64) bool {
	c := q.conflated()
	at, waits := c.index.entry()
	if waits {
		q.rare.superseded.all++
		if !q.marks.after(c.entries[at].index) && c.replace(at, v, channel, bytes, q.policy) {
			q.rare.lag.entry(at)
			return true
		}
		q.marks.vacate(c.remove(at, q.accepted))
	}
	for !c.room(bytes, q.policy) {
		if q.policy == DropOldest {
			q.conflateHead()
			continue
		}
		q.missTail(dropped(channel))
		if q.policy != DropNewest {
			q.end(ErrOverflow)
		}
		return !q.ended
	}
	c.append(conflated[T]{value: v, channel: channel, index: q.accepted}, bytes)
	q.rare.lag.entry(c.last)
	q.accepted++
	q.rouse()
	return true
}

// conflateHead drops the oldest value.
func (q *Queue[T]) conflateHead() {
	c := q.conflated()
	channel := c.entries[c.first].channel
	i, next := c.remove(c.first, q.accepted)
	q.count(1, 0)
	q.lossMarks().head(i, next, dropped(channel))
	q.announce()
}

// pullConflated is pull, with the lock held and no loss due.
func (q *Queue[T]) pullConflated() (v T, f found) {
	c := q.conflated()
	switch {
	case c.count > 0:
		v = c.entries[c.first].value
		q.rare.lag.tookEntry(c.first)
		c.remove(c.first, q.accepted)
		c.taken++
		if q.more() {
			q.rouse()
		}
		return v, aValue
	case q.closed:
		return v, theEnd
	}
	q.hush()
	return v, nothing
}

func (c *conflation[T]) len() int {
	if c == nil {
		return 0
	}
	return c.count
}

// head returns the index of the first value, or the number of all accepted ones.
func (c *conflation[T]) head(accepted uint64) uint64 {
	if c.count == 0 {
		return accepted
	}
	return c.entries[c.first].index
}

// room reports whether there is room for the value of another key.
func (c *conflation[T]) room(bytes int64, p Policy) bool {
	return c.count < c.capacity || p > 0 && bytes <= int64(p)-c.extra
}

// replace puts a newer value in the place of one, and reports false if that would
// be more than Grow allows.
func (c *conflation[T]) replace(at int, v T, channel string, bytes int64, p Policy) bool {
	e := &c.entries[at]
	if e.extra > 0 {
		if bytes > int64(p)-(c.extra-e.extra) {
			return false
		}
		c.extra += bytes - e.extra
		e.extra = bytes
	}
	e.value, e.channel = v, channel
	return true
}

func (c *conflation[T]) append(e conflated[T], bytes int64) {
	if c.count >= c.capacity {
		e.extra = bytes
		c.extra += bytes
	}
	e.prev, e.next = c.last, -1
	at := c.free
	if at >= 0 {
		c.free = c.entries[at].next
		c.entries[at] = e
	} else {
		at = len(c.entries)
		c.entries = append(c.entries, e)
	}
	if c.last >= 0 {
		c.entries[c.last].next = at
	} else {
		c.first = at
	}
	c.last = at
	c.count++
	c.index.add(at)
}

// remove takes a value out, and returns its index and that of the value after it,
// or the number of all accepted ones.
func (c *conflation[T]) remove(at int, accepted uint64) (i, next uint64) {
	e := c.entries[at]
	i, next = e.index, accepted
	if e.next >= 0 {
		next = c.entries[e.next].index
		c.entries[e.next].prev = e.prev
	} else {
		c.last = e.prev
	}
	if e.prev >= 0 {
		c.entries[e.prev].next = e.next
	} else {
		c.first = e.next
	}
	c.index.remove(at)
	c.entries[at] = conflated[T]{next: c.free}
	c.free = at
	c.count--
	c.extra -= e.extra
	return i, next
}
