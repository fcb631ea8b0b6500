package rtxotel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/internal/exported"
	"github.com/realtimex/realtimex-go/rtx"
)

func nop(context.Context, rtx.Message[Order]) error { return nil }

// What a destination's function returns decides what metrics and names of spans say. However many
// results it has, there are few series.
func TestDestination(t *testing.T) {
	r := newRig(t, rtxotel.WithDestination(func(channel string) rtxotel.Destination {
		switch channel {
		case "news":
			return rtxotel.Destination{Name: channel}
		case "private-orders-7":
			return rtxotel.Destination{Template: "private-orders-{id}"}
		case "other":
			return rtxotel.Destination{}
		}
		return rtxotel.Destination{Name: channel, Template: channel}
	}))
	for _, channel := range []string{"news", "private-orders-7", "other"} {
		_ = rtxotel.Process(t.Context(), r.tel, rtx.Message[Order]{Channel: channel}, nop)
	}
	for i, want := range []string{
		"process news: messaging.destination.name=news",
		"process private-orders-{id}: messaging.destination.name=private-orders-7 messaging.destination.template=private-orders-{id}",
		"process {name}: messaging.destination.name=other messaging.destination.template={name}",
	} {
		span := r.spans.Ended()[i]
		attrs := named(span.Attributes())
		for _, key := range []string{"messaging.system", "messaging.operation.name", "messaging.operation.type"} {
			delete(attrs, attrKey(key))
		}
		expect(t, "span", span.Name()+": "+text(attrs), want)
	}
	names := make(map[string]bool)
	for _, p := range points(r.metrics()["messaging.process.duration"]) {
		names[p.attrs["messaging.destination.name"].AsString()+" "+p.attrs["messaging.destination.template"].AsString()] = true
	}
	expect(t, "series", fmt.Sprint(names), "map[ private-orders-{id}:true  {name}:true news :true]")

	for i := range 3000 {
		_ = rtxotel.Process(t.Context(), r.tel, rtx.Message[Order]{Channel: fmt.Sprint("private-", i)}, nop)
	}
	series := points(r.metrics()["messaging.process.duration"])
	if len(series) > 1004 {
		t.Errorf("%d series", len(series))
	}
	var rest uint64
	for _, p := range series {
		if p.attrs["messaging.destination.template"].AsString() == "private-{name}" {
			rest = p.count
		}
	}
	expect(t, "measurements of the rest", rest, 3000-(1000-3))
}

// Channels of any number have three templates, and none is named.
func TestDefaultDestination(t *testing.T) {
	r := newRig(t)
	for i := range 50 {
		for _, kind := range []string{"private-", "presence-", ""} {
			_ = rtxotel.Process(t.Context(), r.tel, rtx.Message[Order]{Channel: fmt.Sprint(kind, i)}, nop)
		}
	}
	all := points(r.metrics()["messaging.process.duration"])
	expect(t, "series", len(all), 3)
	for _, p := range all {
		expect(t, "measurements", p.count, 50)
		_, named := p.attrs["messaging.destination.name"]
		expect(t, "named", named, false)
	}
}

// A bad option is an error with its name in it.
func TestBadOptions(t *testing.T) {
	for want, o := range map[string]rtxotel.Option{
		"WithTracerProvider": rtxotel.WithTracerProvider(nil),
		"WithMeterProvider":  rtxotel.WithMeterProvider(nil),
		"WithDestination":    rtxotel.WithDestination(nil),
		"WithStreamName":     rtxotel.WithStreamName(nil),
		"WithErrorType":      rtxotel.WithErrorType(nil),
		"WithErrorText":      rtxotel.WithErrorText(nil),
		"WithClientID":       rtxotel.WithClientID(""),
		"WithServer":         rtxotel.WithServer("wss://ws.example/?key=1", 443),
	} {
		tel, err := rtxotel.New(o)
		bad, ok := errors.AsType[*rtx.OptionError](err)
		if tel != nil || !ok || bad.Option != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, port := range []int{-1, 65536} {
		if _, err := rtxotel.New(rtxotel.WithServer("ws.example", port)); err == nil {
			t.Errorf("the port %d was taken", port)
		}
	}
	if _, err := rtxotel.New(nil, rtxotel.WithServer("::1", 0)); err != nil {
		t.Error(err)
	}
}

// Without a Telemetry everything works, and records nothing.
func TestNilTelemetry(t *testing.T) {
	r := newRig(t)
	var none *rtxotel.Telemetry
	expect(t, "option", none.Trace(), nil)
	c, err := rtx.Dial(t.Context(), r.server.Key(), rtx.WithURL(r.server.URL()), rtx.WithHTTPClient(r.server.HTTPClient()), none.Trace())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	reg, err := none.Observe(c)
	reg.Unregister()
	expect(t, "errors", errors.Join(err, none.Close()), nil)
	expect(t, "context", none.Inject(t.Context()), rtxotel.TraceContext{})
	if err := none.Trigger(t.Context(), c.Channel("orders"), "client-x", 1); !errors.Is(err, rtx.ErrPublicChannel) {
		t.Error(err)
	}
	want := errors.New("no ink")
	m := rtx.Message[Order]{}
	expect(t, "Process", rtxotel.Process(t.Context(), none, m, func(context.Context, rtx.Message[Order]) error { return want }), want)
	expect(t, "ProcessBatch", rtxotel.ProcessBatch(t.Context(), none, nil, func(context.Context, []rtx.Message[Order]) error { return want }), want)
	expect(t, "ProcessGap", rtxotel.ProcessGap(t.Context(), none, nil, func(context.Context, *rtx.Gap) error { return want }), want)
	for _, err := range []error{
		rtxotel.Process[Order](t.Context(), r.tel, m, nil), rtxotel.ProcessBatch[Order](t.Context(), r.tel, nil, nil),
		rtxotel.ProcessGap(t.Context(), r.tel, nil, nil), r.tel.Trigger(t.Context(), nil, "client-x", 1),
	} {
		if err == nil {
			t.Error("no error")
		}
	}
}

// Every exported function has an Example that is run.
func TestEveryFunctionHasAnExample(t *testing.T) {
	if names := append(exported.WithoutExample(t), exported.MethodsWithoutExample(t)...); len(names) > 0 {
		t.Errorf("without an Example: %v", names)
	}
}
