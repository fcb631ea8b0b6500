package rtxtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// The program's connection breaks. It reconnects, and is told that it may have missed something.
func ExampleServer_DropConnections() {
	server := start()
	defer server.Close()
	client := connect(server)
	defer client.Close()
	ctx := context.Background()
	orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}

	fmt.Println("connections:", server.DropConnections())
	for _, gap := range orders.All() {
		fmt.Println("reconnected:", gap != nil && gap.Reconnected)
		break
	}
	// Output:
	// connections: 1
	// reconnected: true
}

// The program's network lets no WebSocket through. It connects by polling.
func ExampleServer_BlockWebSockets() {
	server := start()
	defer server.Close()
	server.BlockWebSockets(true)
	client := connect(server)
	defer client.Close()

	fmt.Println("the client is", client.State(), "over", client.Transport())
	// Output:
	// the client is connected over polling
}

// The program's connection goes silent, and nobody is told. The program finds out by the heartbeats
// that are missing: let it do so in a bubble, with NewPipeServer.
func ExampleServer_HalfOpenConnections() {
	server := start()
	defer server.Close()
	client := connect(server)
	defer client.Close()

	fmt.Println("connections:", server.HalfOpenConnections())
	fmt.Println("the client is", client.State())
	// Output:
	// connections: 1
	// the client is connected
}

// An outage. With recovery the program gets what was published meanwhile.
func ExampleServer_Stop() {
	server := start(rtxtest.WithRecovery(time.Minute))
	defer server.Close()
	client := connect(server)
	defer client.Close()
	orders := rtx.On[Order](context.Background(), client.Channel("orders"), "created")
	server.WaitSubscribed("orders")
	server.Publish("orders", "created", Order{ID: 1})
	fmt.Println("order", (<-orders.C).ID)

	server.Stop()
	server.Publish("orders", "created", Order{ID: 2})
	server.Resume()
	for order, gap := range orders.All() {
		fmt.Println("order", order.ID, "gap:", gap)
		break
	}
	// Output:
	// order 1
	// order 2 gap: <nil>
}

// The service is deployed anew. Even with recovery it knows nothing of the connections before.
func ExampleServer_Restart() {
	server := start(rtxtest.WithRecovery(time.Minute))
	defer server.Close()
	client := connect(server)
	defer client.Close()
	orders := rtx.On[Order](context.Background(), client.Channel("orders"), "created")
	server.WaitSubscribed("orders")
	server.Publish("orders", "created", Order{ID: 1})
	fmt.Println("order", (<-orders.C).ID)

	server.Restart()
	for _, gap := range orders.All() {
		fmt.Println("reconnected:", gap != nil && gap.Reconnected)
		break
	}
	// Output:
	// order 1
	// reconnected: true
}

// The service is overloaded when the program starts.
func ExampleServer_RefuseConnections() {
	server := start()
	defer server.Close()

	server.RefuseConnections(1)
	for range 2 {
		client, err := rtx.Dial(context.Background(), server.Key(), rtx.WithURL(server.URL()))
		if failed := new(rtx.DialError); errors.As(err, &failed) {
			fmt.Println("refused with status", failed.Status)
			continue
		}
		fmt.Println("connected")
		client.Close()
	}
	// Output:
	// refused with status 503
	// connected
}

// The service does not answer when the program starts.
func ExampleServer_HangConnections() {
	server := start()
	defer server.Close()

	server.HangConnections(1)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()))
	fmt.Println("gave up in time:", errors.Is(err, context.DeadlineExceeded))
	// Output: gave up in time: true
}

// The service refuses a channel, and later does not.
func ExampleServer_Deny() {
	server := start()
	defer server.Close()
	client := connect(server)
	defer client.Close()
	ctx := context.Background()

	server.Deny("orders", "not for you", 4003)
	orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
	err := orders.Ready(ctx)
	if refused := new(rtx.SubscribeError); errors.As(err, &refused) {
		fmt.Println("refused with code", refused.Code)
	}
	server.Allow("orders")
	orders = rtx.On[Order](ctx, client.Channel("orders"), "created")
	fmt.Println("now:", orders.Ready(ctx))
	// Output:
	// refused with code 4003
	// now: <nil>
}
