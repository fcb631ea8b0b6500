// Shutdown is a service that stops without losing what it has: on SIGINT or SIGTERM its streams are
// drained, its workers finish and send their results, and only then the connection is closed. It
// answers the probes of an orchestrator (probes.go). Here the work comes from a test server in this
// process, and the program sends itself the signal in the middle of it.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"golang.org/x/sync/errgroup"
)

// An Order is to be packed.
type Order struct {
	ID int `json:"id"`
}

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	me, err := os.FindProcess(os.Getpid())
	if err != nil {
		log.Fatal(err)
	}
	if err := run(ctx, os.Stdout, func() error { return me.Signal(os.Interrupt) }); err != nil {
		log.Fatal(err)
	}
}

// serve packs orders until ctx ends, and returns how many once all that had arrived are packed and
// reported. It closes the client.
func serve(ctx context.Context, client *rtx.Client, out io.Writer) (uint64, error) {
	defer client.Close() // runs last, and waits for the client's goroutines
	// The streams don't end by ctx: it is the signal to stop taking work, not to throw away what
	// was taken.
	work := context.WithoutCancel(ctx)
	warehouse := client.Channel("private-warehouse")
	orders := rtx.On[Order](work, warehouse, "order-created", rtx.WithOverflow(rtx.Grow(1<<20)))
	// Wait after opening the stream, so that it misses nothing. The hold keeps the channel
	// subscribed for Trigger while the stream is drained.
	hold, err := warehouse.Subscribe(ctx)
	if err != nil {
		return 0, err
	}
	defer hold.Release()

	g, ctx := errgroup.WithContext(ctx)
	for range 2 {
		g.Go(func() error {
			for order := range orders.C { // ends when the stream is drained and empty
				if err := warehouse.Trigger(work, "client-packed", order); err != nil {
					return err
				}
			}
			return orders.Err() // nil after Drain; else why the stream broke off
		})
	}
	g.Go(func() error {
		<-ctx.Done() // the signal, or a worker's error
		fmt.Fprintln(out, "Stopping: no new orders from here on.")
		grace, cancel := context.WithTimeout(work, 10*time.Second)
		defer cancel()
		return client.Drain(grace)
	})
	err = g.Wait()
	return client.Stats().Sent, err
}
