package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/realtimex/realtimex-go/rtx"
)

const (
	benchEventName = "client-bench"
	benchDialing   = 64              // connections that are made at a time
	benchSettle    = 2 * time.Second // how long is waited for what was sent last
	benchKeeps     = 16 << 20        // bytes that may wait for a connection's reader
)

// A benchEvent is what bench publishes.
type benchEvent struct {
	At  int64  `json:"at"` // when it was to go out, in nanoseconds after the beginning
	Pad string `json:"pad"`
}

// A benchMember is one connection of a load.
type benchMember struct {
	client  *rtx.Client
	channel *rtx.Channel // the one that it publishes to; nil if it only listens
	reading sync.WaitGroup
}

func (m *benchMember) close() {
	_ = m.client.Close() // leaving is all that is left to do, and it has no outcome
	m.reading.Wait()
}

// measure makes the connections, loads them, and closes them.
func (b *bench) measure(ctx context.Context) (*benchResult, error) {
	var received atomic.Uint64
	clock := &benchClock{set: make(chan struct{})}
	names := b.listen
	if len(names) == 0 {
		run := strings.ToLower(rand.Text()[:8])
		for n := range b.channels {
			names = append(names, fmt.Sprintf("private-rtx-bench-%s-%d", run, n))
		}
	}
	b.console.ShowStatus(func() string {
		return fmt.Sprintf("%d of %d connections  %d received  p99 %s", b.ready.n.Load(), b.connections, received.Load(), millis(b.latency.quantile(0.99)))
	})
	members, err := b.gather(ctx, names, clock, &received)
	defer func() {
		var closing errgroup.Group
		closing.SetLimit(benchDialing)
		for _, m := range members {
			if m != nil {
				closing.Go(func() error { m.close(); return nil })
			}
		}
		_ = closing.Wait() // nothing fails
		b.console.HideStatus()
	}()
	if err != nil {
		return nil, err
	}
	clock.begin(time.Now())
	result := &benchResult{bench: b, names: len(names)}
	if len(b.listen) > 0 {
		timer := time.NewTimer(b.duration)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	} else if err := b.load(ctx, members, clock.began, result); err != nil {
		return nil, err
	}
	result.took = time.Since(clock.began)
	b.settle(ctx, result, &received)
	result.received = received.Load()
	for _, m := range members {
		stats := m.client.Stats()
		result.reconnects += max(stats.Connects, 1) - 1
		result.dropped += stats.Dropped
	}
	return result, nil
}

// A benchClock is when the load began, for those that are there before it.
type benchClock struct {
	began time.Time
	set   chan struct{} // closed when began is known
}

func (c *benchClock) begin(now time.Time) {
	c.began = now
	close(c.set)
}

// gather makes the connections, and waits until each has its channels. Those that were made are
// returned in any case.
func (b *bench) gather(ctx context.Context, names []string, clock *benchClock, received *atomic.Uint64) ([]*benchMember, error) {
	members := make([]*benchMember, b.connections)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(benchDialing)
	for i := range members {
		group.Go(func() error {
			mine := names
			if len(b.listen) == 0 {
				mine = names[i%len(names):][:1]
			}
			m, err := b.join(ctx, mine, clock, received)
			if m != nil && len(b.listen) == 0 && i < len(names) {
				m.channel = m.client.Channel(mine[0])
			}
			members[i] = m
			return err
		})
	}
	return members, group.Wait()
}

// join makes one connection, and begins to read.
func (b *bench) join(ctx context.Context, names []string, clock *benchClock, received *atomic.Uint64) (*benchMember, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	started := time.Now()
	client, err := b.conn.client(b.console)
	if err != nil {
		return nil, err
	}
	m := &benchMember{client: client}
	channels := make([]*rtx.Channel, len(names))
	for i, name := range names {
		channels[i] = client.Channel(name)
	}
	if len(b.listen) > 0 {
		stream := rtx.OnAny(context.WithoutCancel(ctx), rtx.NewGroup(channels...), new(listener).cases(), rtx.WithOverflow(rtx.Grow(benchKeeps)))
		err = b.begin(ctx, m, stream.Ready, func() {
			for _, gap := range stream.All() {
				if gap == nil {
					received.Add(1)
				}
			}
		})
	} else {
		stream := rtx.On[benchEvent](context.WithoutCancel(ctx), channels[0], benchEventName, rtx.WithOverflow(rtx.Grow(benchKeeps)))
		err = b.begin(ctx, m, stream.Ready, func() {
			for e, gap := range stream.All() {
				if gap == nil {
					<-clock.set
					b.latency.add(time.Since(clock.began) - time.Duration(e.At))
					received.Add(1)
				}
			}
		})
	}
	if err == nil {
		b.ready.add(time.Since(started))
	}
	return m, err
}

// begin connects, waits for the subscriptions, and reads on a goroutine that ends with the client.
func (b *bench) begin(ctx context.Context, m *benchMember, ready func(context.Context) error, read func()) error {
	m.reading.Go(read)
	if err := m.client.Connect(ctx); err != nil {
		return b.conn.explain(err)
	}
	if err := ready(ctx); err != nil {
		return b.conn.explain(err)
	}
	return nil
}

// load publishes on each channel from its first member, at the times that were asked for.
func (b *bench) load(ctx context.Context, members []*benchMember, began time.Time, result *benchResult) error {
	var sending errgroup.Group
	var sent, expected atomic.Uint64
	every := time.Duration(float64(b.channels) / b.rate * float64(time.Second))
	for c, m := range members[:b.channels] {
		others := (len(members) - c - 1) / int(b.channels) // on this channel, beside the publisher
		l := &loop{began: began, every: max(every, 1), first: time.Duration(c) * every / time.Duration(b.channels), duration: b.duration, late: &b.late}
		sending.Go(func() error {
			n, err := l.run(ctx, func(intended time.Duration) error {
				return m.channel.Trigger(ctx, benchEventName, b.event(intended))
			})
			sent.Add(n)
			expected.Add(n * uint64(others))
			if err != nil && ctx.Err() == nil {
				return b.conn.explain(err)
			}
			return nil
		})
	}
	err := sending.Wait()
	result.sent, result.expected = sent.Load(), expected.Load()
	return err
}

// event is the data of an event, of the size that was asked for.
func (b *bench) event(intended time.Duration) json.RawMessage {
	text := fmt.Appendf(nil, `{"at":%d,"pad":"`, int64(intended))
	for len(text) < int(b.size)-2 {
		text = append(text, 'x')
	}
	return append(text, '"', '}')
}

// settle waits for what is still under way.
func (b *bench) settle(ctx context.Context, result *benchResult, received *atomic.Uint64) {
	timeout := time.After(benchSettle)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for received.Load() < result.expected {
		select {
		case <-look.C:
		case <-timeout:
			return
		case <-ctx.Done():
			return
		}
	}
}
