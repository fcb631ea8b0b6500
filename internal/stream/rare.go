package stream

// rare is what few queues have, or only at their end, so that ten thousand others
// are smaller without it.
type rare[T any] struct {
	err        error          // of the end
	conflation *conflation[T] // nil if the queue has a buffer
	superseded superseded
}

func (q *Queue[T]) rarely() *rare[T] {
	if q.rare == nil {
		q.rare = new(rare[T])
	}
	return q.rare
}

// conflated returns what the queue has in place of a buffer, or nil.
func (q *Queue[T]) conflated() *conflation[T] {
	if q.rare == nil {
		return nil
	}
	return q.rare.conflation
}
