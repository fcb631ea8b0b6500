// Rill hands a stream's channel to github.com/destel/rill: payloads are decoded by four workers, put back into their order,
// and written in batches. The service is a test server in this process.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"github.com/destel/rill"

	"github.com/realtimex/realtimex-go/rtx"
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
	orders := rtx.On[json.RawMessage](ctx, shop, "order-created", rtx.Overflow(rtx.Grow(1<<20)))
	closing := rtx.On[string](ctx, shop, "closing")
	if err := orders.Ready(ctx); err != nil {
		return err
	}
	for id := range 25 {
		server.Publish("shop", "order-created", Order{ID: id, Cents: 100 * id})
	}
	server.Publish("shop", "closing", "see you tomorrow")
	if _, ok := <-closing.C; !ok {
		return closing.Err()
	}

	// Drain lets out what has come; a service does so when it is told to stop.
	var drained error
	var draining sync.WaitGroup
	draining.Go(func() { drained = client.Drain(ctx) })
	err = store(orders, out)
	draining.Wait()
	return errors.Join(err, drained, missed(orders))
}

// store is the pipeline. It ends when C is closed, which rill sees by itself; that alone does not say why: Err does.
func store(orders *rtx.Stream[json.RawMessage], out io.Writer) error {
	payloads := rill.FromChan(orders.C, nil)
	decoded := rill.OrderedMap(payloads, 4, func(payload json.RawMessage) (Order, error) {
		var o Order
		err := json.Unmarshal(payload, &o)
		return o, err
	})
	err := rill.ForEach(rill.Batch(decoded, 10, time.Second), 1, func(batch []Order) error {
		_, err := fmt.Fprintf(out, "orders %d to %d\n", batch[0].ID, batch[len(batch)-1].ID)
		return err
	})
	if err != nil {
		orders.Close() // nobody reads on
		return err
	}
	return orders.Err()
}

// missed tells of the first gap. The pipeline takes values ahead of their handling, so a gap has no exact place in it; a
// program that needs one reads All.
func missed(orders *rtx.Stream[json.RawMessage]) error {
	for gap := range orders.Gaps() {
		return fmt.Errorf("missed events of %s between %v and %v", gap.Channel, gap.Since, gap.Until)
	}
	return nil
}
