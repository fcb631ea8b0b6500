package rtxotel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

const ofProcess = "messaging.destination.template={name} messaging.operation.name=process messaging.system=realtimex"

// A message waits for two seconds in the buffer, and is processed for a quarter of a second. The
// span begins with the handler, and the measurements are exact.
func TestProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := open[rtx.Message[Order]](r, r.client(), "orders", "created")
		id := r.server.Publish("orders", "created", Order{ID: 7})
		time.Sleep(2 * time.Second)
		expect(t, "spans while the message is buffered", len(r.spans.Started()), 0)

		m := next(t, s)
		begun := time.Now()
		var inside trace.SpanContext
		err := rtxotel.Process(t.Context(), r.tel, m, func(ctx context.Context, got rtx.Message[Order]) error {
			time.Sleep(250 * time.Millisecond)
			inside = trace.SpanContextFromContext(ctx)
			expect(t, "the message", got.Value.ID, 7)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		span := r.spans.Ended()[0]
		expect(t, "the span in the handler's context", inside.SpanID(), span.SpanContext().SpanID())
		expect(t, "name", span.Name(), "process {name}")
		expect(t, "kind", span.SpanKind(), trace.SpanKindConsumer)
		expect(t, "start", span.StartTime(), begun)
		expect(t, "duration", span.EndTime().Sub(span.StartTime()), 250*time.Millisecond)
		expect(t, "status", span.Status().Code, codes.Unset)
		expect(t, "links", len(span.Links()), 0)
		expect(t, "scope", span.InstrumentationScope().Name+" "+span.InstrumentationScope().SchemaURL, rtxotel.ScopeName+" https://opentelemetry.io/schemas/1.43.0")
		expect(t, "attributes", text(named(span.Attributes())), "messaging.destination.name=orders messaging.destination.template={name}"+
			" messaging.message.id="+id+" messaging.operation.name=process messaging.operation.type=process"+
			" messaging.realtimex.event.name=created messaging.system=realtimex")

		p := r.lone("messaging.process.duration")
		expect(t, "measurements", p.count, 1)
		expect(t, "measured", p.value, 0.25)
		expect(t, "attributes of the measurement", text(p.attrs), ofProcess)
		lag := r.lone("realtimex.process.lag")
		expect(t, "lag", lag.value, 2)
		expect(t, "attributes of the lag", text(lag.attrs), "messaging.destination.template={name}")
	})
}

type paymentError struct{}

func (*paymentError) Error() string { return "card number 4111" }

type namedError struct{}

func (namedError) Error() string     { return "named" }
func (namedError) ErrorType() string { return "declined" }

// The types that are told of errors.
func TestErrorTypes(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{context.DeadlineExceeded, "context.DeadlineExceeded"},
		{fmt.Errorf("x: %w", context.Canceled), "context.Canceled"},
		{fmt.Errorf("x: %w", &paymentError{}), "*rtxotel_test.paymentError"},
		{fmt.Errorf("x: %w", namedError{}), "declined"},
		{&rtx.ChannelError{Channel: "c", Err: rtx.ErrNotConnected}, "rtx.ErrNotConnected"},
		{&rtx.SubscribeError{Channel: "c", Code: 4009}, "*rtx.SubscribeError"},
		{&rtx.SubscribeError{Channel: "c", Err: rtx.ErrAuthRequired}, "rtx.ErrAuthRequired"},
		{errors.New("x"), "*errors.errorString"},
	} {
		r := newRig(t)
		m := rtx.Message[Order]{Channel: "orders", Event: "created"}
		got := rtxotel.Process(t.Context(), r.tel, m, func(context.Context, rtx.Message[Order]) error { return test.err })
		expect(t, "the handler's error", got, test.err)
		span := r.spans.Ended()[0]
		expect(t, "error.type of the span", named(span.Attributes())["error.type"].AsString(), test.want)
		expect(t, "status", span.Status().Code, codes.Error)
		expect(t, "description", span.Status().Description, "")
		expect(t, "events", len(span.Events()), 0)
		expect(t, "attributes of the measurement", text(r.lone("messaging.process.duration").attrs), "error.type="+test.want+" "+ofProcess)
	}
}

// The options decide what is said of an error.
func TestErrorOptions(t *testing.T) {
	r := newRig(t, rtxotel.WithErrorText(error.Error), rtxotel.WithErrorType(func(err error) string {
		if errors.Is(err, rtx.ErrClosed) {
			return "" // the default
		}
		return "mine"
	}))
	for _, err := range []error{errors.New("no ink"), rtx.ErrClosed} {
		_ = rtxotel.Process(t.Context(), r.tel, rtx.Message[Order]{}, func(context.Context, rtx.Message[Order]) error { return err })
	}
	all := r.spans.Ended()
	expect(t, "type", named(all[0].Attributes())["error.type"].AsString(), "mine")
	expect(t, "text", all[0].Status().Description, "no ink")
	expect(t, "type", named(all[1].Attributes())["error.type"].AsString(), "rtx.ErrClosed")
}

// A panic ends the span and goes on; so does runtime.Goexit.
func TestPanic(t *testing.T) {
	for name, stop := range map[string]func(){"panic": func() { panic("ink") }, "exit": func() { goexit() }} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			var got any
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { got = recover() }()
				_ = rtxotel.Process(t.Context(), r.tel, rtx.Message[Order]{}, func(context.Context, rtx.Message[Order]) error { stop(); return nil })
				t.Error("it came back")
			}()
			<-done
			if name == "panic" {
				expect(t, "the panic", got, any("ink"))
			}
			all := r.spans.Ended()
			if len(all) != 1 {
				t.Fatalf("%d spans have ended", len(all))
			}
			expect(t, "status", all[0].Status().Code, codes.Error)
			expect(t, "error.type of the span", named(all[0].Attributes())["error.type"].AsString(), "panic")
			expect(t, "error.type of the measurement", r.lone("messaging.process.duration").attrs["error.type"].AsString(), "panic")
		})
	}
}

// Within flow, each value has its span, and each gap.
func TestForEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.client()
		s := open[rtx.Message[Order]](r, c, "orders", "created")
		r.server.Publish("orders", "created", Order{ID: 1})
		r.server.Publish("orders", "created", "no order")
		r.server.Publish("orders", "created", Order{ID: 2})
		synctest.Wait()
		if err := c.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := flow.ForEach(t.Context(), flow.From(s), 4,
			rtxotel.Handler(r.tel, func(context.Context, rtx.Message[Order]) error { return nil }),
			rtxotel.GapHandler(r.tel, func(ctx context.Context, g *rtx.Gap) error {
				expect(t, "a span", trace.SpanContextFromContext(ctx).IsValid(), true)
				return errors.New("not loaded")
			}))
		if err == nil {
			t.Fatal("no error")
		}
		var names []string
		for _, span := range r.spans.Ended() {
			names = append(names, span.Name())
		}
		expect(t, "spans", fmt.Sprint(names), "[process {name} gap {name}]")
		gap := r.spans.Ended()[1]
		expect(t, "kind", gap.SpanKind(), trace.SpanKindInternal)
		expect(t, "status", gap.Status().Code, codes.Error)
		expect(t, "attributes", text(named(gap.Attributes())), "error.type=*errors.errorString messaging.destination.name=orders"+
			" messaging.destination.template={name} messaging.system=realtimex realtimex.gap.cause=malformed realtimex.gap.malformed=1")
	})
}

// The causes of gaps, and their figures.
func TestGapSpan(t *testing.T) {
	r := newRig(t, rtxotel.WithClientID("billing-3"), rtxotel.WithServer("ws.example", 443))
	since := time.Now()
	for _, gap := range []*rtx.Gap{
		{Channel: "private-a", Reconnected: true, Dropped: 3, Since: since, Until: since.Add(1500 * time.Millisecond)},
		{Ended: true, Malformed: 2}, {Dropped: 1}, {Malformed: 1},
	} {
		if err := rtxotel.ProcessGap(t.Context(), r.tel, gap, func(context.Context, *rtx.Gap) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	const common = "messaging.client.id=billing-3 messaging.system=realtimex realtimex.gap.cause="
	for i, want := range []string{
		"messaging.client.id=billing-3 messaging.destination.name=private-a messaging.destination.template=private-{name} messaging.system=realtimex" +
			" realtimex.gap.cause=reconnected realtimex.gap.dropped=3 realtimex.gap.duration=1.5 server.address=ws.example server.port=443",
		common + "ended realtimex.gap.malformed=2 server.address=ws.example server.port=443",
		common + "dropped realtimex.gap.dropped=1 server.address=ws.example server.port=443",
		common + "malformed realtimex.gap.malformed=1 server.address=ws.example server.port=443",
	} {
		expect(t, "attributes", text(named(r.spans.Ended()[i].Attributes())), want)
	}
	expect(t, "name", r.spans.Ended()[1].Name(), "gap")
}
