package rtxotel_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
)

type traced = rtx.Message[rtxotel.Traced[Order]]

// relay sends an order from one client to another, and processes it there within a span of the
// receiver's own. It returns the context of the handler.
func (r *rig) relay(ctx context.Context, data any) context.Context {
	t := r.t
	t.Helper()
	to := open[traced](r, r.client(), "private-orders", "client-created")
	from := r.client()
	open[traced](r, from, "private-orders", "client-created")
	if err := r.tel.Trigger(ctx, from.Channel("private-orders"), "client-created", data); err != nil {
		t.Fatal(err)
	}
	m := next(t, to)
	expect(t, "the order", m.Value.Data.ID, 7)
	ambient, span := r.tracers.Tracer("test").Start(context.Background(), "ambient")
	defer span.End()
	var inside context.Context
	_ = rtxotel.Process(ambient, r.tel, m, func(ctx context.Context, _ traced) error {
		inside = ctx //nolint:fatcontext // the tests look at what the handler got
		return nil
	})
	return inside
}

// By default the process span is a child of the receiver's own span, with a link to the producer's.
func TestTracedLinks(t *testing.T) {
	for name, data := range map[string]any{"value": rtxotel.Traced[Order]{Data: Order{7}}, "pointer": &rtxotel.Traced[Order]{Data: Order{7}}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				b, _ := baggage.Parse("customer=9")
				ctx, span := r.tracers.Tracer("test").Start(baggage.ContextWithBaggage(t.Context(), b), "request")
				inside := r.relay(ctx, data)
				span.End()
				ended := r.spans.Ended()
				send, process, ambient, request := ended[0], ended[1], ended[2], ended[3]

				expect(t, "name", send.Name(), "trigger private-{name}")
				expect(t, "kind", send.SpanKind(), trace.SpanKindProducer)
				expect(t, "parent of the send span", send.Parent().SpanID(), request.SpanContext().SpanID())
				expect(t, "attributes", text(named(send.Attributes())), "messaging.destination.name=private-orders messaging.destination.template=private-{name}"+
					" messaging.operation.name=trigger messaging.operation.type=send messaging.realtimex.event.name=client-created messaging.system=realtimex")
				expect(t, "links of the send span", len(send.Links()), 0)

				expect(t, "parent of the process span", process.Parent().SpanID(), ambient.SpanContext().SpanID())
				expect(t, "links", len(process.Links()), 1)
				link := process.Links()[0].SpanContext
				expect(t, "the linked span", link.SpanID(), send.SpanContext().SpanID())
				expect(t, "its trace", link.TraceID(), send.SpanContext().TraceID())
				expect(t, "it is remote", link.IsRemote(), true)
				expect(t, "baggage", baggage.FromContext(inside).Len(), 0)
				if p, ok := data.(*rtxotel.Traced[Order]); ok {
					expect(t, "what the caller has", p.Traceparent, "")
				}
				sent := r.server.WaitClientEvents("private-orders", 1)[0]
				expect(t, "what was sent", string(sent.Data), `{"traceparent":"00-`+send.SpanContext().TraceID().String()+"-"+send.SpanContext().SpanID().String()+`-01","data":{"id":7}}`)
			})
		})
	}
}

// By option, the producer's span is the parent; both it and the receiver's own span are links.
func TestProducerAsParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, rtxotel.WithProducerAsParent(), rtxotel.WithBaggage())
		b, _ := baggage.Parse("customer=9")
		inside := r.relay(baggage.ContextWithBaggage(t.Context(), b), rtxotel.Traced[Order]{Data: Order{7}})
		ended := r.spans.Ended()
		send, process, ambient := ended[0], ended[1], ended[2]
		expect(t, "parent", process.Parent().SpanID(), send.SpanContext().SpanID())
		expect(t, "trace", process.SpanContext().TraceID(), send.SpanContext().TraceID())
		expect(t, "links", len(process.Links()), 2)
		expect(t, "first link", process.Links()[0].SpanContext.SpanID(), send.SpanContext().SpanID())
		expect(t, "second link", process.Links()[1].SpanContext.SpanID(), ambient.SpanContext().SpanID())
		expect(t, "baggage", baggage.FromContext(inside).String(), "customer=9")
	})
}

// A context that the user has put into the payload is left alone, and linked.
func TestCustomCreationContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx, span := r.tracers.Tracer("test").Start(t.Context(), "create")
		r.relay(t.Context(), rtxotel.Traced[Order]{TraceContext: r.tel.Inject(ctx), Data: Order{7}})
		span.End()
		send, process := r.spans.Ended()[0], r.spans.Ended()[1]
		expect(t, "kind", send.SpanKind(), trace.SpanKindClient)
		expect(t, "link of the send span", send.Links()[0].SpanContext.SpanID(), span.SpanContext().SpanID())
		expect(t, "link of the process span", process.Links()[0].SpanContext.SpanID(), span.SpanContext().SpanID())
	})
}

// An embedded TraceContext is beside the payload's own fields, and may be absent. Wherever it is,
// Process finds it.
func TestEmbedded(t *testing.T) {
	type order struct {
		rtxotel.TraceContext
		ID int `json:"id"`
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.client()
		values := open[rtx.Message[order]](r, c, "orders", "created")
		pointers := open[rtx.Message[*order]](r, c, "orders", "created")
		const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		for _, payload := range []map[string]any{{"id": 1}, {"id": 2, "traceparent": parent, "tracestate": "a=1", "baggage": "customer=9"}, {"id": 3, "traceparent": "00-" + strings.Repeat("x", 9000)}} {
			r.server.Publish("orders", "created", payload)
			v, p := next(t, values), next(t, pointers)
			expect(t, "the order", v.Value, *p.Value)
			_ = rtxotel.Process(t.Context(), r.tel, v, func(ctx context.Context, _ rtx.Message[order]) error {
				expect(t, "baggage from whoever publishes", baggage.FromContext(ctx).Len(), 0)
				return nil
			})
			_ = rtxotel.Process(t.Context(), r.tel, p, func(context.Context, rtx.Message[*order]) error { return nil })
		}
		for i, span := range r.spans.Ended() {
			if i != 2 && i != 3 {
				expect(t, "links", len(span.Links()), 0)
				continue
			}
			link := span.Links()[0].SpanContext
			expect(t, "link", link.SpanID().String(), "b7ad6b7169203331")
			expect(t, "state", link.TraceState().String(), "a=1")
		}
	})
}

// What is no Traced is told as a gap, and is not taken for one with zero data.
func TestNotTraced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := open[rtx.Message[rtxotel.Traced[*Order]]](r, r.client(), "orders", "created")
		r.server.Publish("orders", "created", Order{ID: 7})
		r.server.Publish("orders", "created", map[string]any{"data": "no order"})
		r.server.Publish("orders", "created", map[string]any{"data": nil})
		synctest.Wait()
		var malformed uint64
		for m, gap := range s.Pending() {
			if gap != nil {
				malformed += gap.Malformed
				expect(t, "an error of the payload", errors.As(gap.Err, new(*rtx.PayloadError)), true)
			} else if m.Value.Data != nil {
				t.Error("null was decoded into ", m.Value.Data)
			}
		}
		expect(t, "malformed", malformed, 2)
	})
}

// Trigger hands on what it does not know, and tells of what failed.
func TestTrigger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.client()
		open[Order](r, c, "private-orders", "client-created")
		open[Order](r, c, "orders", "created")
		type outer struct {
			rtxotel.Traced[Order]
			Note string
		}
		channel := c.Channel("private-orders")
		for _, data := range []any{Order{7}, outer{Note: "n"}, &outer{Note: "n"}, (*rtxotel.Traced[Order])(nil), nil} {
			if err := r.tel.Trigger(t.Context(), channel, "client-created", data); err != nil {
				t.Fatal(err)
			}
		}
		for _, span := range r.spans.Ended() {
			expect(t, "kind", span.SpanKind(), trace.SpanKindClient)
		}
		var data []string
		for _, e := range r.server.WaitClientEvents("private-orders", 5) {
			data = append(data, string(e.Data))
		}
		// A type that embeds a Traced has its MarshalJSON, as Go has it; but no field is lost by us.
		expect(t, "sent", strings.Join(data, " "), `{"id":7} {"data":{"id":0}} {"data":{"id":0}} null null`)

		err := r.tel.Trigger(t.Context(), c.Channel("orders"), "client-created", Order{7})
		expect(t, "the error", errors.Is(err, rtx.ErrPublicChannel), true)
		span := r.spans.Ended()[5]
		expect(t, "error.type of the span", named(span.Attributes())["error.type"].AsString(), "rtx.ErrPublicChannel")
		func() {
			defer func() { expect(t, "the panic", recover(), any("ink")) }()
			_ = r.tel.Trigger(t.Context(), channel, "client-created", panics{})
		}()
		expect(t, "spans", len(r.spans.Ended()), 7)

		r.server.Stop()
		time.Sleep(time.Second)
		err = r.tel.Trigger(t.Context(), channel, "client-created", Order{7}) // nothing was written, so it is not sent
		expect(t, "the error", errors.Is(err, rtx.ErrNotConnected), true)

		durations := make(map[string]uint64)
		for _, p := range points(r.metrics()["messaging.client.operation.duration"]) {
			if p.attrs["messaging.operation.name"].AsString() == "trigger" {
				expect(t, "type", p.attrs["messaging.operation.type"].AsString(), "send")
				durations[p.attrs["error.type"].AsString()] = p.count
			}
		}
		expect(t, "durations of successes", durations[""], 5)
		expect(t, "durations of failures", durations["rtx.ErrPublicChannel"], 1)
		expect(t, "durations of panics", durations["panic"], 1)
		sent := r.lone("messaging.client.sent.messages")
		expect(t, "sent", sent.value, 5)
		expect(t, "attributes", text(sent.attrs), "messaging.destination.template=private-{name} messaging.operation.name=trigger messaging.system=realtimex")
	})
}

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("ink") }

// The form of a Traced, both ways.
func TestTracedJSON(t *testing.T) {
	in := rtxotel.Traced[[]int]{TraceContext: rtxotel.TraceContext{Traceparent: "a", Tracestate: "b", Baggage: "c"}, Data: []int{1}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "JSON", string(b), `{"traceparent":"a","tracestate":"b","baggage":"c","data":[1]}`)
	var out rtxotel.Traced[[]int]
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	expect(t, "context", out.TraceContext, in.TraceContext)
	expect(t, "data", len(out.Data), 1)
}
