package stream

import (
	"iter"
	"time"
)

// The readers that time has a part in. They wait on Wake and on a timer of their
// own: none has a goroutine. Each hands out what it holds before it takes a gap,
// and holds nothing while the loop's body runs, so a loop that is left loses
// nothing.

// Batches is All with the values collected in slices of up to limit. A batch is
// handed out when it is full, when d has passed since its first value was
// taken, before a gap, and at the end; it is never empty, and its slice is the
// caller's to keep. A limit below 1 is 1; with a d of 0 or less, time does not
// end a batch.
func (q *Queue[T]) Batches(limit int, d time.Duration) iter.Seq2[[]T, *Gap] {
	return q.collect(max(limit, 1), func() time.Duration { return d })
}

// MaxWindow is how many values a window holds before a part of it is handed out.
const MaxWindow = 1 << 16

// Window is All with the values collected in slices, one for each period of
// every, counted from the beginning of the loop. A period without values has
// none. A gap ends a slice, and so do MaxWindow values; the period goes on.
// With an every of 0 or less there is one period without an end.
func (q *Queue[T]) Window(every time.Duration) iter.Seq2[[]T, *Gap] {
	return func(yield func([]T, *Gap) bool) {
		q.collect(MaxWindow, periods(every))(yield)
	}
}

// periods returns a function that tells how long the present period still lasts.
func periods(every time.Duration) func() time.Duration {
	if every <= 0 {
		return func() time.Duration { return 0 }
	}
	start := time.Now()
	return func() time.Duration { return every - time.Since(start)%every }
}

// collect is what Batches and Window have in common. wait tells how long a slice
// is kept open whose first value was just taken: for ever if it is 0 or less.
func (q *Queue[T]) collect(limit int, wait func() time.Duration) iter.Seq2[[]T, *Gap] {
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
					batch = make([]T, 0, min(limit, q.capacity()))
					if d := wait(); d > 0 {
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

// Debounce is All without the values that are soon followed by another: a value
// is handed out when no other was taken for quiet, when longest has passed since
// the last one was handed out and another came, before a gap, and at the end. The
// others are counted as superseded. With a longest of 0 or less, values that keep
// coming put it off for ever.
func (q *Queue[T]) Debounce(quiet, longest time.Duration) iter.Seq2[T, *Gap] {
	return func(yield func(T, *Gap) bool) {
		var since time.Time
		q.newest(func(first bool) time.Duration {
			if longest <= 0 {
				return quiet
			}
			if first {
				since = time.Now()
			}
			return min(quiet, longest-time.Since(since))
		})(yield)
	}
}

// Sample is All with the newest value of each period of every, counted from the
// beginning of the loop: it is handed out when the period ends, before a gap, and
// at the end. The others are counted as superseded. A period without values has
// none. With an every of 0 or less each value is handed out.
func (q *Queue[T]) Sample(every time.Duration) iter.Seq2[T, *Gap] {
	return func(yield func(T, *Gap) bool) {
		var due time.Time
		left := periods(every)
		q.newest(func(first bool) time.Duration {
			if first {
				due = time.Now().Add(left())
			}
			return time.Until(due)
		})(yield)
	}
}

// newest is what Debounce and Sample have in common: it holds the newest value
// until its time has come. wait is asked after each value how long that is, and
// told whether it is the first since one was handed out.
func (q *Queue[T]) newest(wait func(first bool) time.Duration) iter.Seq2[T, *Gap] {
	return func(yield func(T, *Gap) bool) {
		var held T
		holds := false
		var timeout <-chan time.Time
		timer := newStoppedTimer()
		defer timer.Stop()
		flush := func() bool {
			if !holds {
				return true
			}
			v := held
			held, holds, timeout = *new(T), false, nil
			timer.Stop()
			return yield(v, nil)
		}
		for {
			v, found := q.pull()
			switch found {
			case aValue:
				if holds {
					q.leaveOut()
				}
				d := wait(!holds)
				held, holds = v, true
				timer.Reset(d)
				timeout = timer.C
				due := d <= 0
				select {
				case <-timeout:
					due = true
				default:
				}
				if due && !flush() {
					return
				}
			case aGap:
				if !flush() {
					return
				}
				if g, ok := q.takeGap(true); ok && !yield(v, &g) {
					return
				}
			case nothing:
				expired := false
				select {
				case <-q.wake:
				case <-timeout:
					expired = true
				}
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

// Timeout is All with the values in slices of what is there, up to the capacity,
// and with an empty slice each time that neither a value nor a gap has come for
// d. With a d of 0 or less there is no such slice.
func (q *Queue[T]) Timeout(d time.Duration) iter.Seq2[[]T, *Gap] {
	return func(yield func([]T, *Gap) bool) {
		var batch []T
		last := time.Now()
		var timeout <-chan time.Time
		timer := newStoppedTimer()
		defer timer.Stop()
		flush := func() bool {
			full := batch
			batch = nil
			return len(full) == 0 || yield(full, nil)
		}
		for {
			v, found := q.pull()
			if found == aValue || found == aGap {
				last = time.Now()
			}
			switch found {
			case aValue:
				if batch = append(batch, v); len(batch) >= q.capacity() && !flush() {
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
				if len(batch) > 0 {
					if !flush() {
						return
					}
					continue // more may have come meanwhile
				}
				if d > 0 && time.Since(last) >= d {
					last = time.Now()
					if !yield(nil, nil) {
						return
					}
					continue
				}
				if d > 0 {
					timer.Reset(d - time.Since(last))
					timeout = timer.C
				}
				select {
				case <-q.wake:
				case <-timeout: // silence, unless something came in the same instant
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
