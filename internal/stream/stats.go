package stream

// Stats are the figures of a queue at one moment. What was pushed is in one of
// Depth, Delivered, Superseded and Dropped.
type Stats struct {
	Depth      int    // values accepted and not yet taken, spilled ones included
	Capacity   int    // values that C buffers, or keys that a queue which conflates has room for
	Delivered  uint64 // values taken and handed out
	Dropped    uint64 // values lost because they did not fit, or were discarded at the end
	Malformed  uint64 // payloads that could not be decoded
	Superseded uint64 // values that a later one replaced, by Conflate, Debounce or Sample
	Lag        *Lag   // of the values taken; nil if it is not measured
}

// Stats returns the queue's figures. It is cheap, and may be called at any time
// from any goroutine.
func (q *Queue[T]) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := Stats{Capacity: q.capacity(), Dropped: q.dropped, Malformed: q.failed}
	if c := q.conflated(); c != nil {
		s.Depth, s.Delivered = c.len(), c.taken
	} else {
		head := q.head()
		s.Depth, s.Delivered = int(q.accepted-head), head-q.evicted
		if q.lagging() != nil {
			q.noticeTo(head, 0)
		}
	}
	if q.rare != nil {
		s.Superseded = q.rare.superseded.all
		s.Delivered -= q.rare.superseded.taken
		s.Lag = q.rare.lag.figures()
	}
	return s
}

// Dropped returns the count of values that were dropped.
func (q *Queue[T]) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// capacity is that of the buffer. It never changes.
func (q *Queue[T]) capacity() int {
	if q.c != nil {
		return cap(q.c)
	}
	return q.rare.conflation.capacity
}
