// Sink writes events to a database that fails at times. Four writes run at a time; each is tried
// again with back-off until it succeeds, and a value that the database refuses is put aside. A gap
// is a barrier: what came before it is written, then it is recorded, then the rest. The server and
// the database are in this process.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// An Order is what the shop publishes.
type Order struct{ ID, Cents int }

var (
	errBusy    = errors.New("too many connections")
	errRefused = errors.New("cents are negative")
)

// A database fails on each first attempt.
type database struct {
	mu     sync.Mutex
	tried  map[int]bool
	orders int
	cents  int
	aside  []Order
}

func (d *database) write(_ context.Context, o Order) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.tried[o.ID] {
		d.tried[o.ID] = true
		return errBusy
	}
	if o.Cents < 0 {
		return errRefused
	}
	d.orders++
	d.cents += o.Cents
	return nil
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	srv, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer srv.Close()
	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()))
	if err != nil {
		return err
	}
	defer client.Close()
	orders := rtx.On[Order](ctx, client.Channel("shop"), "ordered")
	if err := orders.Ready(ctx); err != nil {
		return err
	}
	for id := range 20 {
		srv.Publish("shop", "ordered", Order{id, 100})
	}
	srv.Publish("shop", "ordered", "not an order")
	srv.Publish("shop", "ordered", Order{20, -5})
	srv.Publish("shop", "ordered", Order{21, 7})

	db := &database{tried: map[int]bool{}}
	write := flow.Retry(db.write, flow.WithBackoff(time.Millisecond, time.Second),
		flow.WithFinal(func(err error) bool { return errors.Is(err, errRefused) }))
	err = flow.ForEach(ctx, flow.From(orders), 4, func(ctx context.Context, o Order) error {
		err := write(ctx, o)
		if errors.Is(err, errRefused) {
			db.mu.Lock()
			defer db.mu.Unlock()
			db.aside = append(db.aside, o)
			err = nil // anything else ends ForEach
		}
		if o.ID == 21 {
			orders.Close()
		}
		return err
	}, func(_ context.Context, gap *rtx.Gap) error {
		fmt.Fprintf(out, "%d orders of %d cents are written, then %d payload was no order\n", db.orders, db.cents, gap.Malformed)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d orders of %d cents are written, and put aside: %v\n", db.orders, db.cents, db.aside)
	return orders.Err()
}
