package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/realtimex/realtimex-go/rtx"
)

// Sent is what one sender has given to Trigger, one call at a time, numbered in order. Its methods
// may be called concurrently, Trigger by one goroutine at a time.
type Sent struct {
	From string

	mu       sync.Mutex
	attempts []attempt
}

type attempt struct {
	channel  string
	socketID string // of the connection that it was made on; "" if that changed meanwhile
	connects uint64
	err      error
}

// Trigger sends the next number as a client event of that name, and records what became of it.
func (s *Sent) Trigger(ctx context.Context, c *rtx.Client, ch *rtx.Channel, event string, key int) error {
	s.mu.Lock()
	n := uint64(len(s.attempts)) + 1
	s.mu.Unlock()
	id, connects := c.SocketID(), c.Stats().Connects
	err := ch.Trigger(ctx, event, Value{From: s.From, N: n, Key: key})
	if c.SocketID() != id || c.Stats().Connects != connects {
		id = ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts = append(s.attempts, attempt{ch.Name(), id, connects, err})
	return err
}

// Arrival is a client event that the service has from a sender.
type Arrival struct {
	Channel string
	N       uint64
}

// Check returns the breaches of Trigger's word. arrived is what the service has from this sender,
// in its order. current is the number of the sender's connections if the last one is still up and
// the service has had the time, else 0.
func (s *Sent) Check(arrived []Arrival, current uint64) (breaches []Breach) {
	s.mu.Lock()
	defer s.mu.Unlock()
	breach := func(r Rule, format string, args ...any) {
		breaches = append(breaches, Breach{"Trigger of " + s.From, r, fmt.Sprintf(format, args...)})
	}
	have := make(map[uint64]bool)
	furthest := make(map[uint64]uint64) // by connection
	high := uint64(0)
	for _, a := range arrived {
		switch {
		case a.N == 0 || a.N > uint64(len(s.attempts)):
			breach(Foreign, "%d", a.N)
			continue
		case have[a.N]:
			breach(Twice, "%d", a.N)
		case a.N < high:
			breach(Order, "%d after %d", a.N, high)
		}
		have[a.N] = true
		high = max(high, a.N)
		t := s.attempts[a.N-1]
		if t.channel != a.Channel {
			breach(Foreign, "%d on %s, sent on %s", a.N, a.Channel, t.channel)
		}
		if t.err != nil && !errors.Is(t.err, rtx.ErrNotConnected) && !errors.Is(t.err, rtx.ErrClosed) {
			breach(Foreign, "%d, of which Trigger said that no byte was sent: %v", a.N, t.err)
		}
		if t.socketID != "" {
			furthest[t.connects] = max(furthest[t.connects], a.N)
		}
	}
	for i, t := range s.attempts {
		n := uint64(i) + 1
		if t.err != nil || t.socketID == "" || have[n] {
			continue
		}
		if n < furthest[t.connects] {
			breach(Silent, "%d, sent without an error, did not arrive, and %d did after it on the same connection", n, furthest[t.connects])
		} else if t.connects == current {
			breach(Silent, "%d, sent without an error on a connection that is still up, did not arrive", n)
		}
	}
	return breaches
}

// Len returns how many were tried.
func (s *Sent) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.attempts)
}
