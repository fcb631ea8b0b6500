// Selectloop is the loop at the heart of most services: events of two kinds, what was lost of them, the connection's state, a
// timer and the end, all in one select on one goroutine, so that nothing in it needs a lock. The server is in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

type (
	Order  struct{ ID int }
	Refund struct{ ID int }
)

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

	shop := client.Channel("shop")
	orders := rtx.On[Order](ctx, shop, "order-created")
	refunds := rtx.On[Refund](ctx, shop, "refund-asked")
	states := client.States(ctx)
	if err := orders.Ready(ctx); err != nil {
		return err
	}
	var open []Order
	flush := time.NewTicker(50 * time.Millisecond)
	defer flush.Stop()

	missed := func(gap rtx.Gap) {
		fmt.Fprintf(out, "orders may be missing; reconnected: %v, no orders: %d\n", gap.Reconnected, gap.Malformed)
		if gap.Reconnected {
			srv.Publish("shop", "order-created", "not an order")
			srv.Publish("shop", "order-created", Order{2})
		}
	}
	srv.Publish("shop", "order-created", Order{1})
	for {
		select {
		case order, ok := <-orders.C:
			for gap := range orders.Gaps() { // what was missed before this order, or before the end
				missed(gap)
			}
			if !ok { // without ok a stream that has ended would give zero orders for ever
				return orders.Err()
			}
			fmt.Fprintln(out, "order", order.ID)
			open = append(open, order)
			if order.ID == 1 {
				srv.Publish("shop", "refund-asked", Refund{7})
			}
		case <-orders.Lost: // what was missed, with no order since: on a quiet channel the case above would not tell it
			for gap := range orders.Gaps() {
				missed(gap)
			}
		case refund, ok := <-refunds.C:
			for gap := range refunds.Gaps() {
				fmt.Fprintln(out, "refunds may be missing; reconnected:", gap.Reconnected)
			}
			if !ok {
				return refunds.Err()
			}
			fmt.Fprintln(out, "refund", refund.ID)
			srv.DropAll(rtxtest.Reset)
		case <-refunds.Lost:
			for gap := range refunds.Gaps() {
				fmt.Fprintln(out, "refunds may be missing; reconnected:", gap.Reconnected)
			}
		case state, ok := <-states.C:
			if !ok { // the client has ended
				return client.Err()
			}
			fmt.Fprintln(out, "connection:", state.State)
		case <-flush.C:
			if len(open) == 2 {
				fmt.Fprintln(out, "packing", open)
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
