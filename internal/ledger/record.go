package ledger

import (
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A Pace is called after each value: a slow consumer.
type Pace func()

// A View takes the numbered payload, and what is known of its channel and event, from a stream's
// value.
type View[T any] func(v T) (channel, name string, value Value)

// Plain is the view of a stream of bare payloads.
func Plain(v Value) (channel, name string, value Value) { return "", "", v }

// Addressed is the view of a stream of messages.
func Addressed(m rtx.Message[Value]) (channel, name string, value Value) {
	return m.Channel, m.Event, m.Value
}

// ReadAll records a stream by All until it ends.
func ReadAll[T any](t *Tape, s *rtx.Stream[T], view View[T], pace Pace) {
	for v, g := range s.All() {
		if g != nil {
			t.Gap(*g)
			continue
		}
		t.Value(view(v))
		pace()
	}
	t.Ended(s.Err())
}

// ReadPending records a stream by Wake and Pending until it ends.
func ReadPending[T any](t *Tape, s *rtx.Stream[T], view View[T], pace Pace) {
	for !s.Ended() {
		<-s.Wake
		for v, g := range s.Pending() {
			if g != nil {
				t.Gap(*g)
				continue
			}
			t.Value(view(v))
			pace()
		}
	}
	t.Ended(s.Err())
}

// ReadBatches records a stream by Batches until it ends.
func ReadBatches[T any](t *Tape, s *rtx.Stream[T], limit int, d time.Duration, view View[T], pace Pace) {
	for vs, g := range rtx.Batches(s, limit, d) {
		if g != nil {
			t.Gap(*g)
			continue
		}
		for _, v := range vs {
			t.Value(view(v))
		}
		pace()
	}
	t.Ended(s.Err())
}

// ReadC records a stream by C, Lost and Gaps until it ends.
func ReadC[T any](t *Tape, s *rtx.Stream[T], view View[T], pace Pace) {
	for {
		select {
		case v, ok := <-s.C:
			for g := range s.Gaps() {
				t.Gap(*g)
			}
			if !ok {
				t.Ended(s.Err())
				return
			}
			t.Value(view(v))
			pace()
		case <-s.Lost:
			for g := range s.Gaps() {
				t.Gap(*g)
			}
		}
	}
}
