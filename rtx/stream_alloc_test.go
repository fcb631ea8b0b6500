//go:build !race

package rtx

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
)

// Nothing of the library's own is allocated for a delivered value. (The race detector empties the
// pools that this leans on.)
func TestDeliveryAllocatesNothing(t *testing.T) {
	ctx := context.Background()
	drain := func(s *Stream[quote]) func() { return func() { <-s.C } }
	for name, tc := range map[string]struct {
		open func(c *Client, ch *Channel) func() // returns how to take a value
		want float64
	}{
		"payload": {func(_ *Client, ch *Channel) func() { return drain(On[quote](ctx, ch, "quote")) }, 0},
		"payload, by Wake and Pending": {func(_ *Client, ch *Channel) func() {
			s := On[quote](ctx, ch, "quote")
			return func() {
				<-s.Wake
				for _, gap := range s.Pending() {
					if gap != nil {
						panic(gap)
					}
				}
				if s.Ended() {
					panic("the end")
				}
			}
		}, 0},
		"Message of every event": {func(_ *Client, ch *Channel) func() {
			s := On[Message[quote]](ctx, ch, "*")
			return func() { <-s.C }
		}, 0},
		"WithConflate": {func(_ *Client, ch *Channel) func() {
			s := On[quote](ctx, ch, "quote", WithConflate(func(q quote) uint64 { return q.ID }))
			On[quote](ctx, ch, "quote", WithConflate(func(q quote) uint64 { return q.ID })) // which nobody reads
			return func() {
				<-s.Wake
				for _, gap := range s.Pending() {
					if gap != nil {
						panic(gap)
					}
				}
			}
		}, 0},
		"client": {func(c *Client, ch *Channel) func() {
			On[int](ctx, ch, "held")
			return drain(On[quote](ctx, c, "*"))
		}, 0},
		"group": {func(_ *Client, ch *Channel) func() { return drain(On[quote](ctx, NewGroup(ch), "quote")) }, 0},
		"a full buffer": {func(_ *Client, ch *Channel) func() {
			On[quote](ctx, ch, "quote", WithBuffer(1))
			On[quote](ctx, ch, "quote", WithBuffer(1), WithOverflow(DropNewest))
			return func() {}
		}, 0},
		"Partition": {func(_ *Client, ch *Channel) func() {
			parts := Partition(ctx, ch, "quote", 2, func(q quote) uint64 { return q.ID })
			return func() {
				select {
				case <-parts[0].C:
				case <-parts[1].C:
				}
			}
		}, 0},
		"OnAny": {func(_ *Client, ch *Channel) func() {
			return drain(OnAny(ctx, ch, Cases(CaseOf("quote", func(q quote) quote { return q }), CaseOf("other", func(q quote) quote { return q }))))
		}, 0},
		"raw, the one copy that all share": {func(_ *Client, ch *Channel) func() {
			var all [10]*Stream[json.RawMessage]
			for i := range all {
				all[i] = On[json.RawMessage](ctx, ch, "quote")
			}
			return func() {
				for _, s := range all {
					<-s.C
				}
			}
		}, 1},
		"an event that nobody wants": {func(_ *Client, ch *Channel) func() {
			On[quote](ctx, ch, "other")
			return func() {}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			w.up()
			take := tc.open(w.c, w.c.Channel("quotes"))
			w.settle()
			frame := quoteFrame("quote")
			got := testing.AllocsPerRun(500, func() {
				w.receive(frame)
				take()
			})
			if got != tc.want {
				t.Errorf("%v allocations for an event, want %v", got, tc.want)
			}
			_ = w.c.Close()
		})
	}
}

// An open stream, its channel's subscription aside, takes 896 bytes at most.
func TestIdleStreamIsSmall(t *testing.T) {
	const n, limit = 4096, 896
	w := newWire(t)
	w.up()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ch := w.c.Channel("quotes")
	streams := make([]*Stream[byte], n)
	before := heapInUse()
	for i := range streams {
		streams[i] = On[byte](ctx, ch, fmt.Sprint("quote-", i%8), WithBuffer(1))
	}
	w.settle()
	if per := (heapInUse() - before) / n; per > limit {
		t.Errorf("%d bytes for a stream, want at most %d", per, limit)
	}
	runtime.KeepAlive(streams)
	_ = w.c.Close()
}
