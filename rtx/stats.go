package rtx

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// counters are the client's own, each written where it happens.
type counters struct {
	connects  atomic.Uint64
	received  atomic.Uint64
	delivered atomic.Uint64
	unknown   atomic.Uint64
	sent      atomic.Uint64
	losses    stream.Tally
}

// Stats are a client's figures at one moment.
type Stats struct {
	Connects  uint64 // connections made; all but the first are reconnections
	Received  uint64 // events that came from the service, its internal ones included
	Delivered uint64 // events that at least one stream was open for
	Unknown   uint64 // events of a form that the library does not know; ignored
	Sent      uint64 // client events written
	Dropped   uint64 // values that streams lost by overflow, those of streams that have ended included
	Malformed uint64 // payloads that could not be decoded, counted once for each stream that they were for
	Channels  int    // channels that something holds
	Streams   int    // open streams; those of Partition count as one
}

// Stats returns the client's figures. It is cheap and may be called at any time.
func (c *Client) Stats() Stats {
	s := Stats{
		Connects: c.stats.connects.Load(), Received: c.stats.received.Load(), Delivered: c.stats.delivered.Load(),
		Unknown: c.stats.unknown.Load(), Sent: c.stats.sent.Load(),
		Dropped: c.stats.losses.Dropped.Load(), Malformed: c.stats.losses.Malformed.Load(),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Streams = c.bindings.len()
	for ch := range c.machine.Channels() {
		if ch.Holds() > 0 {
			s.Channels++
		}
	}
	return s
}

// StreamStats are a stream's figures at one moment.
type StreamStats struct {
	Name      string
	Depth     int    // values waiting to be taken
	Capacity  int    // values that C buffers
	Delivered uint64 // values taken
	Dropped   uint64 // values lost by overflow
	Malformed uint64 // payloads that could not be decoded
}

// Stats returns the stream's figures. It is cheap and may be called at any time, also after the end.
func (s *Stream[T]) Stats() StreamStats { return streamStats(s.name, s.q) }

func streamStats[T any](name string, q *stream.Queue[T]) StreamStats {
	f := q.Stats()
	return StreamStats{
		Name: name, Depth: f.Depth, Capacity: f.Capacity,
		Delivered: f.Delivered, Dropped: f.Dropped, Malformed: f.Malformed,
	}
}

// StreamStats returns the figures of every open stream, by name; those of Partition each for itself. It costs a lock for
// each stream, and may be called at any time.
func (c *Client) StreamStats() []StreamStats {
	c.mu.Lock()
	bindings := c.bindings.slice()
	c.mu.Unlock()
	all := make([]StreamStats, 0, len(bindings))
	for _, b := range bindings {
		b.sink.stats(func(f StreamStats) { all = append(all, f) })
	}
	slices.SortFunc(all, func(a, b StreamStats) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
