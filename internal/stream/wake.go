package stream

// Wake returns a channel of capacity 1 that wakes whoever takes by Pending. It
// has a token while there is something to take, a value or a loss, and is closed
// with C.
//
// Whoever receives the token owes a look: the first thing that he takes by
// Pending, All or Batches puts the token back if there is more. So a loop that
// is left early leaves a token behind, several loops wake each other, and none
// keeps the token from another for good. There may be a token with nothing to
// take: after a receive from C, which leaves it where it is, and while values
// are on their way out of a spill.
func (q *Queue[T]) Wake() <-chan struct{} { return q.wake }

// rouse puts a token into Wake, because there is something to take.
func (q *Queue[T]) rouse() {
	if q.closed || len(q.wake) > 0 {
		return
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// hush takes the token back if there is nothing to take. It need not be done
// after each value that was the last: a loop that goes on does it.
func (q *Queue[T]) hush() {
	if q.closed || q.more() {
		return
	}
	select {
	case <-q.wake:
	default:
	}
}

// more reports whether there is something to take.
func (q *Queue[T]) more() bool {
	return len(q.c) > 0 || q.burst.len() > 0 || q.spill.len() > 0 || q.conflated().len() > 0 || !q.marks.empty()
}

// Exhausted reports whether the queue has ended and everything was taken, the
// losses too.
func (q *Queue[T]) Exhausted() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed && len(q.c) == 0 && q.conflated().len() == 0 && q.marks.empty()
}
