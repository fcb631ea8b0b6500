package rtx

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/internal/stream"
)

// queueSink is the generic shell between the router and one stream's queue: it decodes and pushes.
type queueSink[T any] struct {
	q       stream.Queue[T]
	decode  decoder[T]
	losses  losses
	scratch T // decoded into, to save an allocation; zero between events; the reader's
}

func (s *queueSink[T]) take(e *event) verdict {
	v := s.pass(e)
	s.scratch = *new(T)
	return v
}

// pass decodes the event and pushes the value.
func (s *queueSink[T]) pass(e *event) verdict {
	err := decodeInto(s.decode, e, &s.scratch)
	if err == nil {
		err = look(&s.q, s.scratch)
	}
	if err != nil {
		g, ok := malformedGap(e, err, s.losses.c.cfg.codec.maxDepth)
		if !ok {
			return malformed
		}
		s.lose(g)
		s.losses.malformed(g)
		return taken
	}
	before := s.losses.count()
	open := push(&s.q, s.scratch, e)
	if s.losses.count() != before {
		s.losses.dropped(e, s.q.Dropped())
	}
	if !open {
		return ended
	}
	return taken
}

// push hands a value to a queue. If the next event is at hand already, the queue's reader is woken
// later, once for all of them.
func push[T any](q *stream.Queue[T], v T, e *event) bool {
	if e.later == nil {
		return q.Push(v, e.channel, len(e.payload))
	}
	open, first := q.PushQuietly(v, e.channel, len(e.payload))
	if first {
		*e.later = append(*e.later, q)
	}
	return open
}

func (s *queueSink[T]) lose(g Gap)                     { s.losses.missed(g); s.q.Mark(stream.Gap(g)) }
func (s *queueSink[T]) finish(err error, discard bool) { s.q.End(err, discard) }
func (s *queueSink[T]) spilling() bool                 { return s.q.Spilling() }
func (s *queueSink[T]) name() string                   { return s.losses.name }
func (s *queueSink[T]) stats(add func(StreamStats))    { add(streamStats(s.losses.name, &s.q)) }
func (s *queueSink[T]) drained(ctx context.Context) error {
	return s.q.Drained(ctx)
}

// decodeInto decodes the event into dst, which must be zero. A panic of the user's decoder is
// returned as an error.
func decodeInto[T any](decode decoder[T], e *event, dst *T) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r}
		}
	}()
	return decode(e, dst)
}

// look finds the key of the value that is pushed next, if the queue conflates. A panic of the
// user's function is returned as an error.
func look[T any](q *stream.Queue[T], v T) (err error) {
	if !q.Conflates() {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r}
		}
	}()
	return q.Look(v)
}

// malformedGap returns the gap for an event that could not be decoded. It returns false if the
// payload is not JSON: then the frame may have been cut in the wrong place, and this may not be a
// payload at all. An empty payload was already found not to be JSON by the full parse, so it is a
// gap.
func malformedGap(e *event, err error, maxDepth int) (Gap, bool) {
	if fault := e.judge(maxDepth); fault != nil {
		err = fault
	}
	if err == errBroken && len(e.payload) > 0 { //nolint:errorlint // it never leaves this package
		return Gap{}, false
	}
	err = readable(err)
	now := e.at
	return Gap{
		Channel: e.channel, Malformed: 1, Since: now, Until: now,
		Err: &PayloadError{Channel: e.channel, Event: redact.Bound(e.name, maxEventName), Err: err},
	}, true
}

// partSink spreads events over the queues of a Partition.
type partSink[T any, K comparable] struct {
	queues  []*stream.Queue[T]
	key     func(T) K
	hash    func(K) uint64
	decode  decoder[T]
	losses  losses
	scratch T // as that of queueSink
}

func (s *partSink[T, K]) take(e *event) verdict {
	v := s.pass(e)
	s.scratch = *new(T)
	return v
}

// pass decodes the event and pushes the value to the stream of its key.
func (s *partSink[T, K]) pass(e *event) verdict {
	err := decodeInto(s.decode, e, &s.scratch)
	var i uint64
	if err == nil {
		i, err = s.part(s.scratch)
	}
	if err == nil {
		err = look(s.queues[i], s.scratch)
	}
	if err != nil {
		g, ok := malformedGap(e, err, s.losses.c.cfg.codec.maxDepth)
		if !ok {
			return malformed
		}
		// Its key is not known, so each stream may have missed it.
		s.lose(g)
		s.losses.malformed(g)
		return taken
	}
	before := s.losses.count()
	open := push(s.queues[i], s.scratch, e)
	if s.losses.count() != before {
		s.losses.dropped(e, s.queues[i].Dropped())
	}
	if !open && s.allEnded() {
		return ended
	}
	return taken
}

func (s *partSink[T, K]) part(v T) (i uint64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r}
		}
	}()
	return s.hash(s.key(v)) % uint64(len(s.queues)), nil
}

func (s *partSink[T, K]) allEnded() bool {
	for _, q := range s.queues {
		if !q.Ended() {
			return false
		}
	}
	return true
}

func (s *partSink[T, K]) lose(g Gap) {
	s.losses.missed(g)
	for _, q := range s.queues {
		q.Mark(stream.Gap(g))
	}
}

func (s *partSink[T, K]) finish(err error, discard bool) {
	for _, q := range s.queues {
		q.End(err, discard)
	}
}

func (s *partSink[T, K]) spilling() bool {
	return slices.ContainsFunc(s.queues, (*stream.Queue[T]).Spilling)
}

func (s *partSink[T, K]) drained(ctx context.Context) error {
	for _, q := range s.queues {
		if err := q.Drained(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *partSink[T, K]) name() string { return s.losses.name }

func (s *partSink[T, K]) stats(add func(StreamStats)) {
	for i, q := range s.queues {
		add(streamStats(partName(s.losses.name, i), q))
	}
}

// reconnected returns the gap for a channel that is confirmed again after its connection was down
// since the given time.
func reconnected(channel string, since time.Time) Gap {
	return Gap{Channel: channel, Reconnected: true, Since: since, Until: time.Now()}
}

// left returns the gap for a channel that leaves a stream which continues with others. Something
// may be missing since the given time.
func left(channel string, since time.Time, err error) Gap {
	return Gap{Channel: channel, Ended: true, Since: since, Until: time.Now(), Err: err}
}

func partName(name string, i int) string { return fmt.Sprintf("%s#%d", name, i) }
