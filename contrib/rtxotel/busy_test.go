package rtxotel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// newBusy returns a rig after everything has happened that is told of: messages, batches, traced
// payloads, failures, refusals, gaps of every kind, an outage.
func newBusy(t *testing.T, opts ...rtxotel.Option) *rig {
	t.Helper()
	return busy(t, newRig(t, append([]rtxotel.Option{
		rtxotel.WithServer("ws.example", 443), rtxotel.WithClientID("billing-3"), rtxotel.WithProducerAsParent(), rtxotel.WithBaggage(),
		rtxotel.WithStreamName(func(name string) string {
			if name == "orders" {
				return name
			}
			return ""
		}),
	}, opts...)...))
}

func busy(t *testing.T, r *rig) *rig {
	t.Helper()
	ctx := t.Context()
	c := r.client(rtx.WithBackoff(time.Millisecond, time.Millisecond))
	room := presence.Watch[any](ctx, c.Channel("presence-lobby"))
	if err := room.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	s := open[rtx.Message[rtxotel.Traced[Order]]](r, c, "private-orders", "client-created", rtx.WithBuffer(3), rtx.WithLag(), rtx.WithName("orders"))
	ping := open[int](r, c, "private-orders", "ping")
	publish := func(event string, data any) { r.server.Publish("private-orders", event, data) }
	synced := func() { publish("ping", 1); next(t, ping) }

	// Traced, with a span around; then plain, refused, and one that is no Traced.
	request, span := r.tracers.Tracer("test").Start(ctx, "request")
	sender := r.client()
	open[int](r, sender, "private-orders", "ping")
	for _, data := range []any{rtxotel.Traced[Order]{Data: Order{1}}, rtxotel.Traced[Order]{TraceContext: r.tel.Inject(request)}} {
		if err := r.tel.Trigger(request, sender.Channel("private-orders"), "client-created", data); err != nil {
			t.Fatal(err)
		}
	}
	span.End()
	if err := r.tel.Trigger(ctx, c.Channel("orders"), "client-created", Order{1}); !errors.Is(err, rtx.ErrPublicChannel) {
		t.Fatal(err)
	}
	r.server.WaitClientEvents("private-orders", 2)
	publish("client-created", "no order")
	synced()
	handle := func(_ context.Context, m rtx.Message[rtxotel.Traced[Order]]) error {
		if m.Value.Data.ID == 0 {
			return errors.New("no such order")
		}
		return nil
	}
	onGap := func(context.Context, *rtx.Gap) error { return errors.New("not loaded") }
	take := func() {
		for m, gap := range s.Pending() {
			if gap != nil {
				_ = rtxotel.ProcessGap(ctx, r.tel, gap, onGap)
				continue
			}
			_ = rtxotel.Process(ctx, r.tel, m, handle)
		}
	}
	take()

	// A batch, an overflow, an event that nobody takes, an outage, a refusal.
	for id := range 3 {
		publish("client-created", rtxotel.Traced[Order]{Data: Order{id}})
	}
	synced()
	for batch := range rtx.Batches(s, 3, time.Minute) {
		_ = rtxotel.ProcessBatch(ctx, r.tel, batch, func(context.Context, []rtx.Message[rtxotel.Traced[Order]]) error { return nil })
		break
	}
	for id := range 5 {
		publish("client-created", rtxotel.Traced[Order]{Data: Order{id}})
	}
	publish("nobody", 1)
	synced()
	take()
	r.server.Restart() // the next thing on the stream is the gap
	for _, gap := range s.All() {
		_ = rtxotel.ProcessGap(ctx, r.tel, gap, onGap)
		break
	}
	r.server.Deny("private-none", "not for you", 4009)
	if err := rtx.On[int](ctx, c.Channel("private-none"), "x").Ready(ctx); err == nil {
		t.Fatal("it was not refused")
	}
	return r
}
