package rtxotel_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/flow"
	"github.com/realtimex/realtimex-go/rtxtest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// The SDK of the examples, which keeps in memory what a program would export.
var (
	reader = sdkmetric.NewManualReader()
	spans  = tracetest.NewSpanRecorder()
	meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	traces = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// received is a message as a stream of rtx.Message[Order] has it.
var received = rtx.Message[Order]{Channel: "private-orders-7", Event: "created", Value: Order{ID: 1}}

func Example() {
	ctx := context.Background()
	server := must(rtxtest.Start())
	defer server.Close()

	// Once for a program, with the providers that it sets up. Without options, the global ones.
	telemetry := must(rtxotel.New(rtxotel.WithTracerProvider(traces), rtxotel.WithMeterProvider(meters)))
	defer telemetry.Close()

	// For each client.
	client := must(rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()), telemetry.Trace()))
	defer client.Close()
	must(telemetry.Observe(client))

	orders := rtx.On[rtx.Message[Order]](ctx, client.Channel("orders"), "created")
	if err := orders.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	server.Publish("orders", "created", Order{ID: 1})
	for m, gap := range orders.All() {
		if gap != nil {
			continue // load the state again, here
		}
		err := rtxotel.Process(ctx, telemetry, m, func(ctx context.Context, m rtx.Message[Order]) error {
			fmt.Println("order", m.Value.ID)
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
		break
	}
	ended := spans.Ended()
	fmt.Println(ended[len(ended)-1].Name())
	var data metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &data); err != nil {
		log.Fatal(err)
	}
	for _, m := range data.ScopeMetrics[0].Metrics {
		if m.Name == "messaging.process.duration" {
			fmt.Println(m.Name, m.Data.(metricdata.Histogram[float64]).DataPoints[0].Count)
		}
	}
	// Output:
	// order 1
	// process {name}
	// messaging.process.duration 1
}

func ExampleNew() {
	_, err := rtxotel.New(
		rtxotel.WithServer("ws.realtimex.net", 443),
		rtxotel.WithClientID("billing-3"),
		rtxotel.WithStreamName(func(name string) string {
			if name == "orders" { // given by rtx.WithName
				return name
			}
			return ""
		}),
		rtxotel.WithErrorText(error.Error), // the handlers' errors hold no secrets
		rtxotel.WithErrorType(func(err error) string {
			if errors.Is(err, errStock) {
				return "out_of_stock"
			}
			return "" // the default
		}),
		rtxotel.WithProducerAsParent(),
		rtxotel.WithBaggage(),
	)
	fmt.Println(err)
	// Output:
	// <nil>
}

var errStock = errors.New("out of stock")

func ExampleWithDestination() {
	telemetry := must(rtxotel.New(rtxotel.WithTracerProvider(traces), rtxotel.WithDestination(func(channel string) rtxotel.Destination {
		if channel == "news" {
			return rtxotel.Destination{Name: channel} // there is only one
		}
		var customer int
		if _, err := fmt.Sscanf(channel, "private-orders-%d", &customer); err == nil {
			return rtxotel.Destination{Template: "private-orders-{customer}"}
		}
		return rtxotel.Destination{} // the default
	})))
	_ = rtxotel.Process(context.Background(), telemetry, received, nop)
	ended := spans.Ended()
	fmt.Println(ended[len(ended)-1].Name())
	// Output:
	// process private-orders-{customer}
}

func ExampleProcess() {
	telemetry := must(rtxotel.New(rtxotel.WithTracerProvider(traces)))
	err := rtxotel.Process(context.Background(), telemetry, received, func(ctx context.Context, m rtx.Message[Order]) error {
		fmt.Println("order", m.Value.ID, "in a span:", trace.SpanContextFromContext(ctx).IsValid())
		return nil
	})
	fmt.Println(err)
	// Output:
	// order 1 in a span: true
	// <nil>
}

func ExampleProcessBatch() {
	telemetry := must(rtxotel.New(rtxotel.WithTracerProvider(traces)))
	batch := []rtx.Message[Order]{received, received} // as from rtx.Batches
	err := rtxotel.ProcessBatch(context.Background(), telemetry, batch, func(ctx context.Context, batch []rtx.Message[Order]) error {
		fmt.Println("stored", len(batch))
		return nil
	})
	fmt.Println(err)
	// Output:
	// stored 2
	// <nil>
}

func ExampleProcessGap() {
	telemetry := must(rtxotel.New(rtxotel.WithTracerProvider(traces)))
	gap := &rtx.Gap{Channel: "orders", Reconnected: true}
	err := rtxotel.ProcessGap(context.Background(), telemetry, gap, func(ctx context.Context, gap *rtx.Gap) error {
		fmt.Println("load again:", gap.Channel)
		return nil
	})
	fmt.Println(err)
	// Output:
	// load again: orders
	// <nil>
}

// Eight workers, with a span for each message, and one for what is done about a gap.
func ExampleHandler() {
	ctx := context.Background()
	telemetry := must(rtxotel.New(rtxotel.WithTracerProvider(traces)))
	orders := flow.Waiting(func(yield func(rtx.Message[Order], *rtx.Gap) bool) { // of a stream: flow.From
		_ = yield(received, nil) && yield(rtx.Message[Order]{}, &rtx.Gap{Channel: "orders"})
	})
	err := flow.ForEach(ctx, orders, 8,
		rtxotel.Handler(telemetry, func(ctx context.Context, m rtx.Message[Order]) error {
			fmt.Println("order", m.Value.ID)
			return nil
		}),
		rtxotel.GapHandler(telemetry, func(ctx context.Context, gap *rtx.Gap) error {
			fmt.Println("load again:", gap.Channel)
			return nil
		}))
	fmt.Println(err)
	// Output:
	// order 1
	// load again: orders
	// <nil>
}

// The sender's span and the receiver's are linked by what the payload carries.
func ExampleTelemetry_Trigger() {
	ctx := context.Background()
	server := must(rtxtest.Start())
	defer server.Close()
	telemetry := must(rtxotel.New(rtxotel.WithTracerProvider(traces), rtxotel.WithMeterProvider(meters)))
	connect := func() (*rtx.Client, *rtx.Stream[rtx.Message[rtxotel.Traced[Order]]]) {
		client := must(rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()),
			rtx.WithAuth(server.Signer().Authorizer(auth.Member{})), telemetry.Trace()))
		stream := rtx.On[rtx.Message[rtxotel.Traced[Order]]](ctx, client.Channel("private-orders"), "client-created")
		if err := stream.Ready(ctx); err != nil {
			log.Fatal(err)
		}
		return client, stream
	}
	sender, _ := connect()
	defer sender.Close()
	receiver, orders := connect()
	defer receiver.Close()

	err := telemetry.Trigger(ctx, sender.Channel("private-orders"), "client-created", rtxotel.Traced[Order]{Data: Order{ID: 1}})
	if err != nil {
		log.Fatal(err)
	}
	m := <-orders.C
	_ = rtxotel.Process(ctx, telemetry, m, func(ctx context.Context, m rtx.Message[rtxotel.Traced[Order]]) error {
		fmt.Println("order", m.Value.Data.ID, "from a span:", m.Value.SpanContext().IsValid())
		return nil
	})
	ended := spans.Ended()
	send, process := ended[len(ended)-2], ended[len(ended)-1]
	fmt.Println(send.Name(), send.SpanKind())
	fmt.Println(process.Name(), process.SpanKind())
	fmt.Println(process.Links()[0].SpanContext.SpanID() == send.SpanContext().SpanID())
	// Output:
	// order 1 from a span: true
	// trigger private-{name} producer
	// process private-{name} consumer
	// true
}

// A backend that publishes over HTTP puts the context of its span into the payload.
func ExampleTelemetry_Inject() {
	type OrderCreated struct {
		rtxotel.TraceContext
		ID int `json:"id"`
	}
	telemetry := must(rtxotel.New())
	ctx, span := traces.Tracer("shop").Start(context.Background(), "POST /orders")
	defer span.End()
	event := OrderCreated{telemetry.Inject(ctx), 1}
	fmt.Println(event.SpanContext().SpanID() == span.SpanContext().SpanID())
	// Output:
	// true
}

// An observation ends with its client, or before.
func ExampleRegistration_Unregister() {
	telemetry := must(rtxotel.New(rtxotel.WithMeterProvider(meters)))
	defer telemetry.Close()
	client := must(rtx.New("YOUR_API_KEY", telemetry.Trace()))
	defer client.Close()
	observed := must(telemetry.Observe(client))
	observed.Unregister()
	fmt.Println(client.State())
	// Output:
	// idle
}

// A payload without "data" is refused, and is not taken for a zero order.
func ExampleTraced_UnmarshalJSON() {
	var v rtxotel.Traced[Order]
	fmt.Println(v.UnmarshalJSON([]byte(`{"data":{"id":1}}`)), v.Data.ID)
	fmt.Println(v.UnmarshalJSON([]byte(`{"id":1}`)))
	// Output:
	// <nil> 1
	// rtxotel: a Traced has a field "data"
}
