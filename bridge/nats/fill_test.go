package bridge_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// The leader can't reach NATS; the one that takes over was away for some of the events. What it
// missed it gets from the former leader, once that can be reached.
func TestPeerFillsAGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, func(c *bridge.Config) { c.Fill = 20 * time.Second }, rtxtest.WithRecovery(time.Millisecond))
	l := newLaw(w)
	a := w.start()
	w.ready(a)
	if w.leader() != a {
		t.Fatal("the first one does not lead")
	}
	b := w.start()
	w.ready(a, b)
	for range 10 {
		l.publish("orders")
	}
	w.wait("the bus has ten", func() bool { return l.onBus("orders") == 10 })
	a.bus.cut(true)
	for range 10 {
		l.publish("orders")
	}
	b.link.cut(true)
	w.service.WaitSubscribers("orders", 1)
	for range 20 {
		l.publish("orders")
	}
	b.link.open()
	w.service.WaitSubscribers("orders", 2)
	for range 10 {
		l.publish("orders")
	}
	w.wait("the other leads and asks", func() bool { s := b.bridge.Stats(); return s.Leading == 1 && s.Asks > 1 })
	a.bus.open()
	if events, gaps := l.check(true); events != 51 || gaps != 0 {
		t.Errorf("%d events and %d gap records, want 51 and none", events, gaps)
	}
	w.wait("those are counted that a peer had", func() bool { return b.bridge.Stats().Filled >= 20 })
}

// A gap on a quiet channel is told, although no event follows. If a peer proves that there was
// nothing to miss, it is not.
func TestQuietChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil, rtxtest.WithRecovery(time.Minute))
	l := newLaw(w)
	a := w.start()
	w.ready(a)
	w.leader()
	l.publish("orders")
	w.wait("the bus has it", func() bool { return l.onBus("orders") == 1 })
	w.service.Restart()
	w.wait("the gap is told", func() bool { return l.onBus("orders") == 2 })
	if items := l.read()["orders"]; len(items) != 2 || !strings.Contains(items[1].gap, `"reconnected":true`) {
		t.Errorf("the bus has %v", items)
	}
	b := w.start() // it has nothing, and a proves that nothing was sent since
	w.ready(a, b)
	a.stop()
	w.wait("the other leads", func() bool { return b.bridge.Stats().Leading == 1 })
	l.publish("orders")
	w.wait("the bus has the next", func() bool { return l.onBus("orders") >= 3 })
	items := l.read()["orders"]
	if last := items[len(items)-1]; last.n != 2 {
		t.Errorf("the bus has %v", items)
	}
}

// Without ids a takeover is a gap record, nothing is filled, and the replica says so.
func TestWithoutIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil)
	l := newLaw(w)
	a := w.start()
	w.ready(a)
	w.leader()
	b := w.start()
	w.ready(a, b)
	for range 20 {
		l.publish("orders")
	}
	w.wait("the bus has them", func() bool { return l.onBus("orders") == 20 })
	w.wait("both say so", func() bool { return a.bridge.Stats().WithoutIDs && b.bridge.Stats().WithoutIDs })
	a.kill()
	w.wait("the gap is told", func() bool { return l.onBus("orders") == 21 })
	for range 20 {
		l.publish("orders")
	}
	w.wait("the bus has the others", func() bool { return l.onBus("orders") == 41 })
	for i, it := range l.read()["orders"] {
		want := i + 1
		if i >= 20 {
			want = i
		}
		if i == 20 && it.gap == "" || i != 20 && it.n != want {
			t.Errorf("record %d is %v", i, it)
		}
	}
	if s := b.bridge.Stats(); s.Filled != 0 || s.Asks != 0 {
		t.Errorf("%d filled, %d questions, want none", s.Filled, s.Asks)
	}
}

// An event that NATS does not take is a gap record in its place, and costs nothing else.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil, rtxtest.WithRecovery(time.Minute))
	l := newLaw(w)
	a := w.start()
	w.ready(a)
	w.leader()
	l.publish("orders")
	w.service.Publish("orders", "created", strings.Repeat("x", 2<<20))
	l.publish("orders")
	w.wait("all are told", func() bool { return l.onBus("orders") == 3 })
	items := l.read()["orders"]
	if items[0].n != 1 || !strings.Contains(items[1].gap, "too large") || !strings.Contains(items[1].gap, `"dropped":1`) || items[2].n != 2 {
		t.Errorf("the bus has %v", items)
	}
	w.wait("it is counted", func() bool { return a.bridge.Stats().TooLarge == 1 })
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil)
	p := w.start()
	good := bridge.Config{Client: p.client, NATS: p.conn, App: "shop", Channels: []string{"orders"}}
	for field, change := range map[string]func(*bridge.Config){
		"Client":    func(c *bridge.Config) { c.Client = nil },
		"NATS":      func(c *bridge.Config) { c.NATS = nil },
		"App":       func(c *bridge.Config) { c.App = "a.b" },
		"Channels":  func(c *bridge.Config) { c.Channels = []string{"orders", "orders"} },
		"Replica":   func(c *bridge.Config) { c.Replica = strings.Repeat("r", 129) },
		"RingBytes": func(c *bridge.Config) { c.RingBytes = 2 << 30 },
		"RingAge":   func(c *bridge.Config) { c.RingAge = -1 },
		"StreamAge": func(c *bridge.Config) { c.StreamAge = time.Minute },
		"Lease":     func(c *bridge.Config) { c.Lease = time.Millisecond },
		"Fill":      func(c *bridge.Config) { c.Fill = -1 },
	} {
		c := good
		change(&c)
		_, err := bridge.New(c)
		if e, ok := errors.AsType[*bridge.ConfigError](err); !ok || e.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if _, err := bridge.New(bridge.Config{Client: p.client, NATS: p.conn, App: "shop", Channels: make([]string, bridge.MaxChannels+1)}); err == nil {
		t.Error("too many channels were taken")
	}
}

// Whoever publishes without having seen the last record of the channel is refused, and looks again.
func TestStaleLeaderIsFenced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil, rtxtest.WithRecovery(time.Minute))
	l := newLaw(w)
	a := w.start()
	w.ready(a)
	w.leader()
	l.publish("orders")
	w.wait("the bus has it", func() bool { return l.onBus("orders") == 1 })
	// As another replica would that has taken over unnoticed.
	m := nats.NewMsg(bridge.Subject("shop", "orders", "created"))
	m.Header.Set(nats.MsgIdHdr, "orders.unknown")
	m.Data = []byte(`{"n":2}`)
	if _, err := w.js.PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	l.publish("orders")
	w.wait("the record is refused", func() bool { return a.bridge.Stats().Fenced == 1 })
	w.wait("what follows is told and published", func() bool { return l.onBus("orders") == 4 || l.onBus("orders") == 3 })
}
