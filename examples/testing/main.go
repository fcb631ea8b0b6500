// Testing is a program with tests of its own that run against rtxtest, a RealtimeX server in the
// test's process. Read sales.go, the consumer, and sales_test.go, in which it survives an outage, a
// bad payload, and a night without a server:
//
//	go test -v ./examples/testing
//
// Run by itself, the program follows a few orders.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	srv, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	go func() {
		srv.WaitSubscribed("orders")
		for id := range 3 {
			srv.Publish("orders", "order-created", Order{ID: id + 1, Total: 19.5})
		}
	}()
	sales := Sales{
		// Nothing is missed here.
		Backfill: func(context.Context) (float64, error) { return 0, nil },
		Changed: func(sum float64) {
			if fmt.Printf("Sold so far: %.2f\n", sum); sum == 3*19.5 {
				cancel()
			}
		},
	}
	if err := sales.Run(ctx, client); ctx.Err() == context.DeadlineExceeded {
		log.Print(err)
	}
	fmt.Println("The interesting part is the tests: go test -v ./examples/testing")
}
