// Selectloop is a loop as most services have one: two kinds of events, gaps, the connection's
// state, a timer and the end, in one select on one goroutine, so that nothing needs a lock. The
// server is in this process.
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

	missed := func(gap *rtx.Gap) {
		fmt.Fprintf(out, "orders may be missing; reconnected: %v, no orders: %d\n", gap.Reconnected, gap.Malformed)
		if gap.Reconnected {
			srv.Publish("shop", "order-created", "not an order")
			srv.Publish("shop", "order-created", Order{2})
		}
	}
	srv.Publish("shop", "order-created", Order{1})
	for {
		select {
		case <-orders.Wake: // orders have come, or were missed, or the stream has ended
			for order, gap := range orders.Pending() { // does not wait; gaps are in their places
				if gap != nil {
					missed(gap)
					continue
				}
				fmt.Fprintln(out, "order", order.ID)
				open = append(open, order)
				if order.ID == 1 {
					srv.Publish("shop", "refund-asked", Refund{7})
				}
			}
			if orders.Ended() { // without this the loop would spin: Wake stays ready after the end
				return orders.Err()
			}
		case <-refunds.Wake:
			for refund, gap := range refunds.Pending() {
				if gap != nil {
					fmt.Fprintln(out, "refunds may be missing; reconnected:", gap.Reconnected)
					continue
				}
				fmt.Fprintln(out, "refund", refund.ID)
				srv.DropConnections()
			}
			if refunds.Ended() {
				return refunds.Err()
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
