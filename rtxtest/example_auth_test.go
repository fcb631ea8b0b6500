package rtxtest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The program joins a private channel with a signature of the server's own auth backend.
func ExampleServer_AuthEndpoint() {
	server := start()
	defer server.Close()
	ctx := context.Background()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()),
		rtx.WithAuthEndpoint(server.AuthEndpoint()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("private-orders"), "created")
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	for _, r := range server.AuthRequests() {
		fmt.Println(r.Channel, r.Status)
	}
	// Output: private-orders 200
}

// The auth backend fails once, and the program asks again. Then it denies.
func ExampleServer_FailAuth() {
	server := start()
	defer server.Close()
	client := connect(server)
	defer client.Close()
	ctx := context.Background()

	server.FailAuth(1, http.StatusServiceUnavailable)
	orders := rtx.On[Order](ctx, client.Channel("private-orders"), "created")
	fmt.Println("error:", orders.Ready(ctx))

	server.FailAuth(1, http.StatusForbidden)
	refunds := rtx.On[Order](ctx, client.Channel("private-refunds"), "created")
	fmt.Println("denied:", refunds.Ready(ctx) != nil)
	for _, r := range server.AuthRequests() {
		fmt.Println(r.Channel, r.Status)
	}
	// Output:
	// error: <nil>
	// denied: true
	// private-orders 503
	// private-orders 200
	// private-refunds 403
}

// A test of a backend of one's own, which signs with the server's key and secret.
func ExampleServer_Signer() {
	server := start()
	defer server.Close()
	backend := httptest.NewServer(auth.Handler(server.Signer(),
		func(_ *http.Request, r auth.Request) (auth.Decision, error) {
			return auth.Decision{Allow: r.Channel == "private-orders"}, nil
		}))
	defer backend.Close()
	ctx := context.Background()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()),
		rtx.WithAuthEndpoint(backend.URL))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	for _, name := range []string{"private-orders", "private-secrets"} {
		stream := rtx.On[Order](ctx, client.Channel(name), "created")
		fmt.Println(name, "allowed:", stream.Ready(ctx) == nil)
	}
	// Output:
	// private-orders allowed: true
	// private-secrets allowed: false
}

// The auth backend says who the program wanted to be in a presence channel.
func ExampleAuthRequest() {
	server := start()
	defer server.Close()
	client := connect(server, rtx.WithUserData(map[string]string{"user_id": "ann"}))
	defer client.Close()
	ctx := context.Background()

	lobby := rtx.On[string](ctx, client.Channel("presence-lobby"), "said")
	if err := lobby.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	for _, r := range server.AuthRequests() {
		fmt.Println(r.Channel, string(r.UserData), r.Status)
	}
	// Output: presence-lobby {"user_id":"ann"} 200
}
