package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// Two parts of a program hold one channel. Each releases its own hold. The last release
// unsubscribes from the channel.
func ExampleChannel_Subscribe() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	orders := client.Channel("orders")
	first, err := orders.Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	second, err := orders.Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	first.Release()
	fmt.Println("one is left:", orders.State())
	second.Release()
	fmt.Println("none is left:", orders.State())
	// Output:
	// one is left: subscribed
	// none is left: unsubscribed
}

// Done tells the owner of a hold that another part of the program took the channel away.
func ExampleHold_Done() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	hold, err := client.Channel("orders").Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := client.ForceUnsubscribe("orders"); err != nil { // another part of the program
		log.Fatal(err)
	}
	<-hold.Done()
	fmt.Println(hold.Err(), errors.Is(hold.Err(), rtx.ErrUnsubscribed))
	// Output: rtx: channel was unsubscribed true
}

// A health probe asks whether everything is ready now, and reports what is missing.
func ExampleClient_Readiness() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := rtx.New(server.Key(), rtx.WithURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
	fmt.Println(client.Readiness())
	fmt.Println(orders.Readiness())
	if err := client.Connect(ctx); err != nil {
		log.Fatal(err)
	}
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Readiness(), orders.Readiness())
	// Output:
	// rtx: not ready: missing a connection
	// rtx: not ready: missing a connection, to subscribe to "orders"
	// <nil> <nil>
}

// All delivers the states of a connection, from the current one to the last.
func ExampleStates_All() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()

	states := client.States(ctx)
	fmt.Println("now:", states.Current().State)
	if err := client.Close(); err != nil {
		log.Fatal(err)
	}
	for change := range states.All() {
		fmt.Println(change.State)
	}
	// Output:
	// now: connected
	// connected
	// closed
}
