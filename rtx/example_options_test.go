package rtx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// started starts a server in this process for the examples to talk to.
func started() *rtxtest.Server {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	return server
}

// dialed connects to a server with options.
func dialed(ctx context.Context, server *rtxtest.Server, opts ...rtx.Option) *rtx.Client {
	client, err := rtx.Dial(ctx, server.Key(), append(opts, rtx.WithURL(server.URL()))...)
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// A server of your own has another address than the service. The address can also be one URL: see
// WithURL.
func ExampleNew() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	address, err := url.Parse(server.URL())
	if err != nil {
		log.Fatal(err)
	}
	port, err := strconv.Atoi(address.Port())
	if err != nil {
		log.Fatal(err)
	}

	client, err := rtx.New(server.Key(),
		rtx.WithHost(address.Hostname()),
		rtx.WithPort(port),
		rtx.WithEncryption(false), // ws, not wss
		rtx.WithCluster("eu"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(client.State(), client.Cluster())
	if err := client.Connect(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.State())
	// Output:
	// idle eu
	// connected
}

// The client asks your own backend for the signature of a presence channel, and tells it who the
// user is.
func ExampleWithAuthEndpoint() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	client := dialed(ctx, server,
		rtx.WithAuthEndpoint(server.AuthEndpoint()),
		rtx.WithUserData(map[string]any{"user_id": "ann", "user_info": map[string]string{"name": "Ann"}}))
	defer client.Close()

	if _, err := client.Channel("presence-lobby").Subscribe(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Members("presence-lobby"))
	// Output: [ann]
}

// A program that starts before its server waits for it, with short delays between the attempts.
func ExampleWithConnectRetry() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	server.RefuseConnections(2)

	client := dialed(ctx, server,
		rtx.WithConnectRetry(),
		rtx.WithBackoff(time.Millisecond, 10*time.Millisecond))
	defer client.Close()
	fmt.Println(client.State())
	// Output: connected
}

// The WebSocket handshake goes through your own http.Transport, with headers for a proxy or a
// gateway.
func ExampleWithHTTPClient() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	proxy := func(r *http.Request) (*url.URL, error) {
		fmt.Println("handshake of tenant", r.Header.Get("X-Tenant"))
		return nil, nil // no proxy for this server
	}

	client := dialed(ctx, server,
		rtx.WithHTTPClient(&http.Client{Transport: &http.Transport{Proxy: proxy}}),
		rtx.WithHeader(http.Header{"X-Tenant": {"acme"}}))
	defer client.Close()
	fmt.Println(client.State())
	// Output:
	// handshake of tenant acme
	// connected
}

// A message that is larger than the limit ends the connection. The client connects again.
func ExampleWithReadLimit() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	client := dialed(ctx, server, rtx.WithReadLimit(1<<10))
	defer client.Close()

	states := client.States(ctx)
	if _, err := client.Channel("orders").Subscribe(ctx); err != nil {
		log.Fatal(err)
	}
	server.Publish("orders", "created", bytes.Repeat([]byte("x"), 2<<10))
	for change := range states.All() {
		if change.State == rtx.StateReconnecting {
			fmt.Println("too large:", errors.Is(change.Err, rtx.ErrTooLarge))
			break
		}
	}
	// Output: too large: true
}

// A client that begins with HTTP long-polling, and goes on over a WebSocket as soon as one stands.
// Here none gets through.
func ExampleWithTransports() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	server.BlockWebSockets(true)
	client := dialed(ctx, server, rtx.WithTransports(rtx.Polling, rtx.WebSocket))
	defer client.Close()

	fmt.Println(client.State(), "over", client.Transport())
	// Output: connected over polling
}

// A service that does not answer a subscription fails it soon.
func ExampleWithSubscribeTimeout() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	client := dialed(ctx, server, rtx.WithSubscribeTimeout(50*time.Millisecond))
	defer client.Close()

	server.HalfOpenConnections() // the server takes the request and says nothing
	_, err := client.Channel("orders").Subscribe(ctx)
	fmt.Println(errors.Is(err, rtx.ErrSubscribeTimeout))
	// Output: true
}

// The client logs to a slog.Logger. Lost connections and refusals are at Warn.
func ExampleWithLogger() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelWarn,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "error" { // for a short output
				return slog.Attr{}
			}
			return a
		},
	}))
	client := dialed(ctx, server, rtx.WithLogger(logger))
	defer client.Close()

	server.Deny("orders", "not yours", 4301)
	if _, err := client.Channel("orders").Subscribe(ctx); err == nil {
		log.Fatal("subscribed")
	}
	// Output: level=WARN msg="rtx: subscription failed" channel=orders
}

// Payloads with a field that Order does not have are refused by a stricter codec. Each is a gap.
func ExampleWithJSON() {
	strict := func(data []byte, v any) error {
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		return decoder.Decode(v)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	client := dialed(ctx, server, rtx.WithJSON(json.Marshal, strict))
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	server.Publish("orders", "created", map[string]any{"id": 1, "colour": "red"})
	server.Publish("orders", "created", map[string]any{"id": 2})
	for order, gap := range orders.All() {
		if gap != nil {
			fmt.Println("malformed:", gap.Malformed)
			continue
		}
		fmt.Println("order", order.ID)
		break
	}
	// Output:
	// malformed: 1
	// order 2
}

// A stream that keeps the first values, and has a name of its own in the figures.
func ExampleWithOverflow() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created",
		rtx.WithName("first orders"), rtx.WithBuffer(2), rtx.WithOverflow(rtx.DropNewest))
	closing := rtx.On[string](ctx, client.Channel("orders"), "closing")
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	for id := range 5 {
		server.Publish("orders", "created", Order{ID: id})
	}
	server.Publish("orders", "closing", "time")
	if _, ok := <-closing.C; !ok {
		log.Fatal(closing.Err())
	}
	orders.Close() // what is buffered stays readable

	for order, gap := range orders.All() {
		if gap != nil {
			fmt.Println(gap)
			continue
		}
		fmt.Println("order", order.ID)
	}
	figures := orders.Stats()
	fmt.Println(figures.Name, "dropped", figures.Dropped)
	// Output:
	// order 0
	// order 1
	// rtx: gap on "orders": 3 values dropped
	// first orders dropped 3
}

// One stream of several channels, of which one is added later.
func ExampleNewGroup() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	shops := rtx.NewGroup(client.Channel("shop-1"), client.Channel("shop-2"))
	orders := rtx.On[rtx.Message[Order]](ctx, shops, "created")
	if err := shops.Add(client.Channel("shop-3")); err != nil {
		log.Fatal(err)
	}
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	for id, shop := range []string{"shop-2", "shop-3", "shop-1"} {
		server.Publish(shop, "created", Order{ID: id})
	}
	for range 3 {
		message, ok := <-orders.C
		if !ok {
			log.Fatal(orders.Err())
		}
		fmt.Println(message.Channel, message.Value.ID)
	}
	// Output:
	// shop-2 0
	// shop-3 1
	// shop-1 2
}
