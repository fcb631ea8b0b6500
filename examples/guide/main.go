// Guide runs the code of docs/guide.md, chapter by chapter, against a server in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run goes through the chapters. Each prints a line or two.
func run(ctx context.Context, out io.Writer) error {
	srv, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer srv.Close()

	go func() {
		srv.WaitSubscribed("orders")
		srv.Publish("orders", "order-created", Order{ID: 1, Item: "tea", Cents: 450})
	}()
	first, err := firstEvent(ctx, srv.Key(), rtx.WithURL(srv.URL()))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "1 the first event: %+v\n", first)
	srv.WaitUnsubscribed("orders")

	backend := httptest.NewServer(authBackend(srv.Signer(), func(*http.Request) (string, bool) { return "ada", true }))
	defer backend.Close()
	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()), rtx.WithAuthEndpoint(backend.URL))
	if err != nil {
		return err
	}
	defer client.Close()

	if err := losses(ctx, srv, client, out); err != nil {
		return err
	}
	if err := together(ctx, srv, client, out); err != nil {
		return err
	}
	return state(ctx, srv, client, out)
}

// losses runs chapters 2 and 3: a loop that learns of a lost connection.
func losses(ctx context.Context, srv *rtxtest.Server, client *rtx.Client, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	orders := rtx.On[Order](ctx, client.Channel("orders"), "order-created")
	if err := orders.Ready(ctx); err != nil {
		return err
	}
	srv.Publish("orders", "order-created", Order{ID: 2, Item: "oil", Cents: 700})
	_ = selectLoop(orders, nil,
		func(o Order) {
			fmt.Fprintf(out, "2 in the loop: order %d\n", o.ID)
			srv.DropConnections()
		},
		func(gap *rtx.Gap) {
			fmt.Fprintf(out, "3 %s\n", describe(gap))
			cancel()
		},
		func() {})
	return nil
}

// together runs chapters 4 to 6: channels that need a signature.
func together(ctx context.Context, srv *rtxtest.Server, client *rtx.Client, out io.Writer) error {
	private := client.Channel("private-orders-ada")
	hold, err := private.Subscribe(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "4 the backend signs for", private.Name())
	defer hold.Release()

	inRoom, leave := context.WithCancel(ctx)
	go func() {
		srv.WaitSubscribed("presence-lobby")
		srv.Join("presence-lobby", auth.Member{ID: "bob"})
		time.AfterFunc(time.Second, leave)
	}()
	fmt.Fprintln(out, "5 in the lobby:")
	_ = whoIsThere(inRoom, client.Channel("presence-lobby"), out)

	if err := tellOthers(ctx, private); err != nil {
		return err
	}
	srv.WaitClientEvents(private.Name(), 1)
	fmt.Fprintln(out, "6 the others were told")
	return nil
}

// state runs chapters 7, 8 and 10.
func state(ctx context.Context, srv *rtxtest.Server, client *rtx.Client, out io.Writer) error {
	some, stop := context.WithCancel(ctx)
	go func() {
		srv.WaitSubscribed("orders-north")
		srv.Publish("orders-north", "order-created", Order{ID: 3, Item: "tea", Cents: 450})
	}()
	workers(some, client, func(o Order) { fmt.Fprintf(out, "7 a worker has order %d\n", o.ID); stop() }, func(*rtx.Gap) {})

	orders := rtx.On[Order](ctx, client.Channel("orders"), "order-created")
	defer orders.Close()
	if err := orders.Ready(ctx); err != nil {
		return err
	}
	srv.Publish("orders", "order-created", Order{ID: 4, Item: "oil", Cents: 700})
	for sum, gap := range totals(orders) {
		if gap == nil {
			fmt.Fprintf(out, "7 the sum is %d\n", sum)
			break
		}
	}

	table := stock(ctx, client.Channel("stock"), func(context.Context) (map[string]int, error) { return map[string]int{"lamps": 7}, nil })
	defer table.Close()
	if err := table.Fresh(ctx); err != nil {
		return err
	}
	lamps, _ := table.Get("lamps")
	fmt.Fprintf(out, "8 %d lamps are left\n", lamps)

	ready := httptest.NewRecorder()
	health(client, orders).ServeHTTP(ready, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	fmt.Fprintln(out, "10 ready:", ready.Code)
	return nil
}
