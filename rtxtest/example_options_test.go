package rtxtest_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A program whose API key is fixed.
func ExampleWithKey() {
	server := start(rtxtest.WithKey("key-of-the-program"))
	defer server.Close()
	client, err := rtx.Dial(context.Background(), "key-of-the-program", rtx.WithURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(server.Key())
	// Output: key-of-the-program
}

// A program that signs for itself, with the secret of its configuration.
func ExampleWithSecret() {
	server := start(rtxtest.WithSecret("secret-of-the-program"))
	defer server.Close()
	signer, err := auth.NewSigner(server.Key(), "secret-of-the-program")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()),
		rtx.WithAuth(signer.Authorizer(auth.Member{})))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	orders := rtx.On[Order](ctx, client.Channel("private-orders"), "created")
	fmt.Println("error:", orders.Ready(ctx))
	// Output: error: <nil>
}

// A service that has no WebSockets, only HTTP long-polling.
func ExampleWithTransports() {
	server := start(rtxtest.WithTransports("polling"))
	defer server.Close()
	client := connect(server)
	defer client.Close()
	fmt.Println("connected over", client.Transport())
	// Output: connected over polling
}

// With fast heartbeats the server soon finds out that a client is silent.
func ExampleWithPing() {
	server := start(rtxtest.WithPing(50*time.Millisecond, 50*time.Millisecond))
	defer server.Close()
	client := connect(server)
	defer client.Close()
	orders := rtx.On[Order](context.Background(), client.Channel("orders"), "created")
	defer orders.Close()
	server.WaitSubscribed("orders")

	server.HalfOpenConnections()
	server.WaitUnsubscribed("orders")
	fmt.Println("the server has given the connection up")
	// Output: the server has given the connection up
}

// With recovery, a client that is back in time has missed nothing.
func ExampleWithRecovery() {
	server := start(rtxtest.WithRecovery(time.Minute))
	defer server.Close()
	client := connect(server)
	defer client.Close()
	orders := rtx.On[Order](context.Background(), client.Channel("orders"), "created")
	server.WaitSubscribed("orders")
	server.Publish("orders", "created", Order{ID: 1})
	fmt.Println("order", (<-orders.C).ID)

	server.DropConnections()
	server.Publish("orders", "created", Order{ID: 2}) // the client may not be back yet
	for order, gap := range orders.All() {
		fmt.Println("order", order.ID, "gap:", gap)
		break
	}
	// Output:
	// order 1
	// order 2 gap: <nil>
}

// A slow machine needs more than the 10 s of the default.
func ExampleWithWait() {
	server := start(rtxtest.WithWait(time.Minute))
	defer server.Close()
	client := connect(server)
	defer client.Close()
	orders := rtx.On[Order](context.Background(), client.Channel("orders"), "created")
	defer orders.Close()
	server.WaitSubscribed("orders")
	fmt.Println("subscribed within a minute")
	// Output: subscribed within a minute
}
