package rtx

import (
	"context"
	"hash/maphash"

	"github.com/realtimex/realtimex-go/internal/stream"
)

const maxPartitions = 1 << 12

// partitionSeed is the same for the whole process, so that a key always belongs to the same one of
// n streams.
var partitionSeed = maphash.MakeSeed()

// Partition opens n streams, from 1 to 4096, and distributes the events among them by key. All
// values with the same key come on the same stream, in order. Read each stream with one worker; no
// dispatcher is needed. Which stream a key belongs to stays the same within a process, and may
// differ in another process. key runs on the reading goroutine and must be quick. If it panics,
// that is a gap, as for a payload that is not a T.
//
// Each stream has its own buffer, policy and gaps, and its number after "#" in its name. The gap of
// a reconnection comes on every stream. So does the gap of a payload that could not be decoded,
// because its key is not known. The streams hold the channel together, until the last of them ends.
// Values for a stream that was closed earlier are thrown away, so close all of them or end their
// context. Mistakes give streams that have ended, as with On.
func Partition[T any, K comparable](ctx context.Context, src Source, event string, n int, key func(T) K, opts ...StreamOption) []*Stream[T] {
	err := checkBound(event)
	var cfg streamConfig
	var c *Client
	switch {
	case err != nil:
	case n < 1 || n > maxPartitions:
		n, err = max(1, min(n, maxPartitions)), badOption("Partition", "n %d is not between 1 and %d", n, maxPartitions)
	case key == nil:
		err = badOption("Partition", "key is nil")
	default:
		cfg, c, err = prepare(ctx, src, []string{event}, opts)
	}
	var decode decoder[T]
	if err == nil {
		decode, err = viewOf[T]("Partition", c.cfg.codec)
	}
	n = max(1, min(n, maxPartitions))
	queues := make([]*stream.Queue[T], n)
	for i := 0; err == nil && i < n; i++ {
		queues[i] = new(stream.Queue[T])
		err = openQueue(queues[i], cfg, src)
	}
	streams := make([]*Stream[T], n)
	if err != nil {
		for i := range streams {
			streams[i] = failed[T](event, err)
		}
		return streams
	}
	sink := &partSink[T, K]{
		key: key, decode: stamped(decode, cfg.arrived), losses: c.losses(cfg.name), queues: queues,
		hash: func(k K) uint64 { return maphash.Comparable(partitionSeed, k) },
	}
	b := c.newBinding(sink, []string{event})
	b.id = c.ids.Add(uint64(n)) - uint64(n) + 1
	for i, q := range sink.queues {
		p := part[T, K]{b, q, sink, i}
		watchDepth(c.trace, q, p.number(), p.name())
		streams[i] = newStream(q, p)
	}
	b.start(ctx, src)
	return streams
}

// A part is the owner of one stream of a Partition.
type part[T any, K comparable] struct {
	*binding
	q    *stream.Queue[T]
	sink *partSink[T, K]
	i    int // which of them
}

func (p part[T, K]) name() string   { return partName(p.sink.name(), p.i) }
func (p part[T, K]) number() uint64 { return p.id + uint64(p.i) }

func (p part[T, K]) end(err error, discard bool) {
	p.q.End(err, discard)
	if p.sink.allEnded() {
		p.binding.end(err, false) // each queue has seen to its own spill
	}
}
