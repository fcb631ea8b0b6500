package rtx

import (
	"context"
	"iter"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// States delivers the states of a client's connection on a Go channel, from the current state on. C
// buffers 64 changes. If the reader falls further behind, the oldest ones are dropped; the latest
// one is always delivered. All methods may be called concurrently, and several goroutines may
// receive from C.
//
// It ends with its context, Close, Client.Drain, and, after the last state, with the client. Then
// the client closes C; buffered changes stay readable. A nil or zero States has ended, and its nil
// C never delivers anything.
type States struct {
	C <-chan StateChange // closed at the end

	of *Stream[StateChange]
	c  *Client
}

// stateBuffer is how many changes States buffers.
const stateBuffer = 64

// States returns the states of the connection, from the current one on. It ends with ctx.
func (c *Client) States(ctx context.Context) *States {
	const name = "states"
	if !c.made() {
		return newStates(c, failed[StateChange](name, errNoClient))
	}
	cfg := stream.Config{Capacity: stateBuffer, NoGaps: true}
	return newStates(c, c.watches.stream(ctx, c, name, cfg, func() []StateChange { return []StateChange{c.state} }))
}

// States returns the states of the connection that the stream is on: see [Client.States].
func (s *Stream[T]) States(ctx context.Context) *States {
	var c *Client
	if s.opened() {
		if o, ok := s.owner.(interface{ client() *Client }); ok { // not so if it never was open
			c = o.client()
		}
	}
	return c.States(ctx)
}

func newStates(c *Client, of *Stream[StateChange]) *States { return &States{C: of.C, of: of, c: c} }

// opened reports whether Client.States made it.
func (s *States) opened() bool { return s != nil && s.of != nil }

// Current returns the state of the connection now. It may be newer than the last change received
// from C. It never blocks, and works after the end too.
func (s *States) Current() StateChange {
	if !s.opened() || !s.c.made() {
		return StateChange{State: StateClosed}
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.c.state
}

// All returns an iterator over the changes that arrive on C. It waits for more until the end; then
// ask Err. If the loop is left early, nothing is lost.
func (s *States) All() iter.Seq[StateChange] {
	return func(yield func(StateChange) bool) {
		if !s.opened() {
			return
		}
		for change := range s.C {
			if !yield(change) {
				return
			}
		}
	}
}

// Close ends the States and closes C. Buffered changes stay readable. Close does not block, and may
// be called any number of times.
func (s *States) Close() {
	if s.opened() {
		s.of.Close()
	}
}

// Err returns why the States ended. It is nil before the end and after Close and Client.Drain.
// Otherwise it is context.Cause of the context, [ErrClosed], or the service's refusal of the
// client.
func (s *States) Err() error {
	if !s.opened() {
		return errNoStates
	}
	return s.of.Err()
}
