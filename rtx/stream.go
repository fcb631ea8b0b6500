package rtx

import (
	"context"
	"iter"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// A Stream delivers the values and gaps of one subscription to events. [On] and the other functions
// that open one return it. All its methods may be called concurrently.
//
// # Reading
//
// In a select loop, wait for Wake, then take the values and gaps that are there:
//
//	case <-s.Wake:
//		for v, gap := range s.Pending() {
//			…
//		}
//		if s.Ended() {
//			return s.Err()
//		}
//
// [Stream.All] does the same for a goroutine that does nothing else. [Batches] and [Window] take
// values in slices, [Debounce] and [Sample] take only some of them, and [Timeout] also tells when
// nothing comes.
//
// C is a Go channel of the values alone. Use it if several goroutines share the stream, or if the
// place of a gap among the values does not matter; gaps then come by Lost and [Stream.Gaps]. Always
// use both results of a receive from C. After the end it returns zero values for ever, so a loop
// without ok spins.
//
//	case v, ok := <-s.C:
//		if !ok {
//			return s.Err()
//		}
//
// Several goroutines may read one stream, each in any of these ways. If there is one reader and it
// does not use C, every gap is exactly in its place. If there are several, one may get a gap and
// another one the value that follows it. To keep places with several workers, use [Partition].
//
// # What is lost
//
// C buffers 256 values, fewer if they are large, or as many as [WithBuffer] says. [WithOverflow] says what happens to a
// value that does not fit. No policy makes the connection or another stream wait. Everything that
// the stream misses is a [Gap] in its place among the values: an overflow, a payload that is not a
// T, a time without a connection. No event comes twice.
//
// # The end
//
// A stream ends in one of these ways:
//
//   - its context ends, or Close, [Client.Drain] or [Client.Close] is called;
//   - it overflows under EndStream or Grow;
//   - the service refuses the client for good;
//   - its channel is refused or unsubscribed (for a [Group]: the last of its channels).
//
// The client then closes C and Wake. Buffered values and gaps stay readable. What a stream with the
// policy Grow keeps behind its buffer is still delivered after an overflow and after Drain. The
// other ends discard it and report it in a last gap, also if they come while it is being delivered.
//
// If its context ends or its client is closed, a stream need not be closed. An open stream has no
// goroutine, except under Grow while it holds more than its buffer. A stream that nobody reads
// costs only its memory.
type Stream[T any] struct {
	// Wake wakes a loop over Pending. It has capacity 1. It has a token while there is a value or a
	// gap to take. At the end it is closed, so it is always ready from then on: leave the loop when
	// Ended reports true. Range over Pending after each token. If that loop is left early, Wake has
	// a token again for the rest. Sometimes Pending is empty after a token, for example because
	// another reader was quicker. Of events that came together, up to 64, the last one brings the
	// token.
	Wake <-chan struct{}

	// C delivers the values. It is closed at the end; buffered values stay readable. It is nil for
	// a stream with [WithConflate], so a receive from it waits for ever.
	C <-chan T

	// Lost wakes a reader of C that should call Gaps. It has capacity 1. It says nothing else, not
	// even that the stream has ended, and is never closed.
	Lost <-chan struct{}

	q     *stream.Queue[T]
	owner owner
}

// An owner is the part of the client that is behind a stream and ends it: a binding, a part of a
// Partition, or a watch.
type owner interface {
	end(err error, discard bool)
	endIfDone() // ends it if its context has ended
	ready(ctx context.Context) error
	readiness() error // of one whose queue has not ended
	name() string     // of the stream
	number() uint64   // of the stream, among the client's; 0 if it never was open
	tracer() *tracer  // the client's; nil if there is none
}

// lone is the owner of a stream with nothing behind it.
type unopened[T any] struct {
	q     *stream.Queue[T]
	label string
}

func (l unopened[T]) end(err error, discard bool) { l.q.End(err, discard) }
func (l unopened[T]) endIfDone()                  {}
func (l unopened[T]) ready(context.Context) error { return l.q.Err() }
func (l unopened[T]) readiness() error            { return nil }
func (l unopened[T]) name() string                { return l.label }
func (l unopened[T]) number() uint64              { return 0 }
func (l unopened[T]) tracer() *tracer             { return nil }

func newStream[T any](q *stream.Queue[T], o owner) *Stream[T] {
	return &Stream[T]{Wake: q.Wake(), C: q.C(), Lost: q.Lost(), q: q, owner: o}
}

// failed returns a stream that has ended with err.
func failed[T any](name string, err error) *Stream[T] {
	q := stream.New[T](stream.Config{Capacity: 1})
	q.End(err, true)
	return newStream(q, unopened[T]{q, name})
}

// Ready waits until every channel that the stream has now is subscribed, and returns nil. If there
// is no connection, it waits for that too. The event that confirms a channel has been delivered to
// its streams by then. Otherwise Ready returns
//
//   - the refusals, joined, if channels were refused or unsubscribed: each is a [*SubscribeError]
//     or [ErrUnsubscribed];
//   - why the stream ended, if it did: an error that wraps [ErrNotSubscribed] after Close and
//     Drain;
//   - a [*WaitError] if ctx ended first. That ends only the wait, not the stream.
//
// If the stream is ready already, Ready returns nil even if ctx has ended. A stream of the whole
// client is ready at once.
func (s *Stream[T]) Ready(ctx context.Context) error {
	if !s.opened() {
		return errNoStream
	}
	if err := checkContext(ctx); err != nil {
		return err
	}
	return s.owner.ready(ctx)
}

// Err returns why the stream ended. It is nil while the stream is open, and after Close and
// Client.Drain. Otherwise it is context.Cause of its context, a [*SubscribeError],
// [ErrUnsubscribed], [ErrOverflow], [ErrClosed] or the service's refusal of the client. For a
// stream that could not be opened it is the reason, such as an [*OptionError]. If several things
// end a stream, Err is about the first. It is set before C is closed, and as soon as the context
// has ended.
func (s *Stream[T]) Err() error {
	if !s.opened() {
		return errNoStream
	}
	s.owner.endIfDone()
	return s.q.Err()
}

// Ended reports whether the stream has ended and all values and gaps were taken. Nothing comes any
// more then, and Err says why. It does not block.
func (s *Stream[T]) Ended() bool { return !s.opened() || s.q.Exhausted() }

// Close ends the stream and closes C and Wake. Buffered values stay readable. If nothing else holds
// the channel, the client unsubscribes from it. Close does not block. It may be called by any
// goroutine, any number of times.
func (s *Stream[T]) Close() {
	if s.opened() {
		s.owner.end(nil, true)
	}
}

// Pending returns an iterator over the values and gaps that are there now, in their order: a value
// as (v, nil), a gap as (zero, gap). Take both variables: "for v := range s.Pending()" would take
// each gap for a zero value. It does not block. It ends after as many as were there when it began,
// even if more come meanwhile. Wake has a token for what is left, also if the loop is left early.
// With one reader, every gap is exactly in its place.
func (s *Stream[T]) Pending() iter.Seq2[T, *Gap] {
	return func(yield func(T, *Gap) bool) {
		if !s.opened() {
			return
		}
		for v, gap := range s.q.Pending() {
			if !yield(v, s.told(gap)) {
				return
			}
		}
	}
}

// All returns an iterator over values and gaps in their order, as Pending does. It waits for more
// until the stream has ended and everything was taken; then ask Err. Take both variables, as with
// Pending. If the loop is left early, nothing is lost and the stream stays open. With one reader,
// every gap is exactly in its place.
func (s *Stream[T]) All() iter.Seq2[T, *Gap] {
	return func(yield func(T, *Gap) bool) {
		if !s.opened() {
			return
		}
		for v, gap := range s.q.All() {
			if !yield(v, s.told(gap)) {
				return
			}
		}
	}
}

// Gaps returns an iterator over the gaps that a reader of C should see now, oldest first. Taking a
// gap removes it; if the loop is left early, the others remain. A gap is due once a value after it
// was taken, or when C is empty. So call Gaps after each value, before handling it, and after each
// token of Lost. If a loss races with a receive, its gap may come one value early. Pending and All
// never do that. Gaps does not block.
func (s *Stream[T]) Gaps() iter.Seq[*Gap] {
	return func(yield func(*Gap) bool) {
		if !s.opened() {
			return
		}
		for gap := range s.q.Gaps() {
			if !yield(s.told(&gap)) {
				return
			}
		}
	}
}

// told returns a gap of the queue, which may be nil, for the reader who takes it.
func (s *Stream[T]) told(gap *stream.Gap) *Gap {
	if gap == nil {
		return nil
	}
	g := (*Gap)(gap)
	if t := s.owner.tracer(); t != nil {
		t.toldGap(s.owner.number(), s.owner.name(), g)
	}
	return g
}

// opened reports whether the stream was made by a function of this package.
func (s *Stream[T]) opened() bool { return s != nil && s.owner != nil }
