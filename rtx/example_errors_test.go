package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// DialError says at which step an attempt failed, with the HTTP status, and whether it can be
// retried.
func ExampleDialError() {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.RefuseConnections(1)

	_, err = rtx.Dial(context.Background(), server.Key(), rtx.WithURL(server.URL()))
	if failed, ok := errors.AsType[*rtx.DialError](err); ok {
		fmt.Println("status:", failed.Status)
	}
	// Output: status: 503
}

// overloaded connects to a server that complains when overload is called.
func overloaded(ctx context.Context) (client *rtx.Client, overload func()) {
	server, err := testserver.Start()
	if err != nil {
		log.Fatal(err)
	}
	context.AfterFunc(ctx, server.Close)
	client, err = rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	return client, func() { server.Complain("error", "Too many client events", 4301) }
}

// Errors delivers what the service complains of while the connection continues.
func ExampleClient_Errors() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, overload := overloaded(ctx)
	defer client.Close()

	complaints := client.Errors(ctx)
	overload()
	for e := range complaints.C {
		fmt.Println(e)
		break
	}
	// Output: rtx: the service reports an error: "Too many client events" (code 4301)
}

// WaitError says what a call waited for when its context ended, and the last failure. Here the
// program's own backend is busy.
func ExampleWaitError() {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	busy := auth.Func(func(_ context.Context, r auth.Request) (auth.Grant, error) {
		return auth.Grant{}, &auth.RetryError{Channel: r.Channel, Status: http.StatusServiceUnavailable}
	})
	client, err := rtx.Dial(context.Background(), server.Key(), rtx.WithURL(server.URL()), rtx.WithAuth(busy))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Second/10)
	defer cancel()
	_, err = client.Channel("private-orders").Subscribe(ctx)
	if wait, ok := errors.AsType[*rtx.WaitError](err); ok {
		fmt.Println("waited for", wait.For)
	}
	retry, ok := errors.AsType[*auth.RetryError](err)
	fmt.Println("the backend is busy:", ok && retry.Status == 503)
	fmt.Println("out of time:", errors.Is(err, context.DeadlineExceeded))
	// Output:
	// waited for the subscription of "private-orders"
	// the backend is busy: true
	// out of time: true
}

// A channel stays subscribed between the streams that a program opens and closes on it.
func ExampleWithLeaveGrace() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()), rtx.WithLeaveGrace(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	for range 3 {
		orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
		if err := orders.Ready(ctx); err != nil {
			log.Fatal(err)
		}
		orders.Close()
	}
	if _, err := client.Ping(ctx); err != nil { // the service has had all that was sent before
		log.Fatal(err)
	}
	server.WaitSubscribed("orders")
	fmt.Println("still subscribed, and no stream is open")
	// Output: still subscribed, and no stream is open
}

// A payload that is nested too deep is a gap on the stream it was for, and has no other effect.
func ExampleWithMaxDepth() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()), rtx.WithMaxDepth(8))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	trees := rtx.On[any](ctx, client.Channel("trees"), "grown")
	if err := trees.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	var deep any = "leaf"
	for range 9 {
		deep = []any{deep}
	}
	server.Publish("trees", "grown", deep)
	server.Publish("trees", "grown", "sapling")
	for tree, gap := range trees.All() {
		if gap != nil {
			fmt.Println("too deep:", errors.Is(gap.Err, rtx.ErrTooDeep))
			continue
		}
		fmt.Println(tree)
		break
	}
	// Output:
	// too deep: true
	// sapling
}

// An attemptCounter counts the attempts of the dialer inside it.
type attemptCounter struct {
	transport.Dialer
	attempts int
}

func (d *attemptCounter) Dial(ctx context.Context, r transport.Resume) (transport.Session, error) {
	d.attempts++
	return d.Dialer.Dial(ctx, r)
}

// The program wraps the dialer of package transport, to count attempts.
func ExampleWithDialer() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	address, err := url.Parse(server.URL())
	if err != nil {
		log.Fatal(err)
	}
	inner, err := transport.NewDialer(transport.Config{URL: address, APIKey: server.Key()})
	if err != nil {
		log.Fatal(err)
	}
	counting := &attemptCounter{Dialer: inner}
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithDialer(counting))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println("attempts:", counting.attempts)
	// Output: attempts: 1
}

// What the client's own dialer does is counted, with all of its options.
func ExampleWithDialerWrapper() {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	counting := new(attemptCounter)
	client, err := rtx.Dial(context.Background(), server.Key(), rtx.WithURL(server.URL()), rtx.WithReadLimit(1<<20),
		rtx.WithDialerWrapper(func(d transport.Dialer) transport.Dialer {
			counting.Dialer = d
			return counting
		}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println("attempts:", counting.attempts)
	// Output: attempts: 1
}
