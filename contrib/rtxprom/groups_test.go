package rtxprom_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/realtimex/realtimex-go/contrib/rtxprom"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// event is a label that is bounded: the name of the event.
func event(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// The counters of a label are what its streams counted, also once they have ended, so they never
// fall.
func TestCountersOutliveStreams(t *testing.T) {
	srv := rtxtest.NewServer(t)
	client := connected(t, srv)
	c, registry := collector(t, rtxprom.WithStreamLabel(event))
	if err := c.Add("shop", client); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		orders := opened(t, client, "orders-"+fmt.Sprint(round), "created", rtx.WithBuffer(4), rtx.WithLag())
		other := opened(t, client, "orders-"+fmt.Sprint(round), "paid", rtx.WithBuffer(4))
		for id := range 5 {
			srv.Publish("orders-"+fmt.Sprint(round), "created", order{id})
		}
		synced(t, srv, client)
		for range 3 {
			<-orders.C
		}
		n := round + 1
		_ = series(t, registry) // what is counted is counted once, however often somebody looks
		expect(t, registry, fmt.Sprintf(`
			rtx_stream_buffered_values{client="shop",stream="created"} 1
			rtx_stream_buffer_capacity_values{client="shop",stream="created"} 4
			rtx_stream_buffer_fullest_ratio{client="shop",stream="created"} 0.25
			rtx_stream_delivered_values_total{client="shop",stream="created"} %d
			rtx_stream_dropped_values_total{client="shop",stream="created"} %d
			rtx_stream_lag_seconds{client="shop",stream="created"} %d
			rtx_stream_delivered_values_total{client="shop",stream="paid"} 0`, 3*n, n, 3*n))
		orders.Close()
		other.Close()
		expect(t, registry, fmt.Sprintf(`
			rtx_stream_buffered_values{client="shop",stream="created"} 0
			rtx_stream_buffer_fullest_ratio{client="shop",stream="created"} 0
			rtx_stream_delivered_values_total{client="shop",stream="created"} %d
			rtx_stream_dropped_values_total{client="shop",stream="created"} %d
			rtx_stream_lag_seconds{client="shop",stream="created"} %d`, 3*n, n, 3*n))
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
}

// The buckets of the histogram are the library's, and a value is in the one of its lag.
func TestLag(t *testing.T) {
	srv := rtxtest.NewServer(t)
	client := connected(t, srv)
	c, registry := collector(t)
	if err := c.Add("shop", client); err != nil {
		t.Fatal(err)
	}
	plain := opened(t, client, "orders", "created")
	if got := series(t, registry); got[`rtx_stream_lag_seconds{client="shop",stream=""}`] != 0 {
		t.Errorf("lag without a stream that measures it: %v", got)
	}
	orders := opened(t, client, "orders", "created", rtx.WithLag())
	srv.Publish("orders", "created", order{1})
	<-plain.C
	time.Sleep(20 * time.Millisecond) // what the lag is made of
	for range orders.Pending() {
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "rtx_stream_lag_seconds" {
			continue
		}
		h := f.GetMetric()[0].GetHistogram()
		if h.GetSampleCount() != 1 || h.GetSampleSum() < 0.02 || len(h.GetBucket()) != len(rtx.LagBounds()) {
			t.Fatalf("got %v", h)
		}
		for i, b := range h.GetBucket() {
			want := uint64(0)
			if b.GetUpperBound() >= h.GetSampleSum() {
				want = 1
			}
			if b.GetUpperBound() != rtx.LagBounds()[i].Seconds() || b.GetCumulativeCount() != want {
				t.Errorf("bucket %d is %v with a lag of %v s", i, b, h.GetSampleSum())
			}
		}
		return
	}
	t.Error("no histogram")
}

func TestLabelsAreBounded(t *testing.T) {
	srv := rtxtest.NewServer(t)
	client := connected(t, srv)
	asked := make(map[string]int)
	c, registry := collector(t, rtxprom.WithMaxStreamLabels(3), rtxprom.WithStreamLabel(func(name string) string {
		asked[name]++
		return strings.TrimPrefix(name, "orders/") + "\xff" + strings.Repeat("x", 300)
	}))
	if err := c.Add("shop", client); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		_ = rtx.On[order](t.Context(), client.Channel("orders"), fmt.Sprint("e", i), rtx.WithBuffer(1))
	}
	for range 2 {
		got := make(map[string]float64)
		for name, value := range series(t, registry) {
			if label, ok := strings.CutPrefix(name, `rtx_stream_buffer_capacity_values{client="shop",stream="`); ok {
				got[label[:2]] = value
				if len(label) > 200+len(`"}`) {
					t.Errorf("a label of %d bytes", len(label))
				}
			}
		}
		if len(got) != 4 || got["e0"] != 1 || got["e2"] != 1 || got[`"}`] != 7 {
			t.Errorf("labels %v", got)
		}
	}
	for name, n := range asked {
		if n != 1 {
			t.Errorf("the label of %s was asked for %d times", name, n)
		}
	}
}

// Whatever the client is called and whoever asks, what is collected holds no secret.
func TestNoSecretIsShown(t *testing.T) {
	const key, secret = "key-5f2c9a", "secret-81be04"
	srv := rtxtest.NewServer(t, rtxtest.WithKey(key), rtxtest.WithSecret(secret))
	client := connected(t, srv)
	c, registry := collector(t, rtxprom.WithStreamLabel(func(name string) string { return name }))
	if err := c.Add("shop", client); err != nil {
		t.Fatal(err)
	}
	_ = opened(t, client, "private-orders", "created")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(families)
	if !strings.Contains(text, "private-orders/created") {
		t.Error("the label that was asked for is not there")
	}
	for _, hidden := range []string{key, secret, client.SocketID(), srv.URL()} {
		if strings.Contains(text, hidden) {
			t.Errorf("%q is in %s", hidden, text)
		}
	}
}

// A function that panics costs a label, and not the process.
func TestPanickingLabel(t *testing.T) {
	srv := rtxtest.NewServer(t)
	client := connected(t, srv)
	c, registry := collector(t, rtxprom.WithStreamLabel(func(name string) string { return name[100:] }))
	if err := c.Add("shop", client); err != nil {
		t.Fatal(err)
	}
	_ = opened(t, client, "orders", "created", rtx.WithBuffer(3))
	expect(t, registry, `rtx_stream_buffer_capacity_values{client="shop",stream=""} 3`)
}
