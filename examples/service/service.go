package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/realtimex/realtimex-go/contrib/rtxprom"
	"github.com/realtimex/realtimex-go/rtx"
	"golang.org/x/sync/errgroup"
)

type (
	// An Order is to be packed.
	Order struct {
		ID int `json:"id"`
	}
	// A Refund is noted.
	Refund struct {
		ID int `json:"id"`
	}
)

type config struct {
	key, url, auth string
	listen         string // the address of /metrics, /livez and /readyz
	log            *slog.Logger
	pack           func(context.Context, Order) error
	options        []rtx.Option // further ones of the client
}

// A service has a client and what watches it.
type service struct {
	config
	client  *rtx.Client
	metrics *prometheus.Registry
	web     net.Listener
}

const (
	buffer = 100              // orders that wait; beyond it the oldest are dropped, and reloaded
	grace  = 20 * time.Second // for a stop; less than what the orchestrator waits before it kills
)

// newService listens and makes the client, which does not connect yet.
func newService(cfg config) (*service, error) {
	opts := []rtx.Option{rtx.WithLogger(cfg.log), rtx.WithConnectRetry()}
	if cfg.url != "" {
		opts = append(opts, rtx.WithURL(cfg.url))
	}
	if cfg.auth != "" {
		opts = append(opts, rtx.WithAuthEndpoint(cfg.auth))
	}
	client, err := rtx.New(cfg.key, append(opts, cfg.options...)...)
	if err != nil {
		return nil, err
	}
	metrics, err := watch(client)
	if err != nil {
		return nil, err
	}
	web, err := net.Listen("tcp", cfg.listen)
	if err != nil {
		return nil, err
	}
	return &service{config: cfg, client: client, metrics: metrics, web: web}, nil
}

// watch makes what Prometheus asks: figures of the client, of Go and of the process.
func watch(client *rtx.Client) (*prometheus.Registry, error) {
	collector, err := rtxprom.New(rtxprom.WithStreamLabel(func(name string) string {
		return name[strings.LastIndexByte(name, '/')+1:] // the event: few, whatever the channels are
	}))
	if err != nil {
		return nil, err
	}
	if err := collector.Add("shop", client); err != nil {
		return nil, err
	}
	metrics := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		collector, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := metrics.Register(c); err != nil {
			return nil, err
		}
	}
	return metrics, nil
}

// run serves until ctx ends, and returns nil once everything that had arrived is handled. It
// returns earlier if something fails that only a new process can heal.
func (s *service) run(ctx context.Context) error {
	defer s.client.Close()
	// The streams don't end by ctx: it is the signal to take no more, not to throw away what was
	// taken. They are open before there is a connection, so they miss nothing of it.
	work := context.WithoutCancel(ctx)
	orders := rtx.On[Order](work, s.client.Channel("private-orders"), "order-created", rtx.WithBuffer(buffer), rtx.WithLag())
	refunds := rtx.On[Refund](work, s.client.Channel("private-refunds"), "refund-asked", rtx.WithBuffer(buffer), rtx.WithLag())

	g, ctx := errgroup.WithContext(ctx)
	web := &http.Server{Handler: s.handler(ctx), ReadHeaderTimeout: 5 * time.Second}
	g.Go(func() error {
		if err := web.Serve(s.web); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		err := s.client.Connect(ctx) // tries until the service is up; after that the client sees to it
		if ctx.Err() != nil {
			return nil // stopped before
		}
		return err
	})
	g.Go(func() error { return s.loop(work, orders, refunds) })
	g.Go(func() error {
		<-ctx.Done() // the signal, or the first error
		s.log.Info("stopping: no new orders from here on")
		ctx, cancel := context.WithTimeout(work, grace)
		defer cancel()
		err := s.client.Drain(ctx)
		return errors.Join(err, web.Shutdown(ctx))
	})
	return g.Wait()
}

// loop handles what comes until both streams have ended. Only orders are vital: without refunds the
// service goes on.
func (s *service) loop(ctx context.Context, orders *rtx.Stream[Order], refunds *rtx.Stream[Refund]) error {
	report := time.NewTicker(time.Minute)
	defer report.Stop()
	packed := 0
	defer func() { s.log.Info("stopped", "packed", packed) }()
	asked := refunds.Wake // nil once the stream has ended
	for {
		select {
		case <-orders.Wake:
			for order, gap := range orders.Pending() {
				if gap != nil {
					s.log.Warn("orders were missed: loading those that are open", "gap", gap)
					continue
				}
				if err := s.pack(ctx, order); err != nil {
					return err
				}
				packed++
			}
			if orders.Ended() {
				return orders.Err() // nil if the service was told to stop
			}
		case <-asked:
			for refund, gap := range refunds.Pending() {
				if gap != nil {
					s.log.Warn("refunds were missed", "gap", gap)
					continue
				}
				s.log.Info("a refund is asked for", "refund", refund.ID)
			}
			if refunds.Ended() {
				if err := refunds.Err(); err != nil {
					s.log.Error("no refunds from here on", "error", err)
				}
				asked = nil // else the loop would spin
			}
		case <-report.C:
			s.log.Info("at work", "packed", packed)
		}
	}
}
