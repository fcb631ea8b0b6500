package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// One request for several channels. The client does this by itself, once rtx.WithAuth has the
// endpoint.
func ExampleWithBatch() {
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	requests := 0
	handler := auth.Handler(signer, func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		return auth.Decision{Allow: asked.Channel != "private-boss"}, nil
	})
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		handler.ServeHTTP(w, r)
	}))
	defer backend.Close()

	asker := auth.Endpoint(backend.URL, auth.WithBatch(50*time.Millisecond, 100)).(auth.BatchAuthorizer)
	channels := []auth.Request{
		{SocketID: "socket-1", Channel: "private-orders"},
		{SocketID: "socket-1", Channel: "private-boss"},
		{SocketID: "socket-1", Channel: "private-chat"},
	}
	for i, o := range asker.AuthorizeBatch(context.Background(), channels) {
		name := channels[i].Channel
		fmt.Println(name, signer.Verify("socket-1", name, o.Grant), o.Err)
	}
	fmt.Println("requests:", requests)
	// Output:
	// private-orders true <nil>
	// private-boss false auth: channel "private-boss" is refused: HTTP 403: forbidden
	// private-chat true <nil>
	// requests: 1
}

// A handler that takes up to 500 channels with one request.
func ExampleWithMaxBatch() {
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := auth.Handler(signer, func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		return auth.Decision{Allow: strings.HasPrefix(asked.Channel, "private-7-")}, nil
	}, auth.WithMaxBatch(500))

	r := httptest.NewRequest("POST", "/auth", strings.NewReader(`{"socket_id":"abc","channel_name":["private-7-a","private-8-a"]}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output:
	// {"private-7-a":{"status":200,"data":{"auth":"app-key:473f9b290ffb912e2c5ca3d853ed4dd7441230f659b4d7c38a23cda609bba7af"}},"private-8-a":{"status":403,"error":"not allowed"}}
}
