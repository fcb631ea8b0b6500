package stream

import (
	"iter"
	"time"
)

// Gaps returns the losses that are due, oldest first, and clears each as it is
// handed out; a loop that is left early leaves the rest in place, with a token
// in Lost.
//
// A loss is due once a value after it has been taken, or when nothing is left
// to take. So whoever receives a value and asks for gaps before handling it
// learns of every loss before that value, and of none after it as long as more
// values are there. (For a place that is exact in every case, use Pending or All.)
func (q *Queue[T]) Gaps() iter.Seq[Gap] {
	return func(yield func(Gap) bool) {
		defer q.remind()
		for {
			g, ok := q.takeGap(false)
			if !ok || !yield(g) {
				return
			}
		}
	}
}

// takeGap returns the oldest loss if it is due: see due.
func (q *Queue[T]) takeGap(atHead bool) (Gap, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.due(atHead) {
		return Gap{}, false
	}
	g := q.marks.take()
	q.marks.reminder.delay = 0
	if q.marks.empty() {
		q.marks.reminder.stop()
		select { // the token would wake somebody for nothing
		case <-q.lost:
		default:
		}
	}
	return g, true
}

// due reports whether the oldest loss is to be told now. A loss right before
// the head is due to a caller who has handled all values taken so far, which
// only Pending, All and Batches know of themselves (atHead), and to anybody if there is
// no head.
func (q *Queue[T]) due(atHead bool) bool {
	if q.marks.empty() {
		return false
	}
	head, place := q.head(), q.marks.first()
	return place < head || place == head && (atHead || head == q.accepted)
}

// announce puts a token into Lost and into Wake, for a new loss.
func (q *Queue[T]) announce() {
	q.marks.reminder.delay = 0
	q.signal()
	q.rouse()
}

func (q *Queue[T]) signal() {
	select {
	case q.lost <- struct{}{}:
	default:
	}
}

// A reminder puts the token back into Lost after a while. A loss that is not
// due when its token is used becomes due when a value is taken, and nobody
// notices that: without a reminder, the one who waits would wait for ever.
//
// It goes off once. If the loss is not due then either, whoever uses the token
// and asks again sets it again, for twice the time; so where nobody asks, no
// timer runs.
type reminder struct {
	timer *time.Timer
	set   bool
	delay time.Duration
}

const (
	minReminder = time.Millisecond
	maxReminder = 100 * time.Millisecond
)

// remind sees to it that somebody who waits on Lost learns of what is left.
func (q *Queue[T]) remind() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.marks.empty() {
		return
	}
	if q.due(false) {
		q.signal()
		return
	}
	r := &q.marks.reminder
	if r.set {
		return
	}
	r.set = true
	r.delay = min(max(2*r.delay, minReminder), maxReminder)
	if r.timer == nil {
		r.timer = time.AfterFunc(r.delay, q.remembered)
	} else {
		r.timer.Reset(r.delay)
	}
}

func (q *Queue[T]) remembered() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.marks.reminder.set = false
	if !q.marks.empty() {
		q.signal()
	}
}

func (r *reminder) stop() {
	if r.set {
		r.timer.Stop()
		r.set = false
	}
}
