package rtxprom_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/realtimex/realtimex-go/contrib/rtxprom"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

type order struct{ ID int }

// collector makes a Collector in a registry that checks what it collects.
func collector(t testing.TB, opts ...rtxprom.Option) (*rtxprom.Collector, *prometheus.Registry) {
	t.Helper()
	c, err := rtxprom.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	return c, registry
}

// connected makes a client of the server.
func connected(t testing.TB, srv *rtxtest.Server, opts ...rtx.Option) *rtx.Client {
	t.Helper()
	client, err := rtx.Dial(t.Context(), srv.Key(), append(opts, rtx.WithURL(srv.URL()), rtx.WithAuthEndpoint(srv.AuthEndpoint()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// opened opens a stream that is ready.
func opened(t testing.TB, client *rtx.Client, channel, event string, opts ...rtx.StreamOption) *rtx.Stream[order] {
	t.Helper()
	stream := rtx.On[order](t.Context(), client.Channel(channel), event, opts...)
	if err := stream.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return stream
}

// synced returns once the client has read everything that was published before.
func synced(t testing.TB, srv *rtxtest.Server, client *rtx.Client) {
	t.Helper()
	mark := rtx.On[int](t.Context(), client.Channel("sync"), "mark")
	defer mark.Close()
	if err := mark.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	srv.Publish("sync", "mark", 1)
	if _, ok := <-mark.C; !ok {
		t.Fatal(mark.Err())
	}
}

// series returns what is collected, by name and labels as in Prometheus' own notation.
func series(t testing.TB, registry prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			found[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = m.GetGauge().GetValue() + m.GetCounter().GetValue() +
				float64(m.GetHistogram().GetSampleCount())
		}
	}
	return found
}

// expect compares some of what is collected with what it should be, a line each.
func expect(t testing.TB, registry prometheus.Gatherer, want string) {
	t.Helper()
	found := series(t, registry)
	for line := range strings.Lines(strings.TrimSpace(want)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if got, ok := found[name]; !ok || fmt.Sprint(got) != value {
			t.Errorf("%s is %v, want %s", name, got, value)
		}
	}
}

func TestFiguresOfAClient(t *testing.T) {
	srv := rtxtest.NewServer(t)
	client := connected(t, srv)
	c, registry := collector(t)
	if err := c.Add("shop", client); err != nil {
		t.Fatal(err)
	}
	orders := opened(t, client, "orders", "created", rtx.WithBuffer(2))
	for id := range 5 {
		srv.Publish("orders", "created", order{id})
	}
	srv.Publish("orders", "created", "no order")
	srv.Publish("orders", "deleted", order{1})
	synced(t, srv, client)
	expect(t, registry, `
		rtx_connected{client="shop"} 1
		rtx_ready{client="shop"} 1
		rtx_ended{client="shop"} 0
		rtx_reconnects_total{client="shop"} 0
		rtx_unclaimed_events_total{client="shop"} 1
		rtx_dropped_values_total{client="shop"} 3
		rtx_malformed_payloads_total{client="shop"} 1
		rtx_missed_gaps_total{client="shop"} 0
		rtx_refused_subscriptions_total{client="shop"} 0
		rtx_streams{client="shop"} 1
		rtx_rooms{client="shop"} 0
		rtx_stream_buffered_values{client="shop",stream=""} 2
		rtx_stream_buffer_capacity_values{client="shop",stream=""} 2
		rtx_stream_buffer_fullest_ratio{client="shop",stream=""} 1
		rtx_stream_delivered_values_total{client="shop",stream=""} 0
		rtx_stream_dropped_values_total{client="shop",stream=""} 3
		rtx_stream_malformed_payloads_total{client="shop",stream=""} 1
		rtx_stream_superseded_values_total{client="shop",stream=""} 0`)
	srv.Stop()
	for state := range client.States(t.Context()).All() {
		if state.State == rtx.StateReconnecting {
			break
		}
	}
	expect(t, registry, `
		rtx_connected{client="shop"} 0
		rtx_ready{client="shop"} 0`)
	srv.Resume()
	srv.WaitSubscribed("orders")
	if err := orders.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(t, registry, `
		rtx_connected{client="shop"} 1
		rtx_ready{client="shop"} 1
		rtx_reconnects_total{client="shop"} 1
		rtx_missed_gaps_total{client="shop"} 1`)
	_ = client.Close()
	expect(t, registry, `
		rtx_connected{client="shop"} 0
		rtx_ready{client="shop"} 0
		rtx_ended{client="shop"} 1
		rtx_channels{client="shop"} 0`)
}

func TestConventions(t *testing.T) {
	srv := rtxtest.NewServer(t)
	client := connected(t, srv)
	c, registry := collector(t)
	if err := c.Add("shop", client); err != nil {
		t.Fatal(err)
	}
	_ = opened(t, client, "orders", "created")
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestAddAndRemove(t *testing.T) {
	var clients [2]*rtx.Client
	for i := range clients {
		client, err := rtx.New("key")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		clients[i] = client
	}
	c, registry := collector(t)
	for _, name := range []string{"a", "b"} {
		if err := c.Add(name, clients[0]); err != nil {
			t.Fatal(err)
		}
	}
	for want, err := range map[string]error{
		"is there already": c.Add("a", clients[1]), "is nil": c.Add("c", nil), "1 to 200 bytes": c.Add("", clients[1]),
		"bytes of UTF-8": c.Add("\xff", clients[1]), "200 bytes": c.Add(strings.Repeat("x", 201), clients[1]),
		"did not make": new(rtxprom.Collector).Add("a", clients[1]), "New did not": (*rtxprom.Collector)(nil).Add("a", clients[1]),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "rtxprom: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if found := series(t, registry); len(found) == 0 || found[`rtx_connected{client="a"}`] != found[`rtx_connected{client="b"}`] {
		t.Errorf("got %v", found)
	}
	if !c.Remove("a") || c.Remove("a") || (*rtxprom.Collector)(nil).Remove("a") {
		t.Error("Remove says something else")
	}
	for name := range series(t, registry) {
		if strings.Contains(name, `client="a"`) {
			t.Errorf("%s is there after Remove", name)
		}
	}
	if err := c.Add("a", clients[1]); err != nil {
		t.Error(err)
	}
}

func TestBadOptions(t *testing.T) {
	for name, opt := range map[string]rtxprom.Option{
		"WithStreamLabel": rtxprom.WithStreamLabel(nil), "WithMaxStreamLabels": rtxprom.WithMaxStreamLabels(0),
	} {
		if _, err := rtxprom.New(nil, opt); err == nil || !strings.HasPrefix(err.Error(), "rtxprom: "+name+": ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// Everything at once, for the race detector.
func TestConcurrentUse(t *testing.T) {
	srv := rtxtest.NewServer(t)
	client := connected(t, srv)
	c, registry := collector(t, rtxprom.WithStreamLabel(func(name string) string { return name }))
	if err := c.Add("stays", client); err != nil {
		t.Fatal(err)
	}
	var g sync.WaitGroup
	for _, act := range []func(){
		func() { srv.Publish("orders", "created", order{1}) },
		func() {
			if _, err := registry.Gather(); err != nil {
				t.Error(err)
			}
		},
		func() {
			if _, err := registry.Gather(); err != nil {
				t.Error(err)
			}
		},
		func() {
			if err := c.Add("comes", client); err != nil {
				t.Error(err)
			}
			c.Remove("comes")
		},
		func() {
			ctx, cancel := context.WithCancel(t.Context())
			_ = rtx.On[order](ctx, client.Channel("orders"), "created")
			cancel()
		},
	} {
		g.Go(func() {
			for range 50 {
				act()
			}
		})
	}
	g.Wait()
}
