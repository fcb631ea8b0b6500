package main

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/prometheus"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A scene is the service with RealtimeX on one side and a real Prometheus on the other. Orders come
// all the time.
type scene struct {
	*testing.T
	srv  *rtxtest.Server
	shop *service
	prom *prometheus.Server
	slow atomic.Bool   // the reader takes 20 ms for each order
	hold time.Duration // between steps, so that a picture has something to show

	faults []fault
	began  time.Time
}

// A fault is what was done to the service, and when.
type fault struct {
	name     string
	from, to time.Time
}

// newScene starts everything, the service while RealtimeX is down. stop tells the service to stop
// and returns what it returned.
func newScene(t *testing.T, interval, hold time.Duration) (s *scene, stop func() error) {
	prometheus.Find(t, "prometheus") // before anything is started
	s = &scene{T: t, srv: rtxtest.NewServer(t, rtxtest.WithWait(30*time.Second)), hold: hold}
	s.srv.Stop()
	service, err := newService(config{
		key: s.srv.Key(), url: s.srv.URL(), auth: s.srv.AuthEndpoint(), listen: "127.0.0.1:0", log: slog.New(slog.DiscardHandler),
		options: []rtx.Option{rtx.WithBackoff(50*time.Millisecond, 200*time.Millisecond)}, // a test need not wait for long
		pack: func(context.Context, Order) error {
			if s.slow.Load() {
				time.Sleep(20 * time.Millisecond)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.shop = service
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var g sync.WaitGroup
	var outcome error
	g.Go(func() { outcome = service.run(ctx) })
	g.Go(func() { s.trade(ctx) })
	stop = sync.OnceValue(func() error {
		cancel()
		g.Wait()
		return outcome
	})
	t.Cleanup(func() { _ = stop() })
	s.prom = prometheus.Run(t, prometheus.Config{
		Targets: map[string]string{"shop": service.web.Addr().String()}, Rules: "../../contrib/rtxprom/alerts.yml", Interval: interval,
	})
	s.began = time.Now()
	return s, stop
}

// trade publishes a hundred orders a second, and ten refunds, until ctx ends.
func (s *scene) trade(ctx context.Context) {
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	for id := 1; ; id++ {
		select {
		case <-every.C:
			s.srv.Publish("private-orders", "order-created", Order{ID: id})
			if id%10 == 0 {
				s.srv.Publish("private-refunds", "refund-asked", Refund{ID: id})
			}
		case <-ctx.Done():
			return
		}
	}
}

// seen waits until Prometheus says so, for each of the expressions.
func (s *scene) seen(expressions ...string) {
	s.Helper()
	for _, e := range expressions {
		found := s.prom.Await(s.T, e)
		s.Logf("%6.1f s  %s: %v", time.Since(s.began).Seconds(), e, found)
	}
}

// reconnected waits until the client is ready on a connection after the first so many.
func (s *scene) reconnected(connects uint64) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	for s.shop.client.Stats().Connects <= connects || s.shop.client.Readiness() != nil {
		if ctx.Err() != nil {
			s.Fatal(s.shop.client.Readiness())
		}
		time.Sleep(time.Millisecond)
	}
}

// during does something to the service, waits until Prometheus sees it, and records it.
func (s *scene) during(name string, act func()) {
	s.Helper()
	time.Sleep(s.hold)
	f := fault{name: name, from: time.Now()}
	act()
	f.to = time.Now()
	s.faults = append(s.faults, f)
}

// play is the whole scene.
func (s *scene) play() {
	srv := s.srv
	s.during("down at start", func() {
		s.seen(`rtx_connected{client="shop"} == 0`, `rtx_ready == 0`, `ALERTS{alertname="RealtimexSilent"}`)
		time.Sleep(s.hold)
		srv.Resume()
		s.seen(`rtx_connected == 1`, `rtx_ready == 1`, `rate(rtx_delivered_events_total[5s]) > 0`, `rtx_missed_gaps_total == 0`)
	})
	s.during("outage", func() {
		srv.Stop()
		s.seen(`rtx_connected == 0`, `rtx_ready == 0`)
		time.Sleep(s.hold)
		srv.Resume()
		s.seen(`rtx_ready == 1`, `rtx_reconnects_total == 1`, `rtx_missed_gaps_total == 2`)
	})
	s.during("overload", func() {
		for range 8 { // accepted, and broken again
			connects := s.shop.client.Stats().Connects
			srv.RefuseConnections(1)
			srv.DropConnections()
			s.reconnected(connects)
			time.Sleep(s.hold / 8)
		}
		s.seen(`rtx_reconnects_total >= 9`, `rtx_ready == 1`, `ALERTS{alertname="RealtimexReconnectStorm",alertstate="firing"}`)
	})
	s.during("denied", func() {
		srv.Deny("private-refunds", "over capacity", 4100) // heals
		srv.DropConnections()
		s.seen(`rtx_connected == 1 and rtx_ready == 0`, `rtx_refused_subscriptions_total > 0`, `ALERTS{alertname="RealtimexRefused"}`)
		time.Sleep(s.hold)
		srv.Allow("private-refunds")
		s.seen(`rtx_ready == 1`, `rtx_channels == 2`)
	})
	s.during("slow reader", func() {
		s.slow.Store(true)
		s.seen(`rtx_stream_buffer_fullest_ratio{stream="order-created"} > 0.8`, `ALERTS{alertname="RealtimexBehind"}`,
			`rtx_stream_dropped_values_total{stream="order-created"} > 0`, `ALERTS{alertname="RealtimexGaps",alertstate="firing"}`,
			`histogram_quantile(0.99, sum by (le) (rate(rtx_stream_lag_seconds_bucket{stream="order-created"}[5s]))) > 1`)
		time.Sleep(s.hold)
		s.slow.Store(false)
		s.seen(`rtx_stream_buffer_fullest_ratio{stream="order-created"} < 0.5`, `rtx_stream_buffer_fullest_ratio{stream="refund-asked"} < 0.5`)
	})
	s.during("denied for good", func() {
		srv.Deny("private-refunds", "not allowed", 4003)
		srv.DropConnections()
		s.seen(`rtx_channels == 1`, `rtx_ready == 1`, `rtx_streams == 1`)
	})
	time.Sleep(s.hold)
}
