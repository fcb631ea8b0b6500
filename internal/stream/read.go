package stream

import "iter"

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
			case theEnd:
				return
			}
		}
	}
}

// Pending returns what the queue holds now, as All does, and does not wait: a
// loop hands out as many values and losses as there were at its beginning, at
// most, so it ends however fast more come. A loop that is left early loses
// nothing; for what is left there is a token in Wake.
func (q *Queue[T]) Pending() iter.Seq2[T, *Gap] {
	return func(yield func(T, *Gap) bool) {
		for n := q.backlog(); n > 0; n-- {
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
			default:
				return
			}
		}
		if len(q.wake) > 0 {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.hush()
		}
	}
}

// backlog returns how many values and losses there are to take.
func (q *Queue[T]) backlog() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if c := q.conflated(); c != nil {
		return c.len() + q.marks.count()
	}
	q.release()
	q.recall()
	return len(q.c) + q.spill.len() + q.marks.count()
}

// What pull has found.
type found int

const (
	nothing found = iota // for now: the caller may wait on wake
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
		q.rouse() // until it is taken
		return v, aGap
	}
	if q.conflated() != nil {
		return q.pullConflated()
	}
	if len(q.c) == 0 {
		q.release()
		if q.spill.len() > 0 { // its pump is late
			q.recall()
			q.refill()
		}
	}
	select {
	case value, ok := <-q.c:
		if !ok {
			return v, theEnd
		}
		if q.rare != nil {
			q.notice(1)
		}
		if q.more() {
			q.rouse()
		}
		return value, aValue
	default:
		q.hush()
		return v, nothing
	}
}
