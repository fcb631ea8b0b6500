package stream

import "sync/atomic"

// A Tally adds up the losses of many queues. It is counted where they are, so
// reading it costs nothing, however many queues there are.
type Tally struct {
	Dropped   atomic.Uint64 // values that did not fit, or were discarded at the end
	Malformed atomic.Uint64 // payloads that could not be decoded
}

// count notes losses in the queue's own figures and in the tally of all.
func (q *Queue[T]) count(dropped, malformed uint64) {
	q.dropped += dropped
	q.failed += malformed
	if q.tally == nil {
		return
	}
	if dropped > 0 {
		q.tally.Dropped.Add(dropped)
	}
	if malformed > 0 {
		q.tally.Malformed.Add(malformed)
	}
}
