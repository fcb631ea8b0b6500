// Ro hands values and gaps to github.com/samber/ro: flow.Errors makes errors of the gaps. An error
// ends an observable, and the stream does not end with it: Retry subscribes again, and goes on
// after the gap. The service is a test server in this process.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"os"
	"time"

	"github.com/samber/ro"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// An Order is what the shop publishes.
type Order struct {
	ID    int `json:"id"`
	Cents int `json:"cents"`
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// observable reads a sequence on the goroutine that subscribes, until it ends or has an error.
func observable[T any](seq iter.Seq2[T, error]) ro.Observable[T] {
	return ro.NewObservableWithContext(func(ctx context.Context, to ro.Observer[T]) ro.Teardown {
		for v, err := range seq {
			if err != nil {
				to.ErrorWithContext(ctx, err)
				return nil
			}
			to.NextWithContext(ctx, v)
		}
		to.CompleteWithContext(ctx)
		return nil
	})
}

func run(ctx context.Context, out io.Writer) error {
	server, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()))
	if err != nil {
		return err
	}
	defer client.Close()

	shop := client.Channel("shop")
	orders := rtx.On[Order](ctx, shop, "order-created")
	closing := rtx.On[string](ctx, shop, "closing")
	if err := errors.Join(orders.Ready(ctx), closing.Ready(ctx)); err != nil {
		return err
	}
	for id := range 5 {
		server.Publish("shop", "order-created", Order{ID: id, Cents: 50 * id})
	}
	server.Publish("shop", "order-created", "not an order")
	server.Publish("shop", "order-created", Order{ID: 5, Cents: 250})
	server.Publish("shop", "closing", "see you tomorrow")
	if _, ok := <-closing.C; !ok {
		return closing.Err()
	}
	if err := client.Drain(ctx); err != nil { // ends the stream after what has arrived
		return err
	}

	large := ro.Pipe4(
		observable(flow.Errors(orders.All())),
		ro.TapOnError[Order](func(err error) { fmt.Fprintln(out, "load again:", gap(err).Channel) }),
		ro.Retry[Order](),
		ro.Filter(func(o Order) bool { return o.Cents >= 100 }),
		ro.Map(func(o Order) string { return fmt.Sprintf("order %d, %d cents", o.ID, o.Cents) }),
	)
	large.SubscribeWithContext(ctx, ro.OnNext(func(line string) { fmt.Fprintln(out, line) })).Wait()
	return orders.Err()
}

// gap is what an error of flow.Errors is.
func gap(err error) *rtx.Gap {
	var g *rtx.Gap
	if !errors.As(err, &g) {
		return &rtx.Gap{Err: err}
	}
	return g
}
