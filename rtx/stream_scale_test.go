package rtx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// Ten thousand streams, on a thousand channels, add no goroutine: neither open, nor while events
// flow, nor when their context has ended.
func TestStreamsHaveNoGoroutines(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		keeper := opened[numbered](t, c.Channel("c0"), "n")
		synctest.Wait()
		before := runtime.NumGoroutine()
		ctx, cancel := context.WithCancel(t.Context())
		streams := make([]*rtx.Stream[numbered], 10_000)
		for i := range streams {
			streams[i] = rtx.On[numbered](ctx, c.Channel(fmt.Sprint("c", i%1000)), "n", rtx.WithBuffer(2))
		}
		for _, stream := range streams {
			if err := stream.Ready(ctx); err != nil {
				t.Fatal(err)
			}
		}
		count := func(when string) {
			t.Helper()
			synctest.Wait()
			if n := runtime.NumGoroutine(); n > before { // fewer: one of the dial has ended meanwhile
				t.Errorf("%s: %d goroutines, %d without the streams", when, n, before)
			}
		}
		count("open")
		for i := range 1000 {
			s.Publish(fmt.Sprint("c", i), "n", numbered{i})
		}
		count("after events")
		for i, stream := range streams {
			if v := <-stream.C; v.N != i%1000 {
				t.Fatalf("stream %d received %v", i, v)
			}
		}
		cancel()
		count("ended")
		if n := c.Stats().Streams; n != 1 || keeper.Err() != nil {
			t.Errorf("%d streams are open", n)
		}
	})
}

// A stream that nobody reads delays no other stream, no pong and no state, by any time at all.
func TestOneWhoNeverReadsDelaysNobody(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		states := c.States(t.Context())
		var stuck []*rtx.Stream[numbered]
		for _, p := range []rtx.Policy{rtx.DropOldest, rtx.DropNewest, rtx.EndStream, rtx.Grow(1 << 20)} {
			stuck = append(stuck, opened[numbered](t, c.Channel("a"), "n", rtx.WithBuffer(1), rtx.WithOverflow(p)))
		}
		reader := opened[rtx.Message[numbered]](t, c.Channel("a"), "n")
		start := time.Now()
		for n := range 1000 {
			s.Publish("a", "n", numbered{n})
			if v := <-reader.C; v.Value.N != n || !v.ReceivedAt.Equal(start) || !time.Now().Equal(start) {
				t.Fatalf("%+v after %v", v, time.Since(start))
			}
		}
		if d, err := c.Ping(t.Context()); err != nil || d != 0 {
			t.Errorf("Ping: %v, %v", d, err)
		}
		time.Sleep(time.Hour) // 144 heartbeats, each to be answered in time
		if st := c.Stats(); st.Connects != 1 {
			t.Errorf("%+v: the heartbeat was late", st)
		}
		await(t, states, rtx.StateConnected)
		at := time.Now()
		s.DropAll(testserver.Reset)
		if st := await(t, states, rtx.StateReconnecting); !st.At.Equal(at) {
			t.Errorf("the state came after %v", st.At.Sub(at))
		}
		for i, want := range []uint64{999, 999, 1, 0} {
			if st := stuck[i].Stats(); st.Dropped != want {
				t.Errorf("stream %d: %+v, want %d dropped", i, st, want)
			}
		}
	})
}

// Eight goroutines close streams that events flow into; nothing panics, nobody waits, and the
// channel is left.
func TestClosingFromEightGoroutines(t *testing.T) {
	s := testserver.NewServer(t)
	c := connect(t, s)
	stop := make(chan struct{})
	var publisher sync.WaitGroup
	publisher.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				s.Publish("a", "n", numbered{n})
				runtime.Gosched()
			}
		}
	})
	opened[numbered](t, c.Channel("a"), "other")
	for round := range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		stream := rtx.On[numbered](ctx, c.Channel("a"), "n", rtx.WithBuffer(1+round%3),
			rtx.WithOverflow([]rtx.Policy{rtx.DropOldest, rtx.DropNewest, rtx.EndStream, rtx.Grow(64)}[round%4]))
		if round%2 == 0 {
			<-stream.C
		}
		var closers sync.WaitGroup
		for i := range 8 {
			closers.Go(func() {
				if i == 0 {
					cancel()
				}
				stream.Close()
			})
		}
		for range stream.All() {
		}
		closers.Wait()
		if err := stream.Err(); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, rtx.ErrOverflow) {
			t.Fatal(err)
		}
		cancel()
	}
	close(stop)
	publisher.Wait()
	if n := c.Stats().Streams; n != 1 {
		t.Errorf("%d streams are open", n)
	}
}

// A stream that drops says so once, not once for each value, and again after a minute; likewise for
// payloads.
func TestLossesAreLoggedOnce(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var log bytes.Buffer
		c := connect(t, s, rtx.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))))
		opened[numbered](t, c.Channel("a"), "n", rtx.WithBuffer(1))
		opened[string](t, c.Channel("a"), "n", rtx.WithName("texts"))
		lines := func(part string) (n int) {
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, part) {
					n++
				}
			}
			return n
		}
		for want := 1; want <= 2; want++ {
			for range 50 {
				publish(s, "a", 1)
			}
			if n := lines("level=WARN msg=\"rtx: stream is dropping values: its reader is behind\" stream=a/n channel=a"); n != want {
				t.Errorf("%d lines of drops, want %d:\n%s", n, want, &log)
			}
			if n := lines("stream=texts error="); n != want {
				t.Errorf("%d lines of payloads, want %d:\n%s", n, want, &log)
			}
			time.Sleep(time.Minute)
		}
		if c.Stats().Dropped != 99 || c.Stats().Malformed != 100 {
			t.Errorf("%+v", c.Stats())
		}
		all := c.StreamStats()
		if len(all) != 2 || all[0].Name != "a/n" || all[0].Dropped != 99 || all[1].Name != "texts" || all[1].Malformed != 100 {
			t.Errorf("%+v", all)
		}
	})
}
