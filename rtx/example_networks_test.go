package rtx_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// ingress passes requests for /foo/… on to server, as /….
func ingress(server *rtxtest.Server) http.Handler {
	target, err := url.Parse(server.URL())
	if err != nil {
		log.Fatal(err)
	}
	return http.StripPrefix("/foo", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
}

// A server behind an ingress has a path before its own: the URL has both.
func ExampleWithURL() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	front := httptest.NewServer(ingress(server))
	defer front.Close()

	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(front.URL+"/foo/socket.io/"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(client.State())
	// Output: connected
}

// A Unix socket, such as a sidecar's: the dialler reaches it, whatever the host of the URL is.
func ExampleWithHTTPClient_unixSocket() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	dir, err := os.MkdirTemp("", "rtx")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "sidecar.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	sidecar := &httptest.Server{Listener: listener, Config: &http.Server{Handler: ingress(server)}}
	sidecar.Start()
	defer sidecar.Close()

	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL("ws://sidecar/foo/socket.io/"),
		rtx.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial}}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(client.State())
	// Output: connected
}

// On a satellite link connecting takes long, and a write may stand still for a while.
func ExampleWithHandshakeTimeout() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := started()
	defer server.Close()
	client := dialed(ctx, server, rtx.WithHandshakeTimeout(time.Minute), rtx.WithWriteTimeout(30*time.Second))
	defer client.Close()
	fmt.Println(client.State())
	// Output: connected
}
