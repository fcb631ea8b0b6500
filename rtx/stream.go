package rtx

import (
	"context"
	"iter"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// A Stream is the values of one subscription to events, on a Go channel.
//
// One goroutine reads a stream and its gaps. Several may receive from C; then one of them, or another, watches Lost and
// Gaps, and the place of a gap among the values means little; [Partition] keeps it.
//
// A receive needs both results: after the end C gives zero values for ever, so a loop that forgets ok spins.
//
//	case v, ok := <-s.C:
//		if !ok { return s.Err() }
//
// It ends by its context, Close, Drain, the channel's unsubscription or refusal, an overflow under [End] or [Grow], or
// the client's end. Whoever opened it need not close it if its context ends.
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
	ready(ctx context.Context) error
}

// lone is the owner of a stream with nothing behind it.
type lone[T any] struct{ q *stream.Queue[T] }

func (l lone[T]) end(err error, discard bool) { l.q.End(err, discard) }
func (l lone[T]) ready(context.Context) error { return l.q.Err() }

// Gap, Policy and the policies are documented where they are used: [Stream.Gaps], [Overflow].
type (
	// A Gap is a hole in a stream: what it missed, of which channel, and why.
	Gap = stream.Gap
	// A Policy says what becomes of a value that does not fit into a stream's buffer.
	Policy = stream.Policy
)

// The policies for [Overflow]. None makes the connection wait, and each counts what is lost in a [Gap].
var (
	// DropOldest throws the oldest buffered value away. It is the default.
	DropOldest = stream.DropOldest
	// DropNewest throws the new value away.
	DropNewest = stream.DropNewest
	// End ends the stream with [ErrOverflow]; what is buffered stays readable.
	End = stream.End
)

// Grow keeps up to maxBytes of payloads behind the buffer, as they came from the wire. Past that the stream ends with
// [ErrOverflow]; everything accepted before stays readable.
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

// Ready waits until every channel of the stream is subscribed. It returns the refusals, joined; the stream's own error if
// it has ended; or the cause of ctx. A stream of the whole client is ready at once.
func (s *Stream[T]) Ready(ctx context.Context) error { return s.owner.ready(ctx) }

// Err returns nil while the stream is open and after Close and Drain; else why it ended: context.Cause of its context, a
// [*SubscribeError], [ErrUnsubscribed], [ErrOverflow], [ErrClosed], or why the client failed.
func (s *Stream[T]) Err() error { return s.q.Err() }

// Close ends the stream and closes C; what is buffered stays readable. If nothing else holds the channel, it is left. It
// may be called by any goroutine, any number of times.
func (s *Stream[T]) Close() { s.owner.end(nil, true) }

// Gaps returns the losses that are due, oldest first; taking one clears it. A loss is due once a value after it has been
// taken, or when C is empty: so ask after each value, before handling it, and after each token of Lost.
func (s *Stream[T]) Gaps() iter.Seq[Gap] { return s.q.Gaps() }

// All returns values and gaps in their order: a value as (v, nil), a gap as (zero, &gap). It waits for more until the
// stream ends; then ask Err. A loop that is left early leaves the stream open.
func (s *Stream[T]) All() iter.Seq2[T, *Gap] { return s.q.All() }

// Batches is All with the values in slices of up to limit: a batch is handed out when it is full, when d has passed since
// its first value was taken, before a gap, and at the end. A batch is never empty, and its slice is the caller's to keep.
// A limit below 1 is 1; with a d of 0 or less, time does not end a batch.
func Batches[T any](s *Stream[T], limit int, d time.Duration) iter.Seq2[[]T, *Gap] {
	return s.q.Batches(limit, d)
}
