package rtx

import (
	"iter"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// The readers that time has a part in. None has a goroutine.

// Batches returns the values of s in slices of up to limit values, and its gaps in their places. A
// batch is handed out when it is full, when d has passed since its first value was taken, before a
// gap, and at the end of the stream. A batch is never empty, and the caller may keep its slice. A
// limit below 1 is taken as 1. If d is 0 or less, batches have no time limit. Like [Stream.All],
// Batches waits for more until the stream ends; then ask Err.
func Batches[T any](s *Stream[T], limit int, d time.Duration) iter.Seq2[[]T, *Gap] {
	return timed(s, func(q *stream.Queue[T]) iter.Seq2[[]T, *stream.Gap] { return q.Batches(limit, d) })
}

// Window returns the values of s in slices, one for each period of length every. The periods follow
// each other without a pause, from the beginning of the loop. A value belongs to the period in
// which it is taken. A period without values has no slice, and the caller may keep a slice. A gap
// ends the slice and comes right after it; the values that come later in the same period are
// another slice. So do 65,536 values, so that the memory is bounded. If every is 0 or less, there
// is one period without an end. Like [Stream.All], Window waits for more until the stream ends;
// then ask Err.
func Window[T any](s *Stream[T], every time.Duration) iter.Seq2[[]T, *Gap] {
	return timed(s, func(q *stream.Queue[T]) iter.Seq2[[]T, *stream.Gap] { return q.Window(every) })
}

// Debounce returns the values of s that no other value follows soon, and its gaps in their places.
// A value is handed out when no other one was taken for the time quiet. If values keep coming, the
// newest is handed out when longest has passed since the first of them; if longest is 0 or less,
// that has no limit. A gap does not wait: the value that was held back comes first, then the gap.
// At the end of the stream that value is handed out too. The values that are left out are no loss,
// and [StreamStats].Superseded counts them. If quiet is 0 or less, every value is handed out. Like
// [Stream.All], Debounce waits for more until the stream ends; then ask Err.
func Debounce[T any](s *Stream[T], quiet, longest time.Duration) iter.Seq2[T, *Gap] {
	return timed(s, func(q *stream.Queue[T]) iter.Seq2[T, *stream.Gap] { return q.Debounce(quiet, longest) })
}

// Sample returns the newest value of s in each period of length every, when the period ends, and
// its gaps in their places. The periods follow each other without a pause, from the beginning of
// the loop. A period without values hands nothing out. A gap does not wait: the newest value comes
// first, then the gap. At the end of the stream that value is handed out too. The values that are
// left out are no loss, and [StreamStats].Superseded counts them. If every is 0 or less, every
// value is handed out. Like [Stream.All], Sample waits for more until the stream ends; then ask
// Err.
//
// For the newest value of each of several keys, use [WithConflate].
func Sample[T any](s *Stream[T], every time.Duration) iter.Seq2[T, *Gap] {
	return timed(s, func(q *stream.Queue[T]) iter.Seq2[T, *stream.Gap] { return q.Sample(every) })
}

// Timeout returns the values of s in slices, its gaps in their places, and an empty slice, with a
// nil gap, each time that neither a value nor a gap has come for d. A slice has what was there when
// it was taken, so a reader that keeps up gets one value at a time. The caller may keep a slice. If
// d is 0 or less, there is no empty slice. Like [Stream.All], Timeout waits for more until the
// stream ends; then ask Err.
//
//	for orders, gap := range rtx.Timeout(stream, time.Minute) {
//		switch {
//		case gap != nil:
//			reload(gap)
//		case len(orders) == 0:
//			warn("no order for a minute")
//		default:
//			handle(orders)
//		}
//	}
func Timeout[T any](s *Stream[T], d time.Duration) iter.Seq2[[]T, *Gap] {
	return timed(s, func(q *stream.Queue[T]) iter.Seq2[[]T, *stream.Gap] { return q.Timeout(d) })
}

// timed returns an iterator of the stream's queue, with the Gap of this package.
func timed[T, V any](s *Stream[T], read func(*stream.Queue[T]) iter.Seq2[V, *stream.Gap]) iter.Seq2[V, *Gap] {
	return func(yield func(V, *Gap) bool) {
		if !s.opened() {
			return
		}
		for v, gap := range read(s.q) {
			if !yield(v, s.told(gap)) {
				return
			}
		}
	}
}
