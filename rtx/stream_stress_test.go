package rtx_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// Everything that ends streams at once, while they spill and others are opened: each C is closed,
// Close returns, and nothing is left running (TestMain looks).
func TestAllEndsAtOnce(t *testing.T) {
	s := testserver.NewServer(t)
	for range 25 {
		c := connect(t, s)
		ch := c.Channel("a")
		g := rtx.NewGroup(ch, c.Channel("b"))
		ctx, cancel := context.WithCancel(t.Context())
		sources := []rtx.Source{ch, g, c}
		policies := []rtx.Policy{rtx.DropOldest, rtx.Grow(1 << 20), rtx.Grow(40), rtx.EndStream}
		open := func(i int) *rtx.Stream[numbered] {
			return rtx.On[numbered](ctx, sources[i%3], "n", rtx.WithBuffer(1), rtx.WithOverflow(policies[i%4]))
		}
		var streams []*rtx.Stream[numbered]
		for i := range 24 {
			streams = append(streams, open(i))
		}
		s.WaitSubscribed("a")
		for n := range 10 {
			s.Publish("a", "n", numbered{n})
		}
		var all sync.WaitGroup
		for _, f := range []func(){
			func() { _ = c.Drain(canceled(nil)) },
			func() { _ = c.Drain(ctx) },
			func() { _ = c.ForceUnsubscribe("a") },
			func() { g.Remove(ch); _ = g.Add(ch) },
			func() { s.Publish("a", "n", numbered{}) },
			func() { c.Stats(); c.StreamStats() },
			cancel,
			func() { _ = c.Close() },
			func() { runtime.Gosched(); _ = c.Close() },
		} {
			all.Go(f)
		}
		var late []*rtx.Stream[numbered]
		for i := range 12 {
			late = append(late, open(i))
		}
		for _, stream := range streams {
			all.Go(stream.Close)
		}
		all.Wait()
		for _, stream := range append(streams, late...) {
			for range stream.All() {
			}
			stream.Close()
		}
		if st := c.Stats(); st.Streams != 0 || st.Channels != 0 {
			t.Fatalf("%+v", st)
		}
	}
}

// An event reaches no stream before its channel is confirmed, so a gap or the begin is never told
// too early.
func TestNothingBeforeTheConfirmation(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		release := s.HoldConfirmations()
		stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
		all := rtx.On[numbered](t.Context(), c, "n")
		synctest.Wait()
		s.Publish("a", "n", numbered{1})
		if n := s.Stats().Delivered; n != 1 {
			t.Fatalf("%d subscribers", n)
		}
		synctest.Wait()
		release()
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", 2)
		for _, stream := range []*rtx.Stream[numbered]{stream, all} {
			if v := next(t, stream); v.N != 2 {
				t.Errorf("received %v", v)
			}
		}
	})
}
