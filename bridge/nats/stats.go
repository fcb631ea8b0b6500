package bridge

import (
	"slices"
	"sync"
	"time"
)

// Stats are the figures of a replica. Those that count never fall.
type Stats struct {
	Replica    string
	Ready      bool // it holds a lease, and could publish
	WithoutIDs bool // the service gives events no ids: nothing is filled, see the package documentation
	Members    int  // replicas with a lease, this one included
	Channels   int  // that it receives
	Leading    int  // channels that it publishes
	Waiting    int  // events that it has not published yet
	RingEvents int  // events in all rings
	RingBytes  int  // that they take

	Published  uint64 // events
	Duplicates uint64 // events that the bus had already
	Gaps       uint64 // gap records
	Filled     uint64 // events that a peer had
	TooLarge   uint64 // events that the bus did not take; each is a gap record
	Fenced     uint64 // records that the bus refused because somebody else had published
	Looks      uint64 // times that the last record of a channel was read
	Asks       uint64 // times that peers were asked
	Answers    uint64 // answers to peers
	Renewals   uint64 // of the lease
}

// figures holds Stats for whoever asks.
type figures struct {
	mu sync.Mutex
	s  Stats
}

func (f *figures) set(s Stats) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.s = s
}

func (f *figures) count(change func(*Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.s)
}

// Stats returns the figures, at most a few hundred milliseconds old.
func (b *Bridge) Stats() Stats {
	b.stats.mu.Lock()
	defer b.stats.mu.Unlock()
	return b.stats.s
}

// Readiness returns nil if the replica holds a lease, is connected, and is subscribed to its
// channels. Otherwise it returns what is missing: a *rtx.NotReadyError of the client, or
// ErrNoLease. It does not wait, so it suits health probes.
func (b *Bridge) Readiness() error {
	if b.Stats().Ready {
		return nil
	}
	if err := b.cfg.Client.Readiness(); err != nil {
		return err
	}
	return ErrNoLease
}

// report brings the figures up to date.
func (r *running) report(now time.Time) {
	r.told = now
	var s Stats
	for _, h := range r.all {
		c := h.ch
		if r.seat.Joined(h.index) {
			s.Channels++
		}
		if c.Leading() {
			s.Leading++
		}
		s.Waiting += c.Backlog()
		s.RingEvents += c.Ring.Len()
		s.RingBytes += c.Ring.Held()
		s.Published += c.Counts.Published
		s.Duplicates += c.Counts.Duplicates
		s.Gaps += c.Counts.Gaps
		s.Filled += c.Counts.Filled
		s.TooLarge += c.Counts.Refused
		s.Fenced += c.Counts.Fenced
		s.Looks += c.Counts.Looks
		s.Asks += c.Counts.Asks
	}
	s.Ready = r.lease.holds(now) && r.lease.says.Ready && slices.Contains(r.lease.says.Covers, r.cfg.Replica)
	s.Members = len(r.live(now))
	r.stats.count(func(old *Stats) {
		s.Replica, s.WithoutIDs, s.Answers, s.Renewals = old.Replica, old.WithoutIDs, old.Answers, old.Renewals
		*old = s
	})
}
