package stream

import (
	"iter"
	"time"
)

// All returns what the queue holds and gets, values and losses in their order:
// a value as (v, nil), a loss as (zero, &gap). It waits for more until the queue
// has ended and everything was handed out. A loop that is left early loses
// nothing, and leaves the queue open.
//
// With one reader every gap stands exactly in its place.
func (q *Queue[T]) All() iter.Seq2[T, *Gap] {
	return func(yield func(T, *Gap) bool) {
		for {
			v, found := q.pull()
			switch found {
			case aValue:
				if !yield(v, nil) {
					return
				}
			case aGap:
				if g, ok := q.takeGap(true); ok && !yield(v, &g) {
					return
				}
			case nothing:
				<-q.wake
				q.waiting.Add(-1)
			case theEnd:
				return
			}
		}
	}
}

// Batches is All with the values collected in slices of up to limit. A batch is
// handed out when it is full, when d has passed since its first value was
// taken, before a gap, and at the end; it is never empty, and its slice is the
// caller's to keep. A max below 1 is 1; with a d of 0 or less, time does not
// end a batch.
func (q *Queue[T]) Batches(limit int, d time.Duration) iter.Seq2[[]T, *Gap] {
	limit = max(limit, 1)
	return func(yield func([]T, *Gap) bool) {
		var batch []T
		var timeout <-chan time.Time
		timer := newStoppedTimer()
		defer timer.Stop()
		flush := func() bool {
			full := batch
			batch, timeout = nil, nil
			timer.Stop()
			return len(full) == 0 || yield(full, nil)
		}
		for {
			v, found := q.pull()
			switch found {
			case aValue:
				if batch == nil {
					batch = make([]T, 0, min(limit, cap(q.c)))
					if d > 0 {
						timer.Reset(d)
						timeout = timer.C
					}
				}
				batch = append(batch, v)
				full := len(batch) >= limit
				select {
				case <-timeout: // values keep coming, but too slowly to fill it
					full = true
				default:
				}
				if full && !flush() {
					return
				}
			case aGap:
				if !flush() {
					return
				}
				if g, ok := q.takeGap(true); ok && !yield(nil, &g) {
					return
				}
			case nothing:
				expired := false
				select {
				case <-q.wake:
				case <-timeout:
					expired = true
				}
				q.waiting.Add(-1)
				if expired && !flush() {
					return
				}
			case theEnd:
				flush()
				return
			}
		}
	}
}

func newStoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// What pull has found.
type found int

const (
	nothing found = iota // for now: the caller counts as waiting, on wake
	aValue
	aGap // to be fetched with takeGap
	theEnd
)

// pull takes the next value, unless a loss comes first. Doing both under the
// lock, which a receive from C does without, is what makes places exact: no
// value can be dropped between the look and the receive. And a caller who
// learns of a loss has no value in his hand yet that he could lose.
func (q *Queue[T]) pull() (v T, f found) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.due(true) {
		return v, aGap
	}
	select {
	case value, ok := <-q.c:
		if !ok {
			q.rouse() // others may be waiting too
			return v, theEnd
		}
		if len(q.c) > 0 {
			q.rouse()
		}
		return value, aValue
	default:
		if q.wake == nil {
			q.wake = make(chan struct{}, 1)
		}
		q.waiting.Add(1)
		return v, nothing
	}
}
