package stream

// A burst is what the producer holds back of the values that come close together, so that a reader
// of C is woken once for all of them, and not for each: one that has taken the first would wait
// again before the second is there.
//
// They are accepted, and C has room for them: nobody else sends while nothing is spilled. So
// whatever looks at the order of values and losses lets them go first, and only then looks.
type burst[T any] struct {
	values []T
}

// maxBurst is how many values are held back at most. They are also at most a quarter of what C
// buffers, so that they take little memory beside it.
const maxBurst = 64

func (b *burst[T]) len() int {
	if b == nil {
		return 0
	}
	return len(b.values)
}

// PushQuietly is Push for a caller with more to push soon: it may hold the value back, and leaves Wake
// without a token. The caller must call Rouse before it waits for anything. first reports that Rouse
// is needed from now on.
func (q *Queue[T]) PushQuietly(v T, channel string, size int) (open, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return false, false
	}
	if q.rare != nil || q.spill.len() > 0 || !q.hold(v, channel) {
		return q.push(v, channel, size), false
	}
	return true, len(q.burst.values) == 1
}

// hold holds a value back, if C has room for it.
func (q *Queue[T]) hold(v T, channel string) bool {
	held := q.burst.len()
	if held >= min(maxBurst, cap(q.c)/4) || len(q.c)+held >= cap(q.c) {
		return false
	}
	if q.burst == nil {
		q.burst = new(burst[T])
	}
	q.burst.values = append(q.burst.values, v)
	q.admit(channel)
	return true
}

// Rouse lets go what was held back, and puts a token into Wake.
func (q *Queue[T]) Rouse() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.release()
}

// release puts what is held back into C, with the lock held.
func (q *Queue[T]) release() {
	if q.burst.len() == 0 {
		return
	}
	for _, v := range q.burst.values {
		q.c <- v
	}
	clear(q.burst.values)
	q.burst.values = q.burst.values[:0]
	q.rouse()
}
