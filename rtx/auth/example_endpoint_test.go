package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// The two sides together: a backend with a Handler, and a client that asks it.
func ExampleEndpoint() {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	allow := func(_ *http.Request, asked auth.Request) (auth.Decision, error) {
		return auth.Decision{Allow: asked.Channel == "private-orders"}, nil
	}
	backend := httptest.NewServer(auth.Handler(server.Signer(), allow))
	defer backend.Close()

	ctx := context.Background()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()),
		rtx.WithAuth(auth.Endpoint(backend.URL, auth.WithConcurrency(4))))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for _, name := range []string{"private-orders", "private-salaries"} {
		_, err := client.Channel(name).Subscribe(ctx)
		denied, _ := errors.AsType[*auth.DeniedError](err)
		fmt.Println(name, "joined:", err == nil, "denied:", denied != nil)
	}
	// Output:
	// private-orders joined: true denied: false
	// private-salaries joined: false denied: true
}

// A backend that does not answer in time. The client would ask again.
func ExampleWithTimeout() {
	done := make(chan struct{})
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		<-done
	}))
	defer backend.Close()
	defer close(done)
	asker := auth.Endpoint(backend.URL, auth.WithTimeout(50*time.Millisecond))

	_, err := asker.Authorize(context.Background(),
		auth.Request{SocketID: "abc", Channel: "private-orders"})
	retry, ok := errors.AsType[*auth.RetryError](err)
	fmt.Println(ok && retry.Timeout())
	// Output: true
}

// A backend with a certificate of its own authority, which wants a key in a header.
func ExampleWithHTTPClient() {
	backend := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("X-Gateway-Key:", r.Header.Get("X-Gateway-Key"))
		_, _ = fmt.Fprintf(w, `{"auth":"app-key:%s"}`, strings.Repeat("0", 64))
	}))
	defer backend.Close()
	asker := auth.Endpoint(backend.URL,
		auth.WithHTTPClient(backend.Client()), // it trusts the certificate
		auth.WithHeader(http.Header{"X-Gateway-Key": {"gateway-key"}}))

	_, err := asker.Authorize(context.Background(),
		auth.Request{SocketID: "abc", Channel: "private-orders"})
	fmt.Println(err)
	// Output:
	// X-Gateway-Key: gateway-key
	// <nil>
}

// A backend in a network that is trusted, such as that of a cluster.
func ExampleWithPlainHTTP() {
	const url = "http://backend.internal/realtimex/auth"
	for _, opts := range [][]auth.EndpointOption{nil, {auth.WithPlainHTTP()}} {
		_, err := rtx.New("app-key", rtx.WithAuth(auth.Endpoint(url, opts...)))
		fmt.Println(err)
	}
	// Output:
	// rtx: WithAuth: auth: Endpoint: plain http to backend.internal would show the bearer to others: use https, or WithPlainHTTP
	// <nil>
}

// A program that gets its signatures over something else than HTTP.
func ExampleFunc() {
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	busy := true
	ask := auth.Func(func(_ context.Context, r auth.Request) (auth.Grant, error) {
		if busy { // the client asks again
			return auth.Grant{}, &auth.RetryError{Channel: r.Channel, After: time.Second}
		}
		return signer.Private(r.SocketID, r.Channel) // in place of a call to your service
	})

	r := auth.Request{SocketID: "abc", Channel: "private-orders"}
	_, err = ask.Authorize(context.Background(), r) // the client does this
	fmt.Println(err)
	busy = false
	grant, err := ask.Authorize(context.Background(), r)
	fmt.Println(grant.Check(r), err)
	// Output:
	// auth: channel "private-orders" can't be authorised now
	// <nil> <nil>
}
