package rtx

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/internal/stream"
)

// counters are the client's own, each written where it happens.
type counters struct {
	connects  atomic.Uint64
	received  atomic.Uint64
	delivered atomic.Uint64
	unknown   atomic.Uint64
	ignored   atomic.Uint64
	unclaimed atomic.Uint64
	errors    atomic.Uint64
	sent      atomic.Uint64
	losses    stream.Tally
}

// Stats are a client's figures at one moment.
type Stats struct {
	Connects  uint64 // connections made; all but the first are reconnections
	Received  uint64 // events that came from the service, its internal ones included
	Delivered uint64 // events that at least one stream was open for
	Unclaimed uint64 // events on channels that no stream was open for; LastUnclaimed says which was the last
	Unknown   uint64 // events of a form that the library does not know; ignored
	Ignored   uint64 // events on channels with one of the service's own names, which a publisher may have sent: see "Names" in the package documentation
	Errors    uint64 // errors that the service told: see Client.Errors
	Sent      uint64 // client events written
	Dropped   uint64 // values that streams lost by overflow, those of streams that have ended included
	Malformed uint64 // payloads that could not be decoded, counted once for each stream that they were for
	Channels  int    // channels that something holds
	Streams   int    // open streams; those of Partition count as one

	LastUnclaimed LastUnclaimed
}

// LastUnclaimed names the last event that no stream was open for: the channel is one that was held without such a stream, or not
// confirmed any more, and the event one that nobody has bound. It is zero if there was none. Of each name it has 200 bytes at
// most, and what does not print is a full stop.
type LastUnclaimed struct{ Channel, Event string }

// Stats returns the client's figures. It is cheap and may be called at any time.
func (c *Client) Stats() Stats {
	if !c.made() {
		return Stats{}
	}
	s := Stats{
		Connects: c.stats.connects.Load(), Received: c.stats.received.Load(), Delivered: c.stats.delivered.Load(),
		Unclaimed: c.stats.unclaimed.Load(), Unknown: c.stats.unknown.Load(), Ignored: c.stats.ignored.Load(),
		Errors: c.stats.errors.Load(), Sent: c.stats.sent.Load(),
		Dropped: c.stats.losses.Dropped.Load(), Malformed: c.stats.losses.Malformed.Load(),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Streams, s.LastUnclaimed = c.bindings.len(), c.lastUnclaimed
	for ch := range c.machine.Channels() {
		if ch.Holds() > 0 {
			s.Channels++
		}
	}
	return s
}

// StreamStats are a stream's figures at one moment.
type StreamStats struct {
	ID        uint64 // tells the streams of one client apart, also those of one name; from 1, never used again; 0 of a stream that never was open
	Name      string
	Depth     int    // values waiting to be taken
	Capacity  int    // values that C buffers
	Delivered uint64 // values taken
	Dropped   uint64 // values lost by overflow
	Malformed uint64 // payloads that could not be decoded
}

// Stats returns the stream's figures. It is cheap and may be called at any time, also after the end.
func (s *Stream[T]) Stats() StreamStats {
	if !s.opened() {
		return StreamStats{}
	}
	f := streamStats(s.name, s.q)
	f.ID = s.owner.number()
	return f
}

func streamStats[T any](name string, q *stream.Queue[T]) StreamStats {
	f := q.Stats()
	return StreamStats{
		Name: name, Depth: f.Depth, Capacity: f.Capacity,
		Delivered: f.Delivered, Dropped: f.Dropped, Malformed: f.Malformed,
	}
}

// StreamStats returns the figures of every open stream, by name and ID; those of Partition each for itself. Two streams of one
// channel and event have one name: whoever labels figures by it, a collector of metrics for one, adds the ID or gives each a
// [Name]. It costs a lock for each stream, and may be called at any time.
func (c *Client) StreamStats() []StreamStats {
	if !c.made() {
		return nil
	}
	c.mu.Lock()
	bindings := c.bindings.slice()
	c.mu.Unlock()
	all := make([]StreamStats, 0, len(bindings))
	for _, b := range bindings {
		id := b.id
		b.sink.stats(func(f StreamStats) {
			f.ID = id
			id++ // of a Partition's next one
			all = append(all, f)
		})
	}
	slices.SortFunc(all, func(a, b StreamStats) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// unclaimed counts an event that no stream took, on the reader's goroutine. One that is the last one again costs nothing more.
func (c *Client) unclaimed(e *envelope) {
	c.stats.unclaimed.Add(1)
	r := &c.reader
	if r.missed[0] == string(e.channel) && r.missed[1] == string(e.event) {
		return
	}
	r.missed = [2]string{r.intern(firstBytes(e.channel)), r.intern(firstBytes(e.event))}
	last := LastUnclaimed{Channel: shownName(r.missed[0]), Event: shownName(r.missed[1])}
	c.mu.Lock()
	c.lastUnclaimed = last
	c.mu.Unlock()
}

// firstBytes cuts a name that nobody could have bound.
func firstBytes(name []byte) []byte { return name[:min(len(name), maxEventName+1)] }

func shownName(name string) string { return redact.Bound(redact.Printable(name), maxEventName) }
