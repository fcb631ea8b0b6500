// Service is what a team copies: a service that takes orders in a select loop, is watched by
// Prometheus and an orchestrator, logs JSON, comes up while RealtimeX is down, and stops on SIGTERM
// without losing what it has.
//
// Without settings it shows itself, against a server in this process, and stops by itself. With
// RTX_KEY in the environment it serves until it is told to stop: RTX_URL is the address of
// RealtimeX, RTX_AUTH the URL of the backend that signs, LISTEN the address of its own endpoints.
package main

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, log); err != nil {
		log.Error("the service has failed", "error", err)
		os.Exit(1)
	}
}

// terminate does what an orchestrator does to stop a process.
func terminate() error {
	me, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return me.Signal(syscall.SIGTERM)
}

func start(ctx context.Context, log *slog.Logger) error {
	key := os.Getenv("RTX_KEY")
	if key == "" {
		return demo(ctx, log, os.Stdout, terminate)
	}
	s, err := newService(config{
		key: key, url: os.Getenv("RTX_URL"), auth: os.Getenv("RTX_AUTH"), listen: cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:8080"),
		log: log, pack: func(_ context.Context, o Order) error { log.Info("packed", "order", o.ID); return nil },
	})
	if err != nil {
		return err
	}
	return s.run(ctx)
}
