package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/flow"
	"github.com/realtimex/realtimex-go/rtx/mirror"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

type Order struct {
	ID    int    `json:"id"`
	Item  string `json:"item"`
	Cents int    `json:"cents"`
}

func firstEvent(ctx context.Context, key string, opts ...rtx.Option) (Order, error) {
	client, err := rtx.Dial(ctx, key, opts...)
	if err != nil {
		return Order{}, err
	}
	defer client.Close()

	orders := rtx.On[Order](ctx, client.Channel("orders"), "order-created")
	for order, gap := range orders.All() {
		if gap == nil {
			return order, nil
		}
	}
	return Order{}, orders.Err()
}

func selectLoop(orders *rtx.Stream[Order], tick <-chan time.Time, handle func(Order), reload func(*rtx.Gap), flush func()) error {
	for {
		select {
		case <-orders.Wake:
			for order, gap := range orders.Pending() {
				if gap != nil {
					reload(gap)
					continue
				}
				handle(order)
			}
			if orders.Ended() {
				return orders.Err()
			}
		case <-tick:
			flush()
		}
	}
}

func describe(gap *rtx.Gap) string {
	switch {
	case gap.Reconnected:
		return fmt.Sprintf("%s: no connection for %v, events may be missing", gap.Channel, gap.Until.Sub(gap.Since).Round(time.Millisecond))
	case gap.Dropped > 0:
		return fmt.Sprintf("%s: %d events dropped, because this program is too slow", gap.Channel, gap.Dropped)
	case gap.Malformed > 0:
		return fmt.Sprintf("%s: %d payloads are no orders: %v", gap.Channel, gap.Malformed, gap.Err)
	default:
		return fmt.Sprintf("%s: %v", gap.Channel, gap.Err)
	}
}

func authBackend(signer *auth.Signer, userOf func(*http.Request) (id string, ok bool)) http.Handler {
	return auth.Handler(signer, func(r *http.Request, req auth.Request) (auth.Decision, error) {
		user, ok := userOf(r)
		switch {
		case !ok:
			return auth.Decision{}, auth.ErrUnauthenticated
		case req.Channel == "private-orders-"+user, req.Channel == "presence-lobby":
			return auth.Decision{Allow: true, Member: auth.Member{ID: user}}, nil
		}
		return auth.Decision{Reason: "the channel is somebody else's"}, nil
	})
}

func whoIsThere(ctx context.Context, lobby *rtx.Channel, out io.Writer) error {
	type info struct {
		Name string `json:"name"`
	}
	room := presence.Watch[info](ctx, lobby)
	for change := range room.All() {
		switch change.Kind {
		case presence.Snapshot:
			fmt.Fprintln(out, "here now:", len(change.Members))
		case presence.Stale:
			fmt.Fprintln(out, "no connection: who is here is not known")
		}
		for _, m := range change.Joined {
			fmt.Fprintln(out, m.ID, "came")
		}
		for _, m := range change.Left {
			fmt.Fprintln(out, m.ID, "left")
		}
	}
	return room.Err()
}

func tellOthers(ctx context.Context, room *rtx.Channel) error {
	hold, err := room.Subscribe(ctx)
	if err != nil {
		return err
	}
	defer hold.Release()
	return room.Trigger(ctx, "client-typing", map[string]string{"user": "ada"})
}

func workers(ctx context.Context, client *rtx.Client, handle func(Order), reload func(*rtx.Gap)) {
	shops := rtx.NewGroup(client.Channel("orders-north"), client.Channel("orders-south"))
	parts := rtx.Partition(ctx, shops, "order-created", 4, func(o Order) string { return o.Item })
	done := make(chan struct{})
	for _, part := range parts {
		go func() {
			defer func() { done <- struct{}{} }()
			for order, gap := range part.All() {
				if gap != nil {
					reload(gap)
					continue
				}
				handle(order)
			}
		}()
	}
	for range parts {
		<-done
	}
}

func totals(orders *rtx.Stream[Order]) flow.Seq[int] {
	paid := flow.Filter(orders.All(), func(o Order) bool { return o.Cents > 0 })
	return flow.Scan(paid, 0, func(sum int, o Order) int { return sum + o.Cents }, nil)
}

func stock(ctx context.Context, ch *rtx.Channel, load func(context.Context) (map[string]int, error)) *mirror.Mirror[string, int] {
	type change struct {
		Item string `json:"item"`
		Left int    `json:"left"`
	}
	return mirror.Open(ctx, ch, "stock-changed", load, func(s *mirror.State[string, int], c change) {
		s.Set(c.Item, c.Left)
	})
}

func health(client *rtx.Client, orders *rtx.Stream[Order]) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		if err := client.Err(); err != nil { // it has ended, and comes back by a new process only
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := errors.Join(client.Readiness(), orders.Readiness()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	return mux
}
