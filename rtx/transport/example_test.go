package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/url"
	"sync/atomic"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/transport"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// start returns a server and the configuration to reach it.
func start() (*rtxtest.Server, transport.Config) {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	u, err := url.Parse(server.URL())
	if err != nil {
		log.Fatal(err)
	}
	return server, transport.Config{URL: u, APIKey: server.Key()}
}

// A session without a client: subscribe, and receive one event.
func ExampleNewDialer() {
	server, config := start()
	defer server.Close()
	dialer, err := transport.NewDialer(config)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	session, err := dialer.Dial(ctx, transport.Resume{})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close(nil)

	subscribe := []byte(`2["realtimex:subscribe",{"channel":"orders"}]`)
	if err := session.Send(ctx, subscribe); err != nil {
		log.Fatal(err)
	}
	server.WaitSubscribed("orders")
	server.Publish("orders", "created", "tea")
	for range 3 {
		packet, err := session.Recv()
		if err != nil {
			log.Fatal(err)
		}
		var event []json.RawMessage // the name of the event, and its arguments
		if err := json.Unmarshal(packet.Data, &event); err != nil {
			log.Fatal(err)
		}
		fmt.Println(packet.Type, string(event[0]))
	}
	// Output:
	// EVENT "realtimex:connection_established"
	// EVENT "realtimex_internal:subscription_succeeded"
	// EVENT "server-event"
}

// A dialer that counts the connections of a client.
func ExampleDialer() {
	server, config := start()
	defer server.Close()
	dialer, err := transport.NewDialer(config)
	if err != nil {
		log.Fatal(err)
	}
	counting := &countingDialer{Dialer: dialer}
	client, err := rtx.Dial(context.Background(), server.Key(), rtx.WithDialer(counting))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(counting.dials.Load())
	// Output: 1
}

type countingDialer struct {
	transport.Dialer
	dials atomic.Int64
}

func (d *countingDialer) Dial(ctx context.Context, r transport.Resume) (transport.Session, error) {
	d.dials.Add(1)
	return d.Dialer.Dial(ctx, r)
}

// A key that the server does not know.
func ExampleConnectError() {
	server, config := start()
	defer server.Close()
	config.APIKey = "unknown"
	dialer, err := transport.NewDialer(config)
	if err != nil {
		log.Fatal(err)
	}
	_, err = dialer.Dial(context.Background(), transport.Resume{})
	if refused, ok := errors.AsType[*transport.ConnectError](err); ok {
		fmt.Println(refused.Message, refused.Final())
	}
	// Output: Invalid API key true
}

// A session that is closed because another one is to follow.
func ExampleSession() {
	server, config := start()
	defer server.Close()
	dialer, err := transport.NewDialer(config)
	if err != nil {
		log.Fatal(err)
	}
	session, err := dialer.Dial(context.Background(), transport.Resume{})
	if err != nil {
		log.Fatal(err)
	}
	session.Close(transport.ErrReconnect)
	end := session.Ended()
	fmt.Println("the server knows:", end.PeerKnows)
	fmt.Println("it may keep the session:", end.KeepsSession)
	fmt.Println(session.Pong())
	// Output:
	// the server knows: true
	// it may keep the session: true
	// transport: session closed: transport: reconnecting on request
}
