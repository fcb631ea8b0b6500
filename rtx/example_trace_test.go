package rtx_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A program prints what its client does. These hooks run one at a time, in order.
func ExampleWithTrace() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	server.Deny("secret", "not yours", 4301)

	client := dialed(ctx, server, rtx.WithTrace(&rtx.Trace{
		Connected:  func(i rtx.ConnectedInfo) { fmt.Println("connected, recovery:", i.Recovery) },
		Subscribed: func(i rtx.SubscribedInfo) { fmt.Println("subscribed", i.Channel) },
		SubscribeFailed: func(i rtx.SubscribeFailedInfo) {
			fmt.Println(i.Err, "- again:", i.Retry)
		},
		Lost: func(i rtx.LostInfo) { fmt.Println("lost:", i.Err) },
	}))
	for _, name := range []string{"orders", "secret"} {
		_, _ = client.Channel(name).Subscribe(ctx)
	}
	_ = client.Close()
	// Output:
	// connected, recovery: none
	// subscribed orders
	// rtx: subscribing to "secret": refused by the service: "not yours" (code 4301) - again: false
	// lost: rtx: client is closed
}

// A reader is too slow for its buffer. Slow tells before anything is lost; the lag says how long
// values wait.
func ExampleTrace() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	slow := make(chan rtx.SlowInfo, 1)
	client := dialed(ctx, server, rtx.WithTrace(&rtx.Trace{
		Slow:      func(i rtx.SlowInfo) { slow <- i },
		SlowShare: 0.5,
	}))
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created", rtx.WithBuffer(4), rtx.WithLag())
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	for id := range 3 {
		server.Publish("orders", "created", Order{ID: id})
	}
	i := <-slow
	fmt.Printf("%s has %d of %d values\n", i.Name, i.Depth, i.Capacity)
	// Output: orders/created has 2 of 4 values
}

// The lags of the values that were taken, in buckets. The counts and bounds are those of a histogram
// of Prometheus or OpenTelemetry; Prometheus wants the counts added up.
func ExampleWithLag() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	client := dialed(ctx, server)
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created", rtx.WithLag())
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	server.Publish("orders", "created", Order{ID: 1})
	server.Publish("orders", "created", Order{ID: 2})
	for order, gap := range orders.All() {
		if gap == nil && order.ID == 2 {
			break
		}
	}

	lag := orders.Stats().Lag
	bounds := rtx.LagBounds()
	fmt.Println(lag.Count, "values in", len(lag.Counts), "buckets,", len(bounds), "bounds from", bounds[0], "to", bounds[len(bounds)-1])
	below := uint64(0)
	for i, bound := range bounds {
		if below += lag.Counts[i]; bound > 10*time.Second && below == lag.Count {
			fmt.Println("all below", bound)
			break
		}
	}
	// Output:
	// 2 values in 21 buckets, 20 bounds from 50µs to 26.2144s
	// all below 13.1072s
}
