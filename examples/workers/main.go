// Workers shows two worker pools. In the plain one several goroutines receive from the C of one
// stream, and a free worker takes the next event. The other keeps the order of each key:
// rtx.Partition gives every worker a stream of its own, on which all events of a customer arrive.
// The server is in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
	"golang.org/x/sync/errgroup"
)

// A Booking changes a customer's account; a customer's bookings must be handled in their order.
type Booking struct {
	Customer string
	Number   int
}

const (
	workers  = 4
	bookings = 200
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// plain is for work in any order. Where losses matter, one goroutine more watches all.Lost and asks
// all.Gaps.
func plain(ctx context.Context, ch *rtx.Channel, publish func()) (uint64, error) {
	all := rtx.On[Booking](ctx, ch, "booked")
	if err := all.Ready(ctx); err != nil {
		return 0, err
	}
	publish()
	var handled atomic.Uint64
	var g errgroup.Group
	for range workers {
		g.Go(func() error {
			for range all.C { // ends for every worker when the stream does
				if handled.Add(1) == bookings {
					all.Close()
				}
			}
			return all.Err()
		})
	}
	err := g.Wait()
	return handled.Load(), err
}

// ordered is for work that must keep the order of each customer.
func ordered(ctx context.Context, ch *rtx.Channel, publish func()) (handled uint64, err error) {
	parts := rtx.Partition(ctx, ch, "booked", workers, func(b Booking) string { return b.Customer })
	if err := parts[0].Ready(ctx); err != nil {
		return 0, err
	}
	publish()
	var count atomic.Uint64
	var g errgroup.Group
	for _, part := range parts {
		g.Go(func() error {
			last := map[string]int{} // no other worker has these customers, so no lock is needed
			for b, gap := range part.All() {
				if gap != nil {
					continue // of this worker's customers, some booking may be missing
				}
				if b.Number != last[b.Customer]+1 {
					return fmt.Errorf("%s: booking %d after %d", b.Customer, b.Number, last[b.Customer])
				}
				last[b.Customer] = b.Number
				if count.Add(1) == bookings {
					for _, p := range parts {
						p.Close()
					}
				}
			}
			return part.Err()
		})
	}
	err = g.Wait()
	return count.Load(), err
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
	publish := func() {
		for n := range bookings {
			srv.Publish("accounts", "booked", Booking{fmt.Sprint("customer ", n%10), n/10 + 1})
		}
	}
	n, err := plain(ctx, client.Channel("accounts"), publish)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "plain:   %d workers handled %d bookings, in any order\n", workers, n)
	if n, err = ordered(ctx, client.Channel("accounts"), publish); err != nil {
		return err
	}
	fmt.Fprintf(out, "ordered: %d workers handled %d bookings, each customer's in their order\n", workers, n)
	return nil
}
