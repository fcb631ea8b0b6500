package stream

import "context"

// Ended reports whether Push accepts nothing more.
func (q *Queue[T]) Ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended
}

// Spilling reports whether values behind the buffer are still on their way to C.
func (q *Queue[T]) Spilling() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pump() != nil
}

// pump is the goroutine that lets the spill out, or nil.
func (q *Queue[T]) pump() *pump {
	if q.spill == nil {
		return nil
	}
	return q.spill.pump
}

// Drained returns nil when no goroutine of the queue is left, or the cause of
// ctx if that ends first. After End that is at once if nothing was spilled or
// the spill was discarded, and otherwise when the readers have taken it.
func (q *Queue[T]) Drained(ctx context.Context) error {
	q.mu.Lock()
	p := q.pump()
	q.mu.Unlock()
	if p == nil {
		return nil
	}
	select {
	case <-p.gone:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
