package rtx

import (
	"context"
	"fmt"
	"hash/maphash"

	"github.com/realtimex/realtimex-go/internal/stream"
)

const maxPartitions = 1 << 12

// Partition is [On] spread over n streams by key, 1 to 4096: all values of a key come on one stream, in order. A worker
// each, and no dispatcher. key runs on the connection's reader and must be quick; if it panics, that is as with a payload
// that is no T.
//
// Each stream has the options' buffer and policy for itself, its own gaps, and its number after "#" in its name. A
// reconnection is told on every one of them; so is a payload that could not be decoded, because nobody knows whose it was.
// The streams hold the channel together, until the last of them ends: what comes for one that was closed before is thrown
// away, so close all of them, or end their context. A mistake gives streams that have ended, as with On.
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
	streams := make([]*Stream[T], n)
	if err != nil {
		for i := range streams {
			streams[i] = failed[T](event, err)
		}
		return streams
	}
	seed := maphash.MakeSeed()
	sink := &partSink[T, K]{
		key: key, decode: decode, losses: c.losses(cfg.name), queues: make([]*stream.Queue[T], n),
		hash: func(k K) uint64 { return maphash.Comparable(seed, k) },
	}
	for i := range sink.queues {
		sink.queues[i] = stream.New[T](cfg.queue(src))
	}
	b := c.newBinding(sink, []string{event})
	b.id = c.ids.Add(uint64(n)) - uint64(n) + 1
	for i, q := range sink.queues {
		streams[i] = newStream(q, partName(cfg.name, i), part[T, K]{b, q, sink, i})
	}
	b.start(ctx, src)
	return streams
}

func partName(name string, i int) string { return fmt.Sprintf("%s#%d", name, i) }

// A part is the owner of one stream of a Partition.
type part[T any, K comparable] struct {
	*binding
	q    *stream.Queue[T]
	sink *partSink[T, K]
	i    int // which of them
}

func (p part[T, K]) number() uint64 { return p.id + uint64(p.i) }

func (p part[T, K]) end(err error, discard bool) {
	p.q.End(err, discard)
	if p.sink.allEnded() {
		p.binding.end(err, false) // each queue has seen to its own spill
	}
}
