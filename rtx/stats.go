package rtx

import "sync/atomic"

// counters are the client's own, each written where it happens.
type counters struct {
	connects  atomic.Uint64
	received  atomic.Uint64
	delivered atomic.Uint64
	unknown   atomic.Uint64
	sent      atomic.Uint64
}

// Stats are a client's figures at one moment.
type Stats struct {
	Connects  uint64 // connections made; all but the first are reconnections
	Received  uint64 // events that came from the service, its internal ones included
	Delivered uint64 // events that at least one stream was open for
	Unknown   uint64 // events of a form that the library does not know; ignored
	Sent      uint64 // client events written
	Channels  int    // channels that something holds
	Streams   int    // open streams; those of Partition count as one
}

// Stats returns the client's figures. It is cheap and may be called at any time.
func (c *Client) Stats() Stats {
	s := Stats{
		Connects: c.stats.connects.Load(), Received: c.stats.received.Load(), Delivered: c.stats.delivered.Load(),
		Unknown: c.stats.unknown.Load(), Sent: c.stats.sent.Load(),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Streams = len(c.bindings)
	for _, sub := range c.subs {
		if sub.holds > 0 {
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
func (s *Stream[T]) Stats() StreamStats {
	q := s.q.Stats()
	return StreamStats{
		Name: s.name, Depth: q.Depth, Capacity: q.Capacity,
		Delivered: q.Delivered, Dropped: q.Dropped, Malformed: q.Malformed,
	}
}
