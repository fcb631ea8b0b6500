// Quickstart shows the library at work in a few seconds, and needs nothing but Go: it starts the
// test server of rtxtest in this process and connects to it. With -url and -key it runs against a
// real service instead; there somebody else must publish, so it shows what comes until it is
// interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os/signal"
	"syscall"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// An Order is what the shop publishes. Events are decoded into it: no maps, no casts.
type Order struct {
	ID    int     `json:"id"`
	Item  string  `json:"item"`
	Total float64 `json:"total"`
}

func main() {
	log.SetFlags(0)
	url := flag.String("url", "", "a RealtimeX service, such as wss://ws.realtimex.net; empty: a server in this process")
	key := flag.String("key", "", "the API key of that service")
	endpoint := flag.String("auth-endpoint", "", "your backend's URL that signs for private and presence channels")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	shop := shop{url: *url, key: *key, endpoint: *endpoint}
	if *url == "" {
		srv, err := rtxtest.Start()
		if err != nil {
			log.Fatal(err)
		}
		defer srv.Close()
		fmt.Println("1. A RealtimeX server runs in this process.")
		shop.url, shop.key, shop.endpoint, shop.srv = srv.URL(), srv.Key(), srv.AuthEndpoint(), srv
	}
	if err := shop.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// shop is where the orders come from: a service, and the test server behind it if it is ours.
type shop struct {
	url, key, endpoint string
	srv                *rtxtest.Server
}

func (s shop) dial(ctx context.Context, user any) (*rtx.Client, error) {
	opts := []rtx.Option{rtx.WithURL(s.url), rtx.WithUserData(user)}
	if s.endpoint != "" {
		opts = append(opts, rtx.WithAuthEndpoint(s.endpoint))
	}
	return rtx.Dial(ctx, s.key, opts...)
}

func (s shop) run(ctx context.Context) error {
	client, err := s.dial(ctx, user("1", "Ada"))
	if err != nil {
		return err
	}
	defer client.Close()
	fmt.Println("2. Connected. The service knows this connection as a socket of its own.")

	if err := s.orders(ctx, client); err != nil {
		return err
	}
	if s.srv == nil && s.endpoint == "" {
		return nil // the rest needs somebody who signs
	}
	return s.chat(ctx, client)
}

// orders is the main job: typed events in a select loop, beside connection states, until a context
// is cancelled.
func (s shop) orders(ctx context.Context, client *rtx.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	orders := rtx.On[Order](ctx, client.Channel("orders"), "order-created")
	states := client.States(ctx)
	if err := orders.Ready(ctx); err != nil {
		return err
	}
	fmt.Println("3. Subscribed to the channel \"orders\". Events now arrive in a select loop.")
	shown := make(chan int, 64)
	if s.srv != nil {
		go s.sell(shown)
	}
	for {
		select {
		case <-orders.Wake: // something has come, or the stream has ended
			for order, gap := range orders.Pending() {
				if gap != nil { // something was missed, right here
					fmt.Printf("   Gap: the connection was down (%v), some orders may be missing.\n", gap.Reconnected)
					continue
				}
				fmt.Printf("   Order %d: %s for %.2f\n", order.ID, order.Item, order.Total)
				shown <- order.ID
				if s.srv != nil && order.ID == 4 {
					cancel()
				}
			}
			if orders.Ended() {
				fmt.Println("   The context was cancelled, so the stream ended:", orders.Err())
				return nil
			}
		case state := <-states.C:
			if ctx.Err() == nil {
				fmt.Println("   Connection:", state.State)
			}
		}
	}
}

// sell publishes four orders, and cuts the connection once the second was shown: what is published
// before the client is back is lost, and the client says so.
func (s shop) sell(shown <-chan int) {
	items := []string{"a lamp", "two chairs", "a table", "a rug"}
	for i, item := range items {
		if i == 2 {
			for <-shown != 2 {
			}
			s.srv.DropConnections()
			s.srv.WaitSubscribed("orders")
		}
		s.srv.Publish("orders", "order-created", Order{ID: i + 1, Item: item, Total: 19.5 * float64(i+1)})
	}
}

// chat sends a client event from one client to another, over a private channel.
func (s shop) chat(ctx context.Context, ada *rtx.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	grace, err := s.dial(ctx, user("2", "Grace"))
	if err != nil {
		return err
	}
	defer grace.Close()
	heard := rtx.On[rtx.Message[string]](ctx, grace.Channel("private-chat"), "client-said")
	room := ada.Channel("private-chat")
	hold, err := room.Subscribe(ctx) // Trigger needs the channel held
	if err != nil {
		return err
	}
	defer hold.Release()
	if err := heard.Ready(ctx); err != nil {
		return err
	}
	fmt.Println("4. Two clients on the channel \"private-chat\", which needs a signature from your backend.")
	if err := room.Trigger(ctx, "client-said", "Hello, Grace!"); err != nil {
		return err
	}
	select {
	case m, ok := <-heard.C:
		if !ok {
			return heard.Err()
		}
		fmt.Printf("   Grace got %q on %s: %s\n", m.Event, m.Channel, m.Value)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return s.lobby(ctx, ada, grace)
}

// A Person is what a presence channel says of each member.
type Person struct {
	Name string `json:"name"`
}

// lobby shows who is on a presence channel: one snapshot, then exact differences.
func (s shop) lobby(ctx context.Context, ada, grace *rtx.Client) error {
	room := presence.Watch[Person](ctx, ada.Channel("presence-lobby"))
	fmt.Println("5. The presence channel \"presence-lobby\" tells who is there.")
	var hers *rtx.Hold // Grace's stay
	for steps := range 3 {
		select {
		case change, ok := <-room.C:
			if !ok {
				return room.Err()
			}
			fmt.Printf("   %v: joined %v, left %v, now %d there\n", change.Kind, names(change.Joined), names(change.Left), room.Members().Len())
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		switch steps {
		case 0:
			var err error
			if hers, err = grace.Channel("presence-lobby").Subscribe(ctx); err != nil {
				return err
			}
		case 1:
			hers.Release()
		}
	}
	fmt.Println("6. Both clients close: every stream ends, and no goroutine is left.")
	return nil
}

func names(members []presence.Member[Person]) (ns []string) {
	for _, m := range members {
		ns = append(ns, m.Info.Name)
	}
	return ns
}

// user is who somebody is on presence channels.
func user(id, name string) any {
	return map[string]any{"user_id": id, "user_info": map[string]string{"name": name}}
}
