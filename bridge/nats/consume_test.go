package bridge_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A payload that is not a T is a gap in its place. What the loop was left with comes again. The end of
// the consumer is told.
func TestConsume(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil, rtxtest.WithRecovery(time.Minute))
	l := newLaw(w)
	a := w.start()
	w.ready(a)
	w.leader()
	l.publish("orders")
	w.service.Publish("orders", "created", "not an object")
	l.publish("orders")
	w.wait("all are on the bus", func() bool { return l.onBus("orders") == 3 })
	stream, err := w.js.Stream(t.Context(), "rtx-shop")
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable: "reader", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 1, AckWait: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	events := bridge.Consume[number](t.Context(), consumer)
	for e, gap := range events {
		if gap != nil || e.N != 1 {
			t.Fatalf("got %v, %v", e, gap)
		}
		break
	}
	i := 0
	for e, gap := range events {
		switch i++; i {
		case 1, 3:
			if gap != nil || e.N != (i+1)/2 {
				t.Fatalf("item %d: got %v, %v", i, e, gap)
			}
		case 2:
			_, ok := errors.AsType[*rtx.PayloadError](gap)
			if gap == nil || gap.Malformed != 1 || gap.Channel != "orders" || !ok {
				t.Fatalf("item %d: got %v, %v", i, e, gap)
			}
		case 4:
			if gap == nil || !gap.Ended || gap.Err == nil {
				t.Fatalf("item %d: got %v, %v", i, e, gap)
			}
		default:
			t.Fatalf("item %d after the end: %v, %v", i, e, gap)
		}
		if i == 3 {
			if err := stream.DeleteConsumer(t.Context(), "reader"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if i != 4 {
		t.Errorf("%d items, want 4", i)
	}

	// The payload as it came.
	raw, err := stream.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for m, gap := range bridge.Consume[rtx.Message[json.RawMessage]](t.Context(), raw) {
		if gap != nil || string(m.Value) != `{"n":1}` {
			t.Errorf("got %s, %v", m.Value, gap)
		}
		break
	}
}
