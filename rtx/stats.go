package rtx

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/internal/stream"
)

// counters are the client's own figures. Each is updated where the event happens.
type counters struct {
	connects  atomic.Uint64
	received  atomic.Uint64
	delivered atomic.Uint64
	unknown   atomic.Uint64
	ignored   atomic.Uint64
	unclaimed atomic.Uint64
	errors    atomic.Uint64
	sent      atomic.Uint64
	refused   atomic.Uint64
	missed    atomic.Uint64
	losses    stream.Tally
}

// Stats are the figures of one client at one moment.
type Stats struct {
	Connects  uint64 // connections made; all but the first are reconnections
	Received  uint64 // events received, the service's internal ones included
	Delivered uint64 // events that at least one open stream received
	Unclaimed uint64 // events that no open stream received; LastUnclaimed is the last of them
	Unknown   uint64 // events of an unknown form, which were ignored
	Ignored   uint64 // untrusted events with a reserved name: see "Names" above
	Errors    uint64 // errors that the service reported: see Client.Errors
	Sent      uint64 // client events written
	Refused   uint64 // subscriptions that failed, those that are tried again included
	Missed    uint64 // gaps with Reconnected or Ended, counted once per stream and channel
	Dropped   uint64 // values that did not fit the buffers of streams, ended streams included
	Malformed uint64 // payloads that could not be decoded, counted once per stream
	Channels  int    // held channels
	Streams   int    // open streams; those of one Partition count as one
	Rooms     int    // open rooms of package presence

	LastUnclaimed UnclaimedEvent
}

// An UnclaimedEvent is the name of an event that no stream was open for, and its channel. It is the
// zero value if there was none. Either no open stream takes that event from the channel, or the
// channel is no longer confirmed. Each name is cut to 200 bytes, and each unprintable character is
// a full stop.
type UnclaimedEvent struct{ Channel, Event string }

// Stats returns the client's figures. It is cheap and may be called at any time.
func (c *Client) Stats() Stats {
	if !c.made() {
		return Stats{}
	}
	s := Stats{
		Connects: c.stats.connects.Load(), Received: c.stats.received.Load(), Delivered: c.stats.delivered.Load(),
		Unclaimed: c.stats.unclaimed.Load(), Unknown: c.stats.unknown.Load(), Ignored: c.stats.ignored.Load(),
		Errors: c.stats.errors.Load(), Sent: c.stats.sent.Load(),
		Refused: c.stats.refused.Load(), Missed: c.stats.missed.Load(),
		Dropped: c.stats.losses.Dropped.Load(), Malformed: c.stats.losses.Malformed.Load(),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Streams, s.Channels, s.LastUnclaimed = c.bindings.len(), c.machine.Held(), c.lastUnclaimed
	for _, o := range c.rooms {
		s.Rooms += o.count
	}
	return s
}

// StreamStats are the figures of one stream or room at one moment.
type StreamStats struct {
	// ID is different for every stream and room of a client. IDs begin at 1 and are not used again.
	// It is 0 for a stream that was never open.
	ID        uint64
	Name      string
	Depth     int    // buffered values
	Capacity  int    // values that the buffer can have; keys, with WithConflate
	Delivered uint64 // values handed out to readers
	Dropped   uint64 // values that did not fit the buffer
	Malformed uint64 // payloads that could not be decoded

	// Superseded counts the values that a later value replaced on purpose: see [WithConflate],
	// [Debounce] and [Sample]. They are no loss, and in none of the other counts.
	Superseded uint64

	// Lag has the lags of the values that were taken. It is nil without [WithLag].
	Lag *LagHistogram
}

// Stats returns the stream's figures. It is cheap and may be called at any time, also after the
// end.
func (s *Stream[T]) Stats() StreamStats {
	if !s.opened() {
		return StreamStats{}
	}
	f := streamStats(s.owner.name(), s.q)
	f.ID = s.owner.number()
	return f
}

func streamStats[T any](name string, q *stream.Queue[T]) StreamStats {
	f := q.Stats()
	return StreamStats{
		Name: name, Depth: f.Depth, Capacity: f.Capacity,
		Delivered: f.Delivered, Dropped: f.Dropped, Malformed: f.Malformed, Superseded: f.Superseded,
		Lag: (*LagHistogram)(f.Lag),
	}
}

// StreamStats returns the figures of every open stream and room, sorted by name and ID. Each stream
// of a Partition has its own. A room has the name of its channel with " (room)" behind it, as in
// "presence-lobby (room)": Depth, Capacity and Delivered count its changes, and Malformed counts
// the member infos that could not be decoded. Two streams of one channel and event have the same
// name; to tell them apart in a collector of metrics, use the ID or give each stream a [WithName].
// StreamStats takes one lock for each stream and may be called at any time.
func (c *Client) StreamStats() []StreamStats {
	if !c.made() {
		return nil
	}
	c.mu.Lock()
	bindings, rooms := c.bindings.slice(), c.roomsLocked()
	c.mu.Unlock()
	all := make([]StreamStats, 0, len(bindings)+len(rooms))
	for _, b := range bindings {
		id := b.id
		b.sink.stats(func(f StreamStats) {
			f.ID = id
			id++ // of a Partition's next one
			all = append(all, f)
		})
	}
	for _, r := range rooms {
		r.observer.Figures(func(f observe.Figures) {
			all = append(all, StreamStats{
				ID: f.ID, Name: r.channel + " (room)",
				Depth: f.Depth, Capacity: f.Capacity, Delivered: f.Delivered, Malformed: f.Malformed,
			})
		})
	}
	return sortStats(all)
}

// observed is an observer and its channel.
type observed struct {
	channel  string
	observer observe.Observer
}

// roomsLocked returns the observers of all channels.
func (c *Client) roomsLocked() (all []observed) {
	for s, o := range c.rooms {
		all = append(all, observed{s.Name, o.Observer})
	}
	return all
}

// unclaimed counts an event that no stream took, on the reading goroutine. If it is the same event
// as the last time, nothing else is done.
func (c *Client) unclaimed(e *envelope) {
	c.stats.unclaimed.Add(1)
	if t := c.trace; t != nil && len(t.unclaimed.calls) > 0 {
		t.unclaimed.now(t, UnclaimedInfo{Channel: shownName(string(firstBytes(e.channel))), Event: shownName(string(firstBytes(e.event)))})
	}
	r := &c.reader
	if r.missed[0] == string(e.channel) && r.missed[1] == string(e.event) {
		return
	}
	r.missed = [2]string{r.intern(firstBytes(e.channel)), r.intern(firstBytes(e.event))}
	last := UnclaimedEvent{Channel: shownName(r.missed[0]), Event: shownName(r.missed[1])}
	c.mu.Lock()
	c.lastUnclaimed = last
	c.mu.Unlock()
}

// firstBytes cuts a name to a length that no bound name can have.
func firstBytes(name []byte) []byte { return name[:min(len(name), maxEventName+1)] }

func shownName(name string) string { return redact.Bound(redact.Printable(name), maxEventName) }

// A statsKey is the place of a StreamStats among others, and the first bytes of what it is sorted
// by, so that most comparisons look at nothing else.
type statsKey struct {
	head uint64
	at   int
}

// sortStats returns the figures sorted by name and ID. Names of one program often begin alike, so
// the bytes after what all have in common are compared first.
func sortStats(all []StreamStats) []StreamStats {
	if len(all) == 0 {
		return all
	}
	common := all[0].Name
	for i := range all {
		common = common[:shared(common, all[i].Name)]
	}
	keys := make([]statsKey, len(all))
	for i := range all {
		var head [8]byte
		copy(head[:], all[i].Name[len(common):])
		keys[i] = statsKey{binary.BigEndian.Uint64(head[:]), i}
	}
	slices.SortFunc(keys, func(a, b statsKey) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		x, y := &all[a.at], &all[b.at]
		return cmp.Or(strings.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID))
	})
	sorted := make([]StreamStats, len(all))
	for i, k := range keys {
		sorted[i] = all[k.at]
	}
	return sorted
}

// shared returns how many bytes the two have in common at their beginning.
func shared(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
