package bridge_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/rtxtest"
)

var (
	lawEvents = flag.Int("events", 3000, "how many events the law is held against in each test")
	lawSeed   = flag.Uint64("law-seed", 0, "the seed of the faults; 0 for one of its own each time")
)

var withRecovery = rtxtest.WithRecovery(2 * time.Second)

// A law is what must be so on the bus: each event that was published while at least one replica was
// there is on it once and in order, or a gap record stands in its place.
type law struct {
	w    *world
	mu   sync.Mutex
	sent map[string]int
	all  atomic.Int64
}

func newLaw(w *world) *law { return &law{w: w, sent: make(map[string]int)} }

// publish sends the next event of a channel.
func (l *law) publish(channel string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[channel]++
	l.all.Add(1)
	l.w.publish(channel, l.sent[channel])
}

// load publishes that many events a second, on all channels in turn, until the function it returns is
// called.
func (l *law) load(rate int) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; {
			select {
			case <-done:
				return
			case <-tick.C:
				for range rate / 200 {
					l.publish(l.w.channels[i%len(l.w.channels)])
					i++
				}
			}
		}
	})
	return func() { close(done); wait.Wait() }
}

// onBus returns how many records of a channel the bus has.
func (l *law) onBus(channel string) int {
	s, err := l.w.js.Stream(l.w.t.Context(), "rtx-shop")
	if err != nil {
		return 0
	}
	info, err := s.Info(l.w.t.Context(), jetstream.WithSubjectFilter(bridge.ChannelSubject("shop", channel)))
	if err != nil {
		return 0
	}
	n := 0
	for _, of := range info.State.Subjects {
		n += int(of)
	}
	return n
}

// An item is an event or a gap record of a channel.
type item struct {
	n   int
	gap string
}

// read returns what the bus has, by channel.
func (l *law) read() map[string][]item {
	l.w.t.Helper()
	ctx, cancel := context.WithTimeout(l.w.t.Context(), 60*time.Second)
	defer cancel()
	s, err := l.w.js.Stream(ctx, "rtx-shop")
	if err != nil {
		l.w.t.Fatal(err)
	}
	info, err := s.Info(ctx)
	if err != nil {
		l.w.t.Fatal(err)
	}
	all := make(map[string][]item)
	if info.State.Msgs == 0 {
		return all
	}
	c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		l.w.t.Fatal(err)
	}
	messages, err := c.Messages()
	if err != nil {
		l.w.t.Fatal(err)
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			l.w.t.Fatal(err)
		}
		_, channel, _, gap, err := bridge.ParseSubject(m.Subject())
		if err != nil {
			l.w.t.Fatal(err)
		}
		if gap {
			all[channel] = append(all[channel], item{gap: string(m.Data())})
		} else {
			var e number
			if err := json.Unmarshal(m.Data(), &e); err != nil {
				l.w.t.Fatal(err)
			}
			all[channel] = append(all[channel], item{n: e.N})
		}
		meta, err := m.Metadata()
		if err != nil {
			l.w.t.Fatal(err)
		}
		if meta.NumPending == 0 {
			return all
		}
	}
}

// settle publishes a last event on each channel and waits until the bus has it.
func (l *law) settle() {
	l.w.t.Helper()
	for _, channel := range l.w.channels {
		l.publish(channel)
	}
	marks := make(map[string]int)
	l.w.wait("the last events are on the bus", func() bool {
		time.Sleep(50 * time.Millisecond) // from one look at the bus to the next
		for channel, items := range l.read() {
			for _, it := range items {
				marks[channel] = max(marks[channel], it.n)
			}
		}
		for _, channel := range l.w.channels {
			if marks[channel] < l.sent[channel] {
				return false
			}
		}
		return true
	})
}

// check holds the bus to the law. With whole no gap record may be there, because one replica received
// everything.
func (l *law) check(whole bool) (events, gaps int) {
	l.w.t.Helper()
	l.settle()
	for channel, items := range l.read() {
		last, gap, told := 0, false, ""
		for i, it := range items {
			if it.n == 0 {
				gaps++
				told = it.gap
				if gap = true; whole && i > 0 {
					l.w.t.Errorf("%s: a gap record after %d without a cause: %s", channel, last, it.gap)
				}
				continue
			}
			switch events++; {
			case it.n <= last:
				l.w.t.Errorf("%s: %d comes after %d", channel, it.n, last)
			case it.n != last+1 && !gap:
				l.w.t.Errorf("%s: %d to %d are missing, and no gap record", channel, last+1, it.n-1)
			}
			if it.n > last+1 && gap {
				l.w.t.Logf("%s: %d events are missing before %d, and told: %.120s", channel, it.n-last-1, it.n, told)
			}
			last, gap = max(last, it.n), false
		}
	}
	l.w.t.Logf("%d events sent; the bus has %d, and %d gap records", l.all.Load(), events, gaps)
	return events, gaps
}

// chaos makes faults until enough events were published. whole leaves one replica's links alone.
func chaos(t *testing.T, nodes int, whole bool) {
	seed := *lawSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-law-seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	set := func(c *bridge.Config) {
		if !whole {
			c.Fill = 300 * time.Millisecond // replicas are killed so often that they could not wait for longer
		}
	}
	w := newWorld(t, nodes, []string{"orders", "stock", "private-a.b", "prices"}, set, withRecovery)
	l := newLaw(w)
	parts := []*part{w.start(), w.start(), w.start()}
	w.ready(parts...)
	w.leader()
	stop := l.load(1000)
	faults := make(map[string]int)
	for l.all.Load() < int64(*lawEvents) {
		pause := 100 + rnd.IntN(300)
		if !whole {
			pause *= 3 // so that replicas live for longer than a takeover takes
		}
		time.Sleep(time.Duration(pause) * time.Millisecond)
		i := rnd.IntN(3)
		if whole && i == 0 {
			i = 1
		}
		p := parts[i]
		switch rnd.IntN(6) {
		case 0:
			faults["kill"]++
			p.kill()
			parts[i] = w.start()
		case 1:
			faults["kill of the leader"]++
			for j, p := range parts {
				if p.bridge.Stats().Leading > 0 && (j > 0 || !whole) {
					p.kill()
					parts[j] = w.start()
					break
				}
			}
		case 2:
			faults["cut"]++
			p.link.cut(false)
		case 3:
			faults["outage of a link"]++
			p.link.cut(true)
			go func() { time.Sleep(2500 * time.Millisecond); p.link.open() }()
		case 4:
			faults["partition"]++
			p.bus.cut(true)
			go func() { time.Sleep(1500 * time.Millisecond); p.bus.open() }()
		case 5:
			if !whole && rnd.IntN(3) == 0 {
				faults["restart of the service"]++
				w.service.Restart()
			} else if rnd.IntN(3) == 0 {
				faults["restart of NATS"]++
				w.nats.restart(rnd.IntN(nodes))
			}
		}
	}
	stop()
	for _, p := range parts {
		p.link.open()
		p.bus.open()
	}
	time.Sleep(1600 * time.Millisecond) // longer than the leases of who was killed; check waits for the rest
	l.check(whole)
	var filled, fenced uint64
	for _, p := range w.parts {
		s := p.bridge.Stats()
		filled, fenced = filled+s.Filled, fenced+s.Fenced
	}
	t.Logf("faults: %v; %d events were filled by peers, %d records fenced", faults, filled, fenced)
}

func TestLaw(t *testing.T) {
	t.Parallel()
	for _, nodes := range []int{1, 3} {
		for _, whole := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d nodes, whole %v", nodes, whole), func(t *testing.T) {
				t.Parallel()
				chaos(t, nodes, whole)
			})
		}
	}
}
