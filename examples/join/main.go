// Join puts two kinds of events together: an order and its payment, in whichever order they come.
// OnAny gives both in one stream, in the order of the service, and Scan keeps the halves that wait.
// After a gap the other half may be what was missed, so those that wait are looked up. The server
// is in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// An Order and a Payment belong together by the order's number.
type Order struct {
	ID   int
	Item string
}

type Payment struct{ Order, Cents int }

// A sale has one half or both.
type sale struct {
	order   *Order
	payment *Payment
}

func (s sale) id() int {
	if s.order != nil {
		return s.order.ID
	}
	return s.payment.Order
}

// joined is the state of the join.
type joined struct {
	waiting map[int]sale
	last    sale // whole, or not yet
}

func join(j joined, half sale) joined {
	j.last = j.waiting[half.id()]
	if half.order != nil {
		j.last.order = half.order
	} else {
		j.last.payment = half.payment
	}
	if j.last.order != nil && j.last.payment != nil {
		delete(j.waiting, half.id())
	} else {
		j.waiting[half.id()] = j.last
	}
	return j
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
	halves := rtx.OnAny(ctx, client.Channel("shop"), rtx.Cases(
		rtx.CaseOf("ordered", func(o Order) sale { return sale{order: &o} }),
		rtx.CaseOf("paid", func(p Payment) sale { return sale{payment: &p} }),
	))
	if err := halves.Ready(ctx); err != nil {
		return err
	}
	srv.Publish("shop", "ordered", Order{1, "lamp"})
	srv.Publish("shop", "paid", Payment{2, 900})
	srv.Publish("shop", "ordered", Order{2, "tea"})
	srv.Publish("shop", "paid", "not a payment")
	srv.Publish("shop", "ordered", Order{3, "rug"})
	srv.Publish("shop", "paid", Payment{3, 12000})

	sales := flow.Scan(halves.All(), joined{waiting: map[int]sale{}}, join, func(j joined, _ *rtx.Gap) joined {
		fmt.Fprintln(out, "Something was missed. To be looked up:", slices.Sorted(maps.Keys(j.waiting)))
		return joined{waiting: map[int]sale{}}
	})
	for j, gap := range sales {
		if gap != nil || j.last.order == nil || j.last.payment == nil {
			continue
		}
		fmt.Fprintf(out, "Order %d: %s for %d cents\n", j.last.id(), j.last.order.Item, j.last.payment.Cents)
		if j.last.id() == 3 {
			halves.Close()
		}
	}
	return halves.Err()
}
