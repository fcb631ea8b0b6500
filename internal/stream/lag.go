package stream

import (
	"math/bits"
	"time"
)

// A Lag counts the values that were taken from a queue, by the time that they
// waited. It is rtx.LagHistogram, which documents the fields.
type Lag struct {
	Count  uint64
	Sum    float64
	Counts []uint64
}

// The bounds of the buckets: LagUnit, doubled LagBuckets-1 times.
const (
	LagUnit    = 50 * time.Microsecond
	LagBuckets = 20
)

// bucket returns the bucket of a lag; LagBuckets if it is above all bounds.
func bucket(d time.Duration) int {
	if d <= LagUnit {
		return 0
	}
	return min(bits.Len64(uint64((d-1)/LagUnit)), LagBuckets)
}

// lag measures how long values wait. Values leave C without anybody noticing, so
// it remembers when each value that was there at the last look had come, and each
// look compares that with what is there.
//
// It looks at each push and each take under the lock, and, while values wait that
// somebody may receive from C, by a timer: at first soon, and more and more seldom
// the longer the oldest of them waits.
type lag struct {
	arrived *time.Time // of the value that is pushed next; the producer's
	base    time.Time
	waiting stamps          // of a queue with a buffer: when its values came, since base
	entries []time.Duration // of a queue that conflates: the same, by entry

	fromC bool // the last take that was noticed was a receive from C, or there was none
	timer *time.Timer
	set   bool
	delay time.Duration
	seen  int // values that waited when the timer was set

	counts         [LagBuckets + 1]uint64
	count          uint64
	seconds, nanos uint64 // the sum
}

const (
	minLook  = time.Millisecond
	maxLook  = time.Second
	lookPart = 8 // of the time that the oldest value has waited, until the next look
)

func newLag(arrived *time.Time) *lag {
	return &lag{arrived: arrived, base: time.Now(), fromC: true}
}

// lagging returns what measures the lag, or nil.
func (q *Queue[T]) lagging() *lag {
	if q.rare == nil {
		return nil
	}
	return q.rare.lag
}

func (l *lag) now() time.Duration { return time.Since(l.base) }

// stamp is when the value that is pushed now has come.
func (l *lag) stamp() time.Duration { return l.arrived.Sub(l.base) }

// add counts a value that had come at the given time and was taken at now.
func (l *lag) add(came, now time.Duration) {
	d := max(now-came, 0)
	l.counts[bucket(d)]++
	l.count++
	if l.nanos += uint64(d); l.nanos >= 1<<62 {
		l.seconds += l.nanos / uint64(time.Second)
		l.nanos %= uint64(time.Second)
	}
}

func (l *lag) figures() *Lag {
	if l == nil {
		return nil
	}
	f := &struct { // one allocation: a collector asks for thousands
		Lag
		counts [LagBuckets + 1]uint64
	}{counts: l.counts}
	f.Count, f.Counts = l.count, f.counts[:]
	f.Sum = float64(l.seconds) + float64(l.nanos)/float64(time.Second)
	return &f.Lag
}

// entry stamps an entry of a queue that conflates.
func (l *lag) entry(at int) {
	if l == nil {
		return
	}
	for at >= len(l.entries) {
		l.entries = append(l.entries, 0)
	}
	l.entries[at] = l.stamp()
}

// tookEntry counts the value of an entry, which is taken.
func (l *lag) tookEntry(at int) {
	if l != nil {
		l.add(l.entries[at], l.now())
	}
}

// notice counts the values that were taken since the last look; own of them, at
// most, were taken by the caller.
func (q *Queue[T]) notice(own uint64) {
	if q.lagging() != nil && q.c != nil {
		q.noticeTo(q.head(), own)
	}
}

// noticeTo is notice with the head that was seen.
func (q *Queue[T]) noticeTo(head, own uint64) {
	l := q.rare.lag
	taken := head - (q.accepted - uint64(l.waiting.count))
	if taken == 0 {
		return
	}
	l.fromC = taken > own
	for now := l.now(); taken > 0; taken-- {
		l.add(l.waiting.pop(), now)
	}
}

// accept stamps the value that was pushed just now, which a waiting receiver may
// have already.
func (q *Queue[T]) accept() {
	l := q.lagging()
	if l == nil || q.c == nil {
		return
	}
	first := l.waiting.count == 0
	l.waiting.push(l.stamp())
	q.notice(0)
	switch {
	case l.waiting.count == 0 || !l.fromC:
	case !l.set:
		q.lookIn(l)
	case first && l.delay > minLook: // it was set for older ones
		l.delay = minLook
		l.timer.Reset(minLook)
	}
}

// lookIn sets the timer.
func (q *Queue[T]) lookIn(l *lag) {
	l.set, l.seen = true, l.waiting.count
	l.delay = min(max((l.now()-l.waiting.front())/lookPart, minLook), maxLook)
	if l.timer == nil {
		l.timer = time.AfterFunc(l.delay, q.looked)
	} else {
		l.timer.Reset(l.delay)
	}
}

// looked is the look of the timer. After the end it is the last one if a whole
// second has passed in which nothing was received: whoever has not come by then
// may never come.
func (q *Queue[T]) looked() {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lagging()
	l.set = false
	q.notice(0)
	left := l.waiting.count
	if left > 0 && l.fromC && !(q.closed && left == l.seen && l.delay == maxLook) {
		q.lookIn(l)
	}
}

// forget takes n values off the end, which were thrown away.
func (l *lag) forget(n int) {
	if l != nil {
		l.waiting.count -= n
	}
}

// stamps is a queue of times.
type stamps struct {
	ring  []time.Duration // its length is a power of 2
	first int
	count int
}

func (s *stamps) front() time.Duration { return s.ring[s.first] }

func (s *stamps) push(at time.Duration) {
	if s.count == len(s.ring) {
		ring := make([]time.Duration, max(2*len(s.ring), 8))
		n := copy(ring, s.ring[s.first:])
		copy(ring[n:], s.ring[:s.first])
		s.ring, s.first = ring, 0
	}
	s.ring[(s.first+s.count)&(len(s.ring)-1)] = at
	s.count++
}

func (s *stamps) pop() time.Duration {
	at := s.ring[s.first]
	s.first = (s.first + 1) & (len(s.ring) - 1)
	if s.count--; s.count == 0 && len(s.ring) > maxIdleStamps {
		*s = stamps{}
	}
	return at
}

// maxIdleStamps is how many times an empty queue keeps room for.
const maxIdleStamps = 1 << 10
