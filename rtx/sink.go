package rtx

import (
	"context"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/internal/stream"
)

// queueSink is the generic shell between the router and one stream's queue: it decodes and pushes.
type queueSink[T any] struct {
	q       *stream.Queue[T]
	decode  decoder[T]
	losses  losses
	scratch T // decoded into, so that it allocates nothing of ours; zero between events; the reader's alone
}

func (s *queueSink[T]) take(e *event) verdict {
	v := s.pass(e)
	s.scratch = *new(T)
	return v
}

// pass decodes and pushes.
func (s *queueSink[T]) pass(e *event) verdict {
	if err := decodeInto(s.decode, e, &s.scratch); err != nil {
		g, ok := malformedGap(e, err, s.losses.c.cfg.codec.maxDepth)
		if !ok {
			return malformed
		}
		s.q.Mark(g)
		s.losses.malformed(g)
		return taken
	}
	before := s.losses.count()
	open := s.q.Push(s.scratch, e.channel, len(e.payload))
	if s.losses.count() != before {
		s.losses.dropped(e, s.q.Stats().Dropped)
	}
	if !open {
		return ended
	}
	return taken
}

func (s *queueSink[T]) lose(g Gap)                     { s.q.Mark(g) }
func (s *queueSink[T]) finish(err error, discard bool) { s.q.End(err, discard) }
func (s *queueSink[T]) spilling() bool                 { return s.q.Spilling() }
func (s *queueSink[T]) stats(add func(StreamStats))    { add(streamStats(s.losses.name, s.q)) }
func (s *queueSink[T]) drained(ctx context.Context) error {
	return s.q.Drained(ctx)
}

// decodeInto decodes into dst, which is zero; a panic of the user's decoder becomes an error.
func decodeInto[T any](decode decoder[T], e *event, dst *T) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r}
		}
	}()
	return decode(e, dst)
}

// malformedGap is the loss of an event that could not be decoded. It reports false if the payload turned out not to be JSON: the
// frame may have been cut in the wrong place, and this may be the payload of no event. An empty one was cut in the right place,
// and found not to be JSON there.
func malformedGap(e *event, err error, maxDepth int) (Gap, bool) {
	if fault := e.judge(maxDepth); fault != nil {
		err = fault
	}
	if err == errBroken && len(e.payload) > 0 {
		return Gap{}, false
	}
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

// pass decodes, and pushes where the key says.
func (s *partSink[T, K]) pass(e *event) verdict {
	err := decodeInto(s.decode, e, &s.scratch)
	var i uint64
	if err == nil {
		i, err = s.part(s.scratch)
	}
	if err != nil {
		g, ok := malformedGap(e, err, s.losses.c.cfg.codec.maxDepth)
		if !ok {
			return malformed
		}
		// Which partition it belonged to can't be known: each may have missed it.
		s.lose(g)
		s.losses.malformed(g)
		return taken
	}
	before := s.losses.count()
	open := s.queues[i].Push(s.scratch, e.channel, len(e.payload))
	if s.losses.count() != before {
		s.losses.dropped(e, s.queues[i].Stats().Dropped)
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
	for _, q := range s.queues {
		q.Mark(g)
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

func (s *partSink[T, K]) stats(add func(StreamStats)) {
	for i, q := range s.queues {
		add(streamStats(partName(s.losses.name, i), q))
	}
}

// reconnected is the gap of a channel that is confirmed again after its link was down from since on.
func reconnected(channel string, since time.Time) Gap {
	return Gap{Channel: channel, Reconnected: true, Since: since, Until: time.Now()}
}

// left is the gap of a channel that leaves a stream which goes on.
func left(channel string, err error) Gap {
	now := time.Now()
	return Gap{Channel: channel, Ended: true, Since: now, Until: now, Err: err}
}
