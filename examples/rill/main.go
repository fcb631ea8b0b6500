// Rill hands values and gaps to github.com/destel/rill: flow.Errors makes errors of the gaps, which
// is what rill's streams have beside values, and they keep their places. Orders are priced by four
// workers at a time, in order, and written in batches; gaps are caught on the way. The service is a
// test server in this process.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/destel/rill"

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
	if err := orders.Ready(ctx); err != nil {
		return err
	}
	for id := range 25 {
		if id == 12 {
			server.Publish("shop", "order-created", "not an order")
			continue
		}
		server.Publish("shop", "order-created", Order{ID: id, Cents: 100 * id})
	}
	server.Publish("shop", "closing", "see you tomorrow")
	if _, ok := <-closing.C; !ok {
		return closing.Err()
	}
	// Drain ends the stream after what has arrived; a service does so when it is told to stop.
	if err := client.Drain(ctx); err != nil {
		return err
	}
	err = store(orders, out)
	if err != nil {
		return err
	}
	return orders.Err()
}

// store is the pipeline. It ends when the stream does. If it returns an error, rill reads on in the
// background: then close the stream.
func store(orders *rtx.Stream[Order], out io.Writer) error {
	priced := rill.OrderedMap(rill.FromSeq2(flow.Errors(orders.All())), 4, func(o Order) (Order, error) {
		o.Cents += o.Cents / 5
		return o, nil
	})
	// A gap would end ForEach below. Here it is taken out; what is no gap stays an error.
	var missed []*rtx.Gap
	whole := rill.OrderedCatch(priced, 1, func(err error) error {
		var gap *rtx.Gap
		if !errors.As(err, &gap) {
			return err
		}
		missed = append(missed, gap) // a service loads what is missing
		return nil
	})
	err := rill.ForEach(rill.Batch(whole, 10, time.Second), 1, func(batch []Order) error {
		_, err := fmt.Fprintf(out, "orders %d to %d\n", batch[0].ID, batch[len(batch)-1].ID)
		return err
	})
	if err != nil {
		orders.Close() // nobody reads on
		return err
	}
	for _, gap := range missed {
		fmt.Fprintln(out, "missed:", gap.Malformed, "on", gap.Channel)
	}
	return nil
}
