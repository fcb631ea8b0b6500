package stream

import (
	"sync"
	"time"
)

// Config is how a queue is to behave.
type Config struct {
	// Capacity is the number of values that C buffers; below 1 it is 1.
	Capacity int

	// Policy is what becomes of a value that does not fit.
	Policy Policy

	// MultiSource says that values of several channels are pushed. DropOldest
	// then remembers the channel of each buffered value, so that it can name
	// the one that lost a value.
	MultiSource bool

	// NamedGaps is how many gaps that wait for the reader may each have a
	// channel of their own; nil for any number. See [Gap.Several]. It is called
	// with the queue's lock held.
	NamedGaps func() int

	// NoGaps makes losses silent, for a queue in which a later value replaces
	// all earlier ones: they are counted in Stats and told to nobody.
	NoGaps bool

	// Arrived, if it is not nil, has the lag of the values measured. The producer
	// sets what it points to before each push, to the time at which the value
	// came.
	Arrived *time.Time

	// Tally, if there is one, counts the losses of this queue with those of
	// others.
	Tally *Tally
}

// A Queue passes values from one producer, which never waits, to one reader,
// or to several that share it. Its methods may be called concurrently, except
// Push, of which there is one caller at a time. A queue is made by New, or where
// it stands by Open.
type Queue[T any] struct {
	c      chan T
	wake   chan struct{}
	lost   chan struct{}
	policy Policy
	tally  *Tally

	mu       sync.Mutex // never held across anything that can block, but see recall
	noGaps   bool
	remember bool // fill origins
	ended    bool // Push accepts nothing more
	closed   bool // C and Wake are closed: ended, and nothing is spilled

	accepted uint64 // values; the index of the next one
	evicted  uint64 // of these, values dropped from the head
	dropped  uint64
	failed   uint64    // payloads that were malformed
	origins  *[]string // the channel of the buffered value with index i, at i modulo the capacity
	marks    *marks    // nil before the first loss, if there is no limit to them
	spill    *spill[T] // nil before the first value that is spilled
	rare     *rare[T]  // nil in most queues
	burst    *burst[T] // nil before the first call of PushQuietly
}

// New returns an open queue.
func New[T any](c Config) *Queue[T] {
	q := new(Queue[T])
	q.Open(c)
	return q
}

// Open makes the zero Queue an open one. It is called once, before all else.
func (q *Queue[T]) Open(c Config) {
	q.c = make(chan T, max(c.Capacity, 1))
	q.open(c)
}

func (q *Queue[T]) open(c Config) {
	q.wake = make(chan struct{}, 1)
	q.lost = make(chan struct{}, 1)
	q.policy, q.noGaps, q.tally = c.Policy, c.NoGaps, c.Tally
	q.remember = c.MultiSource && c.Policy == DropOldest && !c.NoGaps
	if c.NamedGaps != nil {
		q.marks = &marks{limit: c.NamedGaps}
	}
	if c.Arrived != nil {
		q.rarely().lag = newLag(c.Arrived)
	}
}

// C returns the channel of values, nil for a queue that conflates. It is closed
// once the queue has ended and nothing is spilled; what is buffered then stays
// readable.
func (q *Queue[T]) C() <-chan T { return q.c }

// Lost returns a channel of capacity 1 that wakes whoever waits for gaps: after
// a token Gaps may have something. It is never closed.
func (q *Queue[T]) Lost() <-chan struct{} { return q.lost }

// Push hands v over, which came from channel and had size bytes on the wire. It
// never waits. It reports whether the queue is open: false means that the queue
// had ended, or has ended just now because v did not fit.
func (q *Queue[T]) Push(v T, channel string, size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return false
	}
	return q.push(v, channel, size)
}

// push is Push with the lock held.
func (q *Queue[T]) push(v T, channel string, size int) bool {
	q.release()
	if q.rare != nil {
		return q.pushRarely(v, channel, size)
	}
	if q.spill.len() == 0 && q.send(v, channel) {
		return true
	}
	return q.overflow(v, channel, size)
}

// overflow is Push for a value that does not fit into C, with the lock held.
func (q *Queue[T]) overflow(v T, channel string, size int) bool {
	switch {
	case q.policy == DropNewest:
		q.missTail(dropped(channel))
	case q.policy == EndStream:
		q.missTail(dropped(channel))
		q.end(ErrOverflow)
	case q.policy > 0: // Grow
		if !q.store(v, channel, max(int64(size), 1)) {
			q.missTail(dropped(channel))
			q.end(ErrOverflow)
		}
	default:
		for {
			q.dropHead(channel)
			if q.send(v, channel) {
				break
			}
		}
	}
	return !q.ended
}

// send puts v into C if there is room.
func (q *Queue[T]) send(v T, channel string) bool {
	select {
	case q.c <- v:
	default:
		return false
	}
	q.admit(channel)
	q.rouse()
	return true
}

// admit counts a value that goes into C.
func (q *Queue[T]) admit(channel string) {
	if q.remember {
		if q.origins == nil {
			q.origins = new(make([]string, cap(q.c)))
		}
		(*q.origins)[q.accepted%uint64(cap(q.c))] = channel
	}
	q.accepted++
}

// dropHead takes the oldest value out of C, unless a reader has just made room.
func (q *Queue[T]) dropHead(channel string) {
	n := len(q.c)
	if n < cap(q.c) {
		return
	}
	select {
	case <-q.c:
	default:
		return
	}
	first := q.accepted - uint64(n)
	q.missHead(first, first+uint64(n-1-len(q.c)), channel)
}

// missHead counts the loss of one of the values from first to last.
//
// They are more than one if a reader has received between the two looks at C's
// length. Nobody can tell then which of them was dropped and which received:
// the loss is put before the first, so that it is told early rather than late.
func (q *Queue[T]) missHead(first, last uint64, channel string) {
	q.evicted++
	q.count(1, 0)
	if l := q.lagging(); l != nil {
		l.waiting.pop()
	}
	if q.noGaps {
		return
	}
	if q.remember {
		channel = q.origin(first, last)
	}
	q.lossMarks().head(first, first+1, dropped(channel))
	q.announce()
}

// origin returns the channel of the values from first to last, or "" if they
// have several.
func (q *Queue[T]) origin(first, last uint64) string {
	origins := *q.origins
	n := uint64(len(origins))
	channel := origins[first%n]
	for i := first + 1; i <= last; i++ {
		if origins[i%n] != channel {
			return ""
		}
	}
	return channel
}

func (q *Queue[T]) lossMarks() *marks {
	if q.marks == nil {
		q.marks = new(marks)
	}
	return q.marks
}

// missTail counts a loss that comes after all accepted values.
func (q *Queue[T]) missTail(g Gap) {
	q.count(g.Dropped, g.Malformed)
	if q.noGaps {
		return
	}
	q.lossMarks().tail(q.accepted, q.head(), g)
	q.announce()
}

// dropped is the loss, just now, of one value.
func dropped(channel string) Gap {
	now := time.Now()
	return Gap{Channel: channel, Dropped: 1, Since: now, Until: now}
}

// Mark notes a loss that happened elsewhere, after all values pushed so far: a
// reconnection, a payload that could not be decoded, a channel that left. A
// zero Since or Until becomes the present time. After the end it does nothing.
func (q *Queue[T]) Mark(g Gap) {
	if g.Since.IsZero() || g.Until.IsZero() {
		now := time.Now()
		if g.Since.IsZero() {
			g.Since = now
		}
		if g.Until.IsZero() {
			g.Until = now
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ended {
		q.missTail(g)
	}
}

// head returns the index of the value that is taken next.
func (q *Queue[T]) head() uint64 {
	if c := q.conflated(); c != nil {
		return c.head(q.accepted)
	}
	q.release()
	q.recall()
	return q.accepted - uint64(q.spill.len()) - uint64(len(q.c))
}

// End ends the queue and reports whether this call did. The first call's err is
// kept. What is buffered stays readable. What is spilled is thrown away and
// counted in a last gap for each channel if discard is set, even if the queue
// had ended before and was still letting its spill out; otherwise C is closed
// when the readers have got to the last of it.
func (q *Queue[T]) End(err error, discard bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.release()
	if discard {
		q.discard()
	}
	if q.ended {
		return false // the pump, if there is one, closes C
	}
	q.end(err)
	return true
}

// end lets the spill out, if there is one, before C is closed.
func (q *Queue[T]) end(err error) {
	q.ended = true
	if err != nil {
		q.rarely().err = err
	}
	if q.spill.len() == 0 {
		q.close()
	}
}

// close closes C and Wake, once. Nobody is sending: Push does so under the lock, and the
// pump is gone or has nothing on offer, since nothing is spilled.
func (q *Queue[T]) close() {
	if q.closed {
		return
	}
	q.closed = true
	if q.c != nil {
		close(q.c)
	}
	close(q.wake)
	if !q.marks.empty() {
		q.announce()
	}
}

// discard throws away what does not fit into C.
func (q *Queue[T]) discard() {
	q.recall()
	q.refill()
	if q.spill.len() == 0 {
		return
	}
	rest := q.spill.rest()
	q.accepted -= uint64(len(rest))
	q.lagging().forget(len(rest))
	q.marks.truncate(q.accepted)
	lost := dropped("")
	for _, v := range rest {
		lost.Channel = v.channel
		q.missTail(lost)
	}
}

// Err returns nil while the queue is open, and then what the first End gave.
func (q *Queue[T]) Err() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.rare == nil {
		return nil
	}
	return q.rare.err
}
