package main

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// arrivals waits until something has happened often enough.
type arrivals struct {
	left atomic.Int64
	all  chan struct{}
}

func newArrivals() *arrivals { return &arrivals{all: make(chan struct{}, 1)} }

// expect sets how many are still to come.
func (a *arrivals) expect(n int) { a.left.Store(int64(n)) }

// one counts one of them. Any goroutine may call it.
func (a *arrivals) one() {
	if a.left.Add(-1) == 0 {
		a.all <- struct{}{}
	}
}

func (a *arrivals) wait() error {
	select {
	case <-a.all:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%d are missing after %v", a.left.Load(), patience)
	}
}

// scaleChannels measures one client with many channels and a stream on each, beside one with a tenth
// of them: what is linear costs as much a channel. Finding the stream of an event is the rows "spread".
func scaleChannels(s spec) (map[string]float64, error) {
	few := 10_000
	if s.Quick {
		few = 1_000
	}
	figures := make(map[string]float64)
	cost := make(map[int]map[string]time.Duration)
	for _, n := range []int{few, 10 * few} {
		runtime.GC()
		taken, err := channels(s, n)
		if err != nil {
			return nil, fmt.Errorf("%d channels: %w", n, err)
		}
		cost[n] = taken
		for what, took := range taken {
			figures[fmt.Sprintf("%s, µs a channel of %d", what, n)] = float64(took.Nanoseconds()) / 1e3 / float64(n)
		}
	}
	for what, took := range cost[10*few] {
		figures[fmt.Sprintf("%s, a channel of %d / of %d", what, 10*few, few)] = float64(took) / 10 / float64(cost[few][what])
	}
	return figures, nil
}

// channels returns how long a client with n channels takes for each of its works.
func channels(s spec, n int) (map[string]time.Duration, error) {
	s.Key = fmt.Sprintf("%s-%d", s.Key, n)
	subscribed := newArrivals()
	c, err := dialLibrary(s, rtx.WithBackoff(time.Millisecond, time.Millisecond),
		rtx.WithTrace(&rtx.Trace{Subscribed: func(rtx.SubscribedInfo) { subscribed.one() }}))
	if err != nil {
		return nil, err
	}
	names := make([]string, n)
	for i := range names {
		names[i] = channelOf(i, n)
	}
	taken := make(map[string]time.Duration)
	begin := time.Now()
	lap := func(what string) {
		taken[what] = time.Since(begin)
		begin = time.Now()
	}

	subscribed.expect(n)
	for _, name := range names {
		rtx.On[Payload](context.Background(), c.Channel(name), eventName, rtx.WithBuffer(1))
	}
	if err := subscribed.wait(); err != nil {
		return nil, err
	}
	lap("subscribe")

	subscribed.expect(n)
	if err := cut(s); err != nil {
		return nil, err
	}
	if err := subscribed.wait(); err != nil {
		return nil, err
	}
	lap("resubscribe after a cut")

	const scrapes = 10
	for range scrapes {
		if st := c.Stats(); st.Streams != n || st.Channels != n {
			return nil, fmt.Errorf("there are %d streams on %d channels in Stats, not %d", st.Streams, st.Channels, n)
		}
		if got := len(c.StreamStats()); got != n {
			return nil, fmt.Errorf("there are %d streams in StreamStats, not %d", got, n)
		}
	}
	lap("scrape")
	taken["scrape"] /= scrapes

	// In CPU time, because Close waits for the server's answer, which leaves all the channels first.
	before := cpuTime()
	if err := c.Close(); err != nil {
		return nil, err
	}
	taken["close, CPU"] = cpuTime() - before
	return taken, nil
}
