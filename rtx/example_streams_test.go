package rtx_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

type Order struct {
	ID       int    `json:"id"`
	Customer string `json:"customer"`
}

// local starts a server in this process for the examples to talk to, and connects to it.
func local(ctx context.Context) (*rtxtest.Server, *rtx.Client) {
	server := started()
	return server, dialed(ctx, server)
}

// One select loop handles a stream, a ticker and the connection's states. Pending delivers values
// and gaps in their order. Ended reports that nothing more will come.
func Example_selectLoop() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
	states := client.States(ctx)
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()

	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	server.Publish("orders", "created", Order{ID: 1})

	for received := 0; received < 1; {
		select {
		case <-orders.Wake:
			for o, gap := range orders.Pending() {
				if gap != nil {
					fmt.Println("missed:", gap)
					continue
				}
				received++
				fmt.Println("order", o.ID)
			}
			if orders.Ended() {
				log.Fatal(orders.Err())
			}
		case s, ok := <-states.C:
			if !ok {
				states.C = nil // over; a nil channel is never ready
				continue
			}
			if s.State == rtx.StateReconnecting {
				fmt.Println("the connection was lost:", s.Err)
			}
		case <-ticker.C:
			fmt.Println("a minute has passed")
		}
	}
	// Output: order 1
}

// Pending delivers the values and gaps that are there, in their order. Ended reports that nothing
// more will come.
func ExampleStream_Pending() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created", rtx.WithBuffer(2))
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

	for !orders.Ended() {
		<-orders.Wake
		for o, gap := range orders.Pending() {
			if gap != nil {
				fmt.Println(gap)
				continue
			}
			fmt.Println("order", o.ID)
		}
	}
	fmt.Println("ended:", orders.Err())
	// Output:
	// rtx: gap on "orders": 3 values dropped
	// order 3
	// order 4
	// ended: <nil>
}

// A policy can be a command-line flag, or be read from a configuration file.
func ExamplePolicy_UnmarshalText() {
	flags := flag.NewFlagSet("worker", flag.ContinueOnError)
	var overflow rtx.Policy
	flags.TextVar(&overflow, "overflow", rtx.DropOldest, "what becomes of orders that do not fit")
	if err := flags.Parse([]string{"-overflow", "grow:1048576"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(overflow == rtx.Grow(1<<20))
	fmt.Println(overflow.UnmarshalText([]byte("drop-all")))
	// Output:
	// true
	// rtx: Policy: "drop-all" is none of drop-oldest, drop-newest, end-stream and grow:BYTES
}

// All delivers values and gaps in their order, until the stream ends.
func ExampleStream_All() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created", rtx.WithBuffer(2))
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

	for o, gap := range orders.All() {
		if gap != nil {
			fmt.Println("missed", gap.Dropped)
			continue
		}
		fmt.Println("order", o.ID)
	}
	fmt.Println("ended:", orders.Err())
	// Output:
	// missed 3
	// order 3
	// order 4
	// ended: <nil>
}

// Several workers share C. The worker that receives a value is not always the one that would see
// the gap before it, so one goroutine handles the gaps of all.
func Example_workerPool() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}

	var handled atomic.Int64
	var workers errgroup.Group
	for range 4 {
		workers.Go(func() error {
			for range orders.C { // range sees the end by itself
				if handled.Add(1) == 100 {
					orders.Close()
				}
			}
			return orders.Err()
		})
	}
	watching, stop := context.WithCancel(ctx)
	var watcher errgroup.Group
	watcher.Go(func() error {
		for {
			select {
			case <-orders.Lost:
				for gap := range orders.Gaps() {
					return gap // which is an error
				}
			case <-watching.Done():
				return nil
			}
		}
	})

	for id := range 100 {
		server.Publish("orders", "created", Order{ID: id})
	}
	err := workers.Wait()
	stop()
	fmt.Println(handled.Load(), "handled;", errors.Join(err, watcher.Wait()))
	// Output: 100 handled; <nil>
}

// Partition keeps the order of each key. Each stream has its own worker, which gets the gaps of
// that stream.
func ExamplePartition() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	parts := rtx.Partition(ctx, client.Channel("orders"), "created", 2, func(o Order) string { return o.Customer })
	if err := parts[0].Ready(ctx); err != nil { // they share the channel
		log.Fatal(err)
	}
	done := make(chan string, 2)
	var workers errgroup.Group
	for _, part := range parts {
		workers.Go(func() error {
			last := make(map[string]int)
			for o, gap := range part.All() {
				switch {
				case gap != nil:
					return gap // which is an error
				case o.ID < last[o.Customer]:
					return errors.New("out of order")
				}
				if last[o.Customer] = o.ID; o.ID == 49 {
					done <- o.Customer
				}
			}
			return part.Err()
		})
	}
	for id := range 50 {
		server.Publish("orders", "created", Order{ID: id, Customer: "ann"})
		server.Publish("orders", "created", Order{ID: id, Customer: "bob"})
	}
	a, b := <-done, <-done
	for _, part := range parts {
		part.Close()
	}
	fmt.Println("complete:", min(a, b), max(a, b), workers.Wait())
	// Output: complete: ann bob <nil>
}

// Payloads that are large or slow to decode are received raw and decoded in the workers, so the
// reading goroutine only copies them. All streams share the copy, so the workers must not change
// it.
func Example_rawPayloads() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	raw := rtx.On[json.RawMessage](ctx, client.Channel("orders"), "created")
	if err := raw.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	var sum, handled atomic.Int64
	var workers errgroup.Group
	for range 4 {
		workers.Go(func() error {
			for payload := range raw.C {
				var o Order
				if err := json.Unmarshal(payload, &o); err != nil {
					return err
				}
				sum.Add(int64(o.ID))
				if handled.Add(1) == 10 {
					raw.Close()
				}
			}
			return raw.Err()
		})
	}
	for id := 1; id <= 10; id++ {
		server.Publish("orders", "created", Order{ID: id})
	}
	fmt.Println(workers.Wait(), sum.Load())
	// Output: <nil> 55
}

// table stands for a database.
type table struct{ rows int }

func (t *table) Insert(_ context.Context, orders []Order) error {
	t.rows += len(orders)
	fmt.Println("insert", len(orders))
	return nil
}

// Batches collects events for one database statement. A batch is complete if it has 100 values,
// after a second, or at the end.
func ExampleBatches() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
	closing := rtx.On[string](ctx, client.Channel("orders"), "closing")
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	for id := range 250 {
		server.Publish("orders", "created", Order{ID: id})
	}
	server.Publish("orders", "closing", "time")
	if _, ok := <-closing.C; !ok {
		log.Fatal(closing.Err())
	}
	orders.Close()

	db := &table{}
	for batch, gap := range rtx.Batches(orders, 100, time.Second) {
		if gap != nil {
			log.Printf("rows are missing: %+v", *gap)
			continue
		}
		if err := db.Insert(ctx, batch); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("rows", db.rows)
	// Output:
	// insert 100
	// insert 100
	// insert 50
	// rows 250
}

// The program loads a state once, keeps it current by events, and loads it again when events were
// missed. The gap of a reconnection comes once the channel is subscribed again. From then on every
// event arrives, so the state that is loaded then is complete.
func Example_reloadOnGap() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	var stock atomic.Int64 // what the backend would be asked for
	changes := rtx.On[int64](ctx, client.Channel("stock"), "changed")
	if err := changes.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	have := stock.Load() // after Ready, so that nothing falls between
	reload := func(gap *rtx.Gap) {
		have = stock.Load()
		fmt.Println("reconnected:", gap.Reconnected, "- loaded", have)
	}

	stock.Store(5)
	server.Publish("stock", "changed", 5)
	for have != 7 {
		<-changes.Wake
		for v, gap := range changes.Pending() {
			if gap != nil {
				reload(gap)
				continue
			}
			have = v
			fmt.Println("changed to", have)
			stock.Store(7) // which nobody hears of, because now
			server.DropConnections()
		}
		if changes.Ended() {
			log.Fatal(changes.Err())
		}
	}
	// Output:
	// changed to 5
	// reconnected: true - loaded 7
}

// A program shuts down in three steps: it stops receiving new events, handles the buffered ones,
// and then closes the connection. The connection stays up while the buffered events are handled, so
// the handlers can still send.
func ExampleClient_Drain() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "created")
	closing := rtx.On[string](ctx, client.Channel("orders"), "closing")
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	for id := range 3 {
		server.Publish("orders", "created", Order{ID: id})
	}
	server.Publish("orders", "closing", "time")
	if _, ok := <-closing.C; !ok { // in a service: <-ctx.Done() of signal.NotifyContext
		log.Fatal(closing.Err())
	}

	if err := client.Drain(ctx); err != nil {
		log.Print(err)
	}
	for o := range orders.C {
		fmt.Println("order", o.ID)
	}
	if err := orders.Err(); err != nil {
		log.Print(err)
	}
	fmt.Println("closed:", client.Close())
	// Output:
	// order 0
	// order 1
	// order 2
	// closed: <nil>
}

// Several types of events come on one stream, in the order of the service, as values of one type.
func ExampleOnAny() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	type cancelled struct {
		ID     int    `json:"id"`
		Reason string `json:"reason"`
	}
	changes := rtx.OnAny(ctx, client.Channel("orders"), rtx.Cases(
		rtx.CaseOf("created", func(o Order) string { return fmt.Sprint("created ", o.ID) }),
		rtx.CaseOf("cancelled", func(c cancelled) string { return fmt.Sprint("cancelled ", c.ID, ": ", c.Reason) }),
	))
	if err := changes.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	server.Publish("orders", "created", Order{ID: 1})
	server.Publish("orders", "cancelled", cancelled{1, "sold out"})
	for range 2 {
		change, ok := <-changes.C
		if !ok {
			log.Fatal(changes.Err())
		}
		fmt.Println(change)
	}
	// Output:
	// created 1
	// cancelled 1: sold out
}
