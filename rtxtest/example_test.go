package rtxtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// start starts a server for the examples.
func start(opts ...rtxtest.Option) *rtxtest.Server {
	server, err := rtxtest.Start(opts...)
	if err != nil {
		log.Fatal(err)
	}
	return server
}

// connect connects a client to it, as the program under test does.
func connect(server *rtxtest.Server, opts ...rtx.Option) *rtx.Client {
	opts = append(opts, rtx.WithURL(server.URL()), rtx.WithAuthEndpoint(server.AuthEndpoint()))
	client, err := rtx.Dial(context.Background(), server.Key(), opts...)
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// A test publishes to the program that it tests.
func ExampleNewServer() {
	t := new(testing.T) // in a test, the one that it is given
	ctx := context.Background()

	server := rtxtest.NewServer(t)
	defer server.Close() // in a test, the end of the test does this
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
	server.WaitSubscribed("orders")
	server.Publish("orders", "created", Order{ID: 7})
	fmt.Println("order", (<-orders.C).ID)
	// Output: order 7
}

// A program has a server of its own, for a demonstration.
func ExampleStart() {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	ctx := context.Background()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	news := rtx.On[string](ctx, client.Channel("news"), "headline")
	server.WaitSubscribed("news")
	server.Publish("news", "headline", "It works")
	fmt.Println(<-news.C)
	// Output: It works
}

// With recovery, Publish returns the id that the client sees.
func ExampleServer_Publish() {
	server := start(rtxtest.WithRecovery(time.Minute))
	defer server.Close()
	client := connect(server)
	defer client.Close()
	orders := rtx.On[rtx.Message[Order]](context.Background(), client.Channel("orders"), "created")
	server.WaitSubscribed("orders")

	id := server.Publish("orders", "created", Order{ID: 7})
	message := <-orders.C
	fmt.Println("order", message.Value.ID, "with the id of Publish:", message.ID == id && id != "")
	// Output: order 7 with the id of Publish: true
}

// Other people come and go in a presence channel, without clients of theirs.
func ExampleServer_Join() {
	server := start()
	defer server.Close()

	server.Join("presence-lobby", auth.Member{ID: "ann", Info: map[string]string{"name": "Ann"}})
	server.Join("presence-lobby", auth.Member{ID: "bob", Info: map[string]string{"name": "Bob"}})
	fmt.Println(server.Members("presence-lobby"))
	server.Leave("presence-lobby", "ann")
	fmt.Println(server.Members("presence-lobby"))
	// Output:
	// [ann bob]
	// [bob]
}

// A test waits for the program to subscribe and to unsubscribe, and does not sleep.
func ExampleServer_WaitSubscribed() {
	server := start()
	defer server.Close()
	client := connect(server)
	defer client.Close()

	orders := rtx.On[Order](context.Background(), client.Channel("orders"), "created")
	server.WaitSubscribed("orders")
	fmt.Println("subscribed")
	orders.Close()
	server.WaitUnsubscribed("orders")
	fmt.Println("unsubscribed")
	// Output:
	// subscribed
	// unsubscribed
}

// Two clients get what is published once both are subscribed.
func ExampleServer_WaitSubscribers() {
	server := start()
	defer server.Close()
	ann, bob := connect(server), connect(server)
	defer ann.Close()
	defer bob.Close()

	forAnn := rtx.On[string](context.Background(), ann.Channel("news"), "headline")
	forBob := rtx.On[string](context.Background(), bob.Channel("news"), "headline")
	server.WaitSubscribers("news", 2)
	server.Publish("news", "headline", "Both are here")
	fmt.Println(<-forAnn.C)
	fmt.Println(<-forBob.C)
	// Output:
	// Both are here
	// Both are here
}

// A test looks at what the program sent.
func ExampleServer_WaitClientEvents() {
	server := start()
	defer server.Close()
	client := connect(server)
	defer client.Close()
	ctx := context.Background()
	chat := client.Channel("private-chat")
	answers := rtx.On[string](ctx, chat, "client-answer")
	if err := answers.Ready(ctx); err != nil {
		log.Fatal(err)
	}

	fmt.Println("sent so far:", len(server.ClientEvents("private-chat")))
	if err := chat.Trigger(ctx, "client-question", "Anybody there?"); err != nil {
		log.Fatal(err)
	}
	for _, e := range server.WaitClientEvents("private-chat", 1) {
		fmt.Println(e.Event, string(e.Data), e.Relayed)
	}
	// Output:
	// sent so far: 0
	// client-question "Anybody there?" true
}

// The data of a client event is JSON, as the client sent it.
func ExampleClientEvent() {
	server := start()
	defer server.Close()
	client := connect(server)
	defer client.Close()
	ctx := context.Background()
	chat := client.Channel("private-chat")
	questions := rtx.On[string](ctx, chat, "client-question")
	if err := questions.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	if err := chat.Trigger(ctx, "client-answer", map[string]int{"to": 7}); err != nil {
		log.Fatal(err)
	}

	event := server.WaitClientEvents("private-chat", 1)[0]
	var answer struct{ To int }
	if err := json.Unmarshal(event.Data, &answer); err != nil {
		log.Fatal(err)
	}
	fmt.Println("an answer to", answer.To)
	// Output: an answer to 7
}

// The program under test reaches the server by the server's own HTTP client. A server in memory
// (NewPipeServer) can't be reached otherwise.
func ExampleServer_HTTPClient() {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	client, err := rtx.Dial(context.Background(), server.Key(),
		rtx.WithURL(server.URL()), rtx.WithHTTPClient(server.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(client.State())
	// Output: connected
}
