package bridge_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
)

var rounds = flag.Int("rounds", 2, "how often each takeover is done")

// The time from the end of a leader to the next event on the bus, by a kill and by a drain. Each
// leader has renewed its lease several times before. The figures are shown and not judged; what is
// judged is that each takeover happens, and that the bus misses nothing.
func TestTakeover(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"kill", "drain"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1, []string{"orders"}, nil, withRecovery)
			l := newLaw(w)
			live := []*part{w.start(), w.start()}
			w.ready(live...)
			w.leader()
			stop := l.load(1000)
			var times []time.Duration
			for range *rounds {
				time.Sleep(1200 * time.Millisecond)
				i := -1
				w.wait("one leads", func() bool {
					i = slices.IndexFunc(live, func(p *part) bool { return p.bridge.Stats().Leading > 0 })
					return i >= 0
				})
				other := live[1-i]
				began := time.Now()
				if how == "kill" {
					live[i].kill()
				} else {
					live[i].stop()
				}
				bus := l.onBus("orders")
				w.wait("another publishes", func() bool { return l.onBus("orders") > bus+1 && other.bridge.Stats().Leading > 0 })
				times = append(times, time.Since(began))
				live[i] = w.start()
				w.ready(live...)
			}
			stop()
			l.check(true)
			slices.Sort(times)
			t.Logf("takeover after a %s, lease %v, %d rounds: p50 %v, p99 %v", how, time.Second, len(times),
				times[len(times)/2].Round(time.Millisecond), times[(len(times)*99)/100].Round(time.Millisecond))
		})
	}
}

// Replicas join one after the other while events come. Channels move to them, and nothing is lost.
func TestShardingMovesLoseNothing(t *testing.T) {
	t.Parallel()
	var channels []string
	for i := range 40 {
		channels = append(channels, fmt.Sprint("orders-", i))
	}
	w := newWorld(t, 1, channels, func(c *bridge.Config) { c.Sharded = true }, withRecovery)
	l := newLaw(w)
	live := []*part{w.start()}
	w.ready(live...)
	w.leader()
	stop := l.load(1000)
	for n := 2; n <= 8; n++ {
		live = append(live, w.start())
		w.ready(live...)
		w.wait("each channel has one leader", func() bool {
			leading := 0
			for _, p := range live {
				leading += p.bridge.Stats().Leading
			}
			return leading == len(channels) && live[n-1].bridge.Stats().Leading > 0
		})
		if got := live[n-1].bridge.Stats().Leading; got > len(channels)/2+len(channels)/5 {
			t.Errorf("%d channels of %d moved to replica %d", got, len(channels), n)
		}
	}
	live[3].stop()
	live = slices.Delete(live, 3, 4)
	// Who has left is not counted any more, and who has too many gives them back, once it knows of the others.
	w.wait("two replicas receive each channel, and one leads it", func() bool {
		receives, leading := 0, 0
		for _, p := range live {
			s := p.bridge.Stats()
			receives += s.Channels
			leading += s.Leading
		}
		return receives == 2*len(channels) && leading == len(channels)
	})
	stop()
	l.check(true)
}

// All replicas are replaced, one after the other, while events come.
func TestRollingRestartLosesNothing(t *testing.T) {
	t.Parallel()
	for name, sharded := range map[string]bool{"sharded": true, "standby": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1, []string{"orders", "stock", "users", "carts", "mails"}, func(c *bridge.Config) { c.Sharded = sharded }, withRecovery)
			l := newLaw(w)
			live := []*part{w.start(), w.start(), w.start()}
			w.ready(live...)
			w.leader()
			stop := l.load(200)
			for range 2 * len(live) {
				live = append(live, w.start())
				w.ready(live...)
				live[0].stop()
				live = live[1:]
			}
			stop()
			l.check(true)
		})
	}
}

// A replica that has drained leaves no lease behind: the next one need not wait for its end.
func TestGivesItsLeaseBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, func(c *bridge.Config) { c.Lease = time.Hour }, withRecovery)
	l := newLaw(w)
	a := w.start()
	w.ready(a)
	w.leader()
	l.publish("orders")
	w.wait("the bus has it", func() bool { return l.onBus("orders") == 1 })
	b := w.start()
	w.ready(a, b)
	w.wait("the first has said that there is nothing more", func() bool { return a.bridge.Stats().Answers > 0 })
	a.stop()
	l.publish("orders")
	w.wait("the other publishes", func() bool { return l.onBus("orders") == 2 })
	w.wait("one member is left", func() bool { return b.bridge.Stats().Members == 1 })
}

// A process that is started again under its name gets its lease when the old one has run out, also
// after that was renewed.
func TestSameNameAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, func(c *bridge.Config) { c.Replica = "only" }, withRecovery)
	l := newLaw(w)
	a := w.start()
	w.ready(a)
	w.leader()
	w.wait("the lease is renewed", func() bool { return a.bridge.Stats().Renewals > 3 })
	a.kill()
	b := w.start()
	w.wait("it has its lease", func() bool { return b.bridge.Stats().Ready && b.bridge.Stats().Leading == 1 })
	l.publish("orders")
	w.wait("it publishes", func() bool { return l.onBus("orders") == 1 })
}
