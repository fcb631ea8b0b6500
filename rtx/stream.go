package rtx

import (
	"context"
	"iter"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// A Stream is the values of one subscription to events, on a Go channel. Its methods may be called concurrently.
//
// # Reading
//
// One goroutine reads a stream and its gaps, by [Stream.All], [Batches], or a select over C and Lost. Several may receive
// from C; then one of them, or another, watches Lost and Gaps. The place of a gap among the values means little then, since
// the one who receives the next value is not the one who asks for the gap before it; [Partition] keeps it.
//
// A receive needs both results: after the end C gives zero values for ever, so a loop that forgets ok spins.
//
//	case v, ok := <-s.C:
//		if !ok {
//			return s.Err()
//		}
//
// # What is lost
//
// C buffers 256 values, or as many as [Buffer] says; [Overflow] decides on what does not fit, and no policy makes the
// connection, or another stream, wait. Whatever the stream did not get, by overflow, because a payload was not a T, or
// while the connection was down, is a [Gap] in its place among the values. No event comes twice.
//
// # The end
//
// A stream ends by its context, Close, [Client.Drain], an overflow under [End] or [Grow], the client's end, or the refusal
// or unsubscription of its channel (a stream of a [Group]: of the last of its channels). The client closes C, once; what is
// buffered stays readable, the gaps too. What [Grow] keeps behind the buffer is let out first after an overflow and after
// Drain, and is discarded, as a last gap, by the other ends, also when they come later.
//
// A stream whose context ends, or whose client is closed, need not be closed. An open stream has no goroutine (one of Grow
// has one while it holds more than its buffer does), and one that nobody reads costs its memory alone.
type Stream[T any] struct {
	C    <-chan T        // closed at the end; buffered values stay readable
	Lost <-chan struct{} // capacity 1: a wake-up that Gaps may have something; tells nothing else; never closed

	q     *stream.Queue[T]
	name  string
	owner owner
}

// An owner is what stands behind a stream and ends it: a binding, a part of one, or a watch of the states.
type owner interface {
	end(err error, discard bool)
	heed() // ends it if its context has ended
	ready(ctx context.Context) error
	number() uint64 // of the stream, among the client's; 0 if it never was open
}

// lone is the owner of a stream with nothing behind it.
type lone[T any] struct{ q *stream.Queue[T] }

func (l lone[T]) end(err error, discard bool) { l.q.End(err, discard) }
func (l lone[T]) heed()                       {}
func (l lone[T]) ready(context.Context) error { return l.q.Err() }
func (l lone[T]) number() uint64              { return 0 }

// A Gap is a hole in a stream: all values taken before it were sent before the loss, and the next value after it. Losses
// of one channel with no value between them come as one Gap, so several of its fields can be set at once:
//
//   - Channel (string) is the channel concerned. It is empty in one case: a stream of several channels under [DropOldest]
//     can't always tell which value was dropped and which received while somebody receives from C, and does not guess.
//   - Dropped (uint64) counts the values that did not fit. It is exact.
//   - Malformed (uint64) counts the payloads that were no T. It is exact, and Err has a [*PayloadError], the latest.
//   - Reconnected (bool): the connection was down, and the service may have sent what nobody kept; how many can't be
//     known. The gap comes once the channel is subscribed again: from then on every event arrives, so whoever loads
//     the state anew on this gap misses nothing. There is none where the service restored the session.
//   - Ended (bool): the channel left a stream that goes on, refused or unsubscribed; Err says why.
//   - Since and Until ([time.Time]) are when it happened, by the local clock.
//   - Err (error) is the latest error that made the gap; nil if none did.
type Gap = stream.Gap

// A Policy says what becomes of a value that does not fit into a stream's buffer: [DropOldest], [DropNewest], [End] or
// [Grow]. Policies can be compared with ==. The zero Policy is DropOldest.
type Policy = stream.Policy

// The policies for [Overflow]. None makes the connection wait, and each counts what is lost in a [Gap].
var (
	// DropOldest throws the oldest buffered value away: the reader sees the latest ones. It is the default.
	DropOldest = stream.DropOldest
	// DropNewest throws the new value away: the reader sees an unbroken sequence up to the gap.
	DropNewest = stream.DropNewest
	// End ends the stream with [ErrOverflow]. What is buffered stays readable; a last gap counts the value that did not fit.
	End = stream.End
)

// Grow keeps up to maxBytes, at least 1, of payloads behind the buffer, counted as they came from the wire; decoded they
// may take more. Past that the stream ends with [ErrOverflow]: everything accepted before stays readable, and a last gap
// counts the value that did not fit.
func Grow(maxBytes int64) Policy { return stream.Grow(maxBytes) }

func newStream[T any](q *stream.Queue[T], name string, o owner) *Stream[T] {
	return &Stream[T]{C: q.C(), Lost: q.Lost(), q: q, name: name, owner: o}
}

// failed returns a stream that has ended with err.
func failed[T any](name string, err error) *Stream[T] {
	q := stream.New[T](stream.Config{Capacity: 1})
	q.End(err, true)
	return newStream(q, name, lone[T]{q})
}

// Ready waits until every channel that the stream has now is subscribed; while there is no connection it waits for that
// too. It returns nil then; the refusals, joined, if channels were refused or unsubscribed (each a [*SubscribeError] or
// [ErrUnsubscribed]); why the stream ended, if it has, and an error with [ErrNotSubscribed] if that was by Close or Drain;
// or the cause of ctx, which ends only the wait. A stream of the whole client is ready at once.
func (s *Stream[T]) Ready(ctx context.Context) error {
	if !s.opened() {
		return errNoStream
	}
	if err := checkContext(ctx); err != nil {
		return err
	}
	return s.owner.ready(ctx)
}

// Err returns nil while the stream is open and after Close and Drain; else why it ended: context.Cause of its context, a
// [*SubscribeError], [ErrUnsubscribed], [ErrOverflow], [ErrClosed], why the client failed, or, for a stream that never was
// open, the mistake, such as an [*OptionError]. The first end counts. Err is set before C is closed, and as soon as the
// context has ended.
func (s *Stream[T]) Err() error {
	if !s.opened() {
		return errNoStream
	}
	s.owner.heed()
	return s.q.Err()
}

// Close ends the stream and closes C; what is buffered stays readable. If nothing else holds the channel, it is left. It
// does not block, and may be called by any goroutine, any number of times.
func (s *Stream[T]) Close() {
	if s.opened() {
		s.owner.end(nil, true)
	}
}

// Gaps returns the losses that are due, oldest first; taking one clears it, and a loop that is left early leaves the rest.
// A loss is due once a value after it has been taken, or when C is empty: so ask after each value, before handling it, and
// after each token of Lost. (One that races with a receive may be told a value early; with All, none is.) It does not block.
func (s *Stream[T]) Gaps() iter.Seq[Gap] {
	if !s.opened() {
		return func(func(Gap) bool) {}
	}
	return s.q.Gaps()
}

// All returns values and gaps in their order: a value as (v, nil), a gap as (zero, &gap). Take both variables: a loop over
// the values alone, "for v := range s.All()", takes each gap for a zero value. All waits for more until the
// stream has ended and everything was handed out; then ask Err. A loop that is left early loses nothing and leaves the
// stream open. With one reader every gap stands exactly in its place.
func (s *Stream[T]) All() iter.Seq2[T, *Gap] {
	if !s.opened() {
		return func(func(T, *Gap) bool) {}
	}
	return s.q.All()
}

// Batches is All with the values in slices of up to limit: a batch is handed out when it is full, when d has passed since
// its first value was taken, before a gap, and at the end. A batch is never empty, and its slice is the caller's to keep.
// A limit below 1 is 1; with a d of 0 or less, time does not end a batch.
func Batches[T any](s *Stream[T], limit int, d time.Duration) iter.Seq2[[]T, *Gap] {
	if !s.opened() {
		return func(func([]T, *Gap) bool) {}
	}
	return s.q.Batches(limit, d)
}
