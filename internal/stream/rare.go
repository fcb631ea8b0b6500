package stream

// rare is what few queues have, or only at their end, so that ten thousand others
// are smaller without it.
type rare[T any] struct {
	err        error          // of the end
	conflation *conflation[T] // nil if the queue has a buffer
	superseded superseded
	lag        *lag // nil if nobody measures it
	watches    []depthWatch
}

func (q *Queue[T]) rarely() *rare[T] {
	if q.rare == nil {
		q.rare = new(rare[T])
	}
	return q.rare
}

// pushRarely is Push for a queue that has something of that, with the lock held.
func (q *Queue[T]) pushRarely(v T, channel string, size int) bool {
	q.notice(0)
	before := 0
	if q.rare.watches != nil {
		before = q.depth()
	}
	open := q.pushAny(v, channel, size)
	if q.rare.watches != nil {
		q.filled(before)
	}
	return open
}

func (q *Queue[T]) pushAny(v T, channel string, size int) (open bool) {
	if q.conflated() != nil {
		return q.conflate(v, channel, max(int64(size), 1))
	}
	before := q.accepted
	open = q.spill.len() == 0 && q.send(v, channel) || q.overflow(v, channel, size)
	if q.accepted != before {
		q.accept()
	}
	return open
}

// conflated returns what the queue has in place of a buffer, or nil.
func (q *Queue[T]) conflated() *conflation[T] {
	if q.rare == nil {
		return nil
	}
	return q.rare.conflation
}
