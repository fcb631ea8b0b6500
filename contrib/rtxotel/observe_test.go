package rtxotel_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/rtx"
)

// shown writes the points of a metric whose value is not 0, sorted.
func (r *rig) shown(name string) string {
	var all []string
	for _, p := range points(r.metrics()[name]) {
		if p.value != 0 {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %v", text(p.attrs), p.value)))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// What two clients count is added up, and stays when a client or a stream has ended.
func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rtxotel.WithStreamName(func(name string) string {
			if strings.Contains(name, "/") {
				return ""
			}
			return name
		}))
		a, b := r.client(), r.client()
		slow := open[Order](r, a, "orders", "created", rtx.WithBuffer(2), rtx.WithName("slow"), rtx.WithLag())
		fast := open[Order](r, b, "orders", "created")
		for id := range 5 {
			r.server.Publish("orders", "created", Order{ID: id})
		}
		r.server.Publish("orders", "created", "no order")
		r.server.Publish("orders", "nobody", 1)
		time.Sleep(time.Second)

		check := func(want map[string]string) {
			t.Helper()
			for name, w := range want {
				expect(t, name, r.shown(name), w)
			}
		}
		counters := map[string]string{
			"messaging.client.consumed.messages": "messaging.operation.name=receive messaging.system=realtimex 12",
			"realtimex.client.connects":          "2",
			"realtimex.client.dropped":           "3",
			"realtimex.client.malformed":         "2",
			"realtimex.client.unclaimed":         "2",
			"realtimex.client.errors":            "",
		}
		check(counters)
		check(map[string]string{
			"realtimex.client.count":    "realtimex.client.state=connected 2",
			"realtimex.client.channels": "2",
			"realtimex.client.streams":  "2",
			"realtimex.stream.depth":    "5; realtimex.stream.name=slow 2",
			"realtimex.stream.capacity": "256; realtimex.stream.name=slow 2",
		})
		for range slow.Pending() {
		}
		next(t, fast)
		delivered := map[string]string{
			"realtimex.stream.delivered":  "1; realtimex.stream.name=slow 2",
			"realtimex.stream.lag.time":   "realtimex.stream.name=slow 2",
			"realtimex.stream.lag.values": "realtimex.lag.bound=1.6384 realtimex.stream.name=slow 2",
		}
		check(delivered)

		slow.Close()
		synctest.Wait()
		check(delivered)
		check(counters)
		check(map[string]string{"realtimex.stream.depth": "4", "realtimex.stream.capacity": "256"})

		a.Close()
		check(delivered)
		check(counters)
		check(map[string]string{"realtimex.client.count": "realtimex.client.state=connected 1", "realtimex.client.streams": "1"})
		check(counters) // not twice

		if _, err := r.tel.Observe(b); err == nil {
			t.Error("a client was observed twice")
		}
		if _, err := r.tel.Observe(nil); err == nil {
			t.Error("nil was observed")
		}
		if err := r.tel.Close(); err != nil {
			t.Fatal(err)
		}
		check(map[string]string{"realtimex.client.connects": "", "realtimex.client.count": ""})
		reg, err := r.tel.Observe(b)
		if err != nil {
			t.Fatal(err)
		}
		check(map[string]string{"realtimex.client.connects": "1"})
		reg.Unregister()
		reg.Unregister()
		check(map[string]string{"realtimex.client.connects": "1", "realtimex.client.count": ""})
	})
}

// The hooks tell of connections, subscriptions, refusals, gaps and slow streams, with exact times.
func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rtxotel.WithStreamName(func(name string) string { return name }))
		c := r.client(rtx.WithBackoff(time.Second, time.Second))
		s := open[Order](r, c, "private-orders", "created", rtx.WithBuffer(5), rtx.WithName("orders"))
		synctest.Wait() // hooks are called on a goroutine of their own
		expect(t, "operations", r.counts("messaging.client.operation.duration"), "messaging.operation.name=connect messaging.system=realtimex 1")
		expect(t, "authorized", r.counts("realtimex.client.authorize.duration"), "1")
		for id := range 6 {
			r.server.Publish("private-orders", "created", Order{ID: id})
		}
		synctest.Wait()
		expect(t, "slow", r.shown("realtimex.stream.slow"), "realtimex.stream.name=orders 1")
		expect(t, "gaps", r.shown("realtimex.stream.gaps"), "")
		for range s.Pending() {
		}
		synctest.Wait()
		expect(t, "gaps", r.shown("realtimex.stream.gaps"), "realtimex.gap.cause=dropped realtimex.stream.name=orders 1")

		r.server.Stop()
		time.Sleep(time.Minute)
		r.server.Resume()
		for range s.All() {
			break
		}
		synctest.Wait()
		expect(t, "gaps", r.shown("realtimex.stream.gaps"), "realtimex.gap.cause=dropped realtimex.stream.name=orders 1; realtimex.gap.cause=reconnected realtimex.stream.name=orders 1")
		out := r.lone("realtimex.client.outage.duration")
		expect(t, "an outage", out.count, 1)
		expect(t, "of a minute", out.value >= 60 && out.value < 62, true)
		expect(t, "attributes of the outage", strings.HasPrefix(text(out.attrs), "realtimex.recovery="), true)
		lost := r.lone("realtimex.client.lost")
		expect(t, "lost", lost.value, 1)
		expect(t, "it has a cause", lost.attrs["error.type"].AsString() != "", true)
		failed := uint64(0)
		for _, p := range points(r.metrics()["messaging.client.operation.duration"]) {
			if p.attrs["error.type"].AsString() == "*rtx.DialError" {
				failed += p.count
			}
		}
		expect(t, "failed attempts are told", failed > 0, true)

		r.server.Deny("private-none", "no", 4009)
		if err := rtx.On[int](t.Context(), c.Channel("private-none"), "x").Ready(t.Context()); err == nil {
			t.Fatal("it was not refused")
		}
		synctest.Wait()
		expect(t, "refused", r.shown("realtimex.client.subscribe.failures"), "error.type=*rtx.SubscribeError realtimex.retry=false 1")

		c.Close()
		onPurpose := 0.0
		for _, p := range points(r.metrics()["realtimex.client.lost"]) {
			if _, failed := p.attrs["error.type"]; !failed {
				onPurpose += p.value
			}
		}
		expect(t, "closed on purpose", onPurpose, 1)
	})
}

// counts is shown for the counts of a histogram, unsorted.
func (r *rig) counts(name string) string {
	var all []string
	for _, p := range points(r.metrics()[name]) {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %d", text(p.attrs), p.count)))
	}
	slices.SortFunc(all, func(a, b string) int { return len(a) - len(b) })
	return strings.Join(all, "; ")
}

// Telemetries are closed and used again while others collect. Nobody waits for the other.
func TestCloseConcurrently(t *testing.T) {
	r := newRig(t)
	c, err := rtx.New("key")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 200 {
				_, _ = r.tel.Observe(c)
				expect(t, "error", r.tel.Close(), nil)
			}
		})
		all.Go(func() {
			for range 200 {
				r.metrics()
			}
		})
	}
	all.Wait()
}

// Collections, clients that come and go, and messages at the same time.
func TestConcurrently(t *testing.T) {
	r := newRig(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				c := r.client()
				s := open[rtx.Message[Order]](r, c, "orders", "created")
				r.server.Publish("orders", "created", Order{ID: 1})
				_ = rtxotel.Process(t.Context(), r.tel, next(t, s), nop)
				c.Close()
			}
		})
		all.Go(func() {
			for range 20 {
				r.metrics()
				if c, err := rtx.New("key"); err == nil {
					reg, err := r.tel.Observe(c)
					expect(t, "error", err, nil)
					reg.Unregister()
					c.Close()
				}
			}
		})
	}
	all.Wait()
	expect(t, "connections", r.shown("realtimex.client.connects"), "20")
	expect(t, "clients", r.shown("realtimex.client.count"), "")
	expect(t, "processed", r.lone("messaging.process.duration").count, 20)
}
