package bridge_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func TestOnTheBusOnceAndInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil, rtxtest.WithRecovery(time.Minute))
	a, b := w.start(), w.start()
	w.ready(a, b)
	w.leader()
	const events = 500
	for n := range events {
		w.publish("orders", n+1)
	}
	consumer, err := w.js.CreateOrUpdateConsumer(t.Context(), "rtx-shop", jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	n := 0
	for m, gap := range bridge.Consume[rtx.Message[number]](ctx, consumer) {
		if gap != nil {
			t.Fatalf("after %d: %v", n, gap)
		}
		if n++; m.Value.N != n || m.Channel != "orders" || m.Event != "created" || m.ID == "" || time.Since(m.ReceivedAt) > time.Minute {
			t.Fatalf("event %d: got %+v", n, m)
		}
		if n == events {
			break
		}
	}
	if n < events {
		t.Fatalf("%d of %d events", n, events)
	}
}
