package stream

import "math"

// A depthWatch is told when a queue fills up.
type depthWatch struct {
	at   int // values
	tell func(depth, capacity int)
	told bool // the queue has not been below half of at since
}

// WatchDepth has tell called each time that the queue comes to have that share of
// its capacity, and has had less than half of that before. tell is called by the
// caller of Push, without the lock. WatchDepth must be called before the first
// Push.
func (q *Queue[T]) WatchDepth(share float64, tell func(depth, capacity int)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := int(math.Ceil(share*float64(q.capacity()) - 1e-9)) // a product such as 0.1*30 is a little more than 3
	r := q.rarely()
	r.watches = append(r.watches, depthWatch{at: max(at, 1), tell: tell})
}

// depth returns how many values wait.
func (q *Queue[T]) depth() int {
	if c := q.conflated(); c != nil {
		return c.len()
	}
	return int(q.accepted - q.head())
}

// filled tells the watches, with the lock released meanwhile, that a push has
// made the queue longer.
func (q *Queue[T]) filled(before int) {
	depth := q.depth()
	for i := range q.rare.watches {
		w := &q.rare.watches[i]
		if w.told = w.told && 2*before >= w.at; w.told || depth < w.at {
			continue
		}
		w.told = true
		q.unlocked(func() { w.tell(depth, q.capacity()) })
	}
}

// unlocked calls f without the lock.
func (q *Queue[T]) unlocked(f func()) {
	q.mu.Unlock()
	defer q.mu.Lock() // also if f ends the goroutine
	f()
}
