// Backend is a small but complete backend for private and presence channels. Users log in. A client
// that acts for a user gets signatures for the channels that this user may join, and no others.
//
//	go run ./examples/backend                    # listens on 127.0.0.1:8080 until interrupted
//	go run ./examples/backend -demo              # asks itself, prints the outcomes, and ends
//
//	curl -d user=alice -d password=wonderland http://127.0.0.1:8080/login
//	curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
//	     -d '{"socket_id":"abc","channel_name":"private-orders"}' http://127.0.0.1:8080/auth
//
// The app's key and secret come from REALTIMEX_KEY and REALTIMEX_SECRET. Put TLS in front of it for
// anything but a try.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	demo := flag.Bool("demo", false, "ask the backend as several people, print the outcomes, and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *demo {
		err = runDemo(ctx, os.Stdout)
	} else {
		err = run(ctx, *addr, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "backend:", err)
		os.Exit(1)
	}
}

// run serves until the context ends, then finishes the requests that are under way.
func run(ctx context.Context, addr string, out io.Writer) error {
	signer, err := auth.NewSigner(cmp.Or(os.Getenv("REALTIMEX_KEY"), "demo-key"), cmp.Or(os.Getenv("REALTIMEX_SECRET"), "demo-secret"))
	if err != nil {
		return err
	}
	if os.Getenv("REALTIMEX_SECRET") == "" {
		fmt.Fprintln(out, "REALTIMEX_SECRET is not set: the signatures are good for a test server only")
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "log in at http://%[1]s/login, authorise at http://%[1]s/auth\n", listener.Addr())
	return serve(ctx, listener, newBackend(signer))
}

func serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	<-done
	return err
}
