package rtxotel_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/attribute"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
)

// discard is an exporter that does nothing, behind the SDK's batching.
type discard struct{}

func (discard) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (discard) Shutdown(context.Context) error                             { return nil }

var worked uint64

// work is what a small handler does: it takes about 1 µs.
func work(context.Context, rtx.Message[Order]) error {
	h := uint64(14695981039346656037)
	for i := range 1000 {
		h = (h ^ uint64(i)) * 1099511628211
	}
	worked += h
	return nil
}

// Process beside a plain call of the handler, in turns; "x/loop" is the median of the ratios. The
// handler takes about a microsecond. "ns-more" is what one message takes more.
func BenchmarkProcess(b *testing.B) {
	batching := sdktrace.NewTracerProvider(sdktrace.WithBatcher(discard{}))
	defer batching.Shutdown(context.Background())
	never := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	for _, c := range []struct {
		name string
		opts []rtxotel.Option
	}{
		{"noop", []rtxotel.Option{rtxotel.WithTracerProvider(nooptrace.NewTracerProvider()), rtxotel.WithMeterProvider(noopmetric.NewMeterProvider())}},
		{"metrics", []rtxotel.Option{rtxotel.WithTracerProvider(nooptrace.NewTracerProvider()), rtxotel.WithMeterProvider(meters)}},
		{"unsampled", []rtxotel.Option{rtxotel.WithTracerProvider(never), rtxotel.WithMeterProvider(meters)}},
		{"sdk", []rtxotel.Option{rtxotel.WithTracerProvider(batching), rtxotel.WithMeterProvider(meters)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			tel, err := rtxotel.New(c.opts...)
			if err != nil {
				b.Fatal(err)
			}
			compare(b, func(ctx context.Context, m rtx.Message[Order]) error { return rtxotel.Process(ctx, tel, m, work) })
		})
	}
	b.Run("sdk-by-hand", func(b *testing.B) { // the floor of sdk: a bare span and one measurement
		tracer := batching.Tracer("hand")
		h, err := meters.Meter("hand").Float64Histogram("hand")
		if err != nil {
			b.Fatal(err)
		}
		compare(b, func(ctx context.Context, m rtx.Message[Order]) error {
			begun := time.Now()
			ctx, span := tracer.Start(ctx, "process", trace.WithAttributes(
				attribute.String("a", m.Channel), attribute.String("b", m.Event), attribute.String("c", m.ID), attribute.String("d", "realtimex"),
				attribute.String("e", "process"), attribute.String("f", "process"), attribute.String("g", "private-{name}")))
			defer span.End()
			err := work(ctx, m)
			h.Record(ctx, time.Since(begun).Seconds())
			return err
		})
	})
	b.Run("nil", func(b *testing.B) {
		compare(b, func(ctx context.Context, m rtx.Message[Order]) error { return rtxotel.Process(ctx, nil, m, work) })
	})
}

func compare(b *testing.B, process func(context.Context, rtx.Message[Order]) error) {
	ctx := b.Context()
	m := rtx.Message[Order]{Channel: "private-orders", Event: "created", ID: "17", ReceivedAt: time.Now()}
	const turn = 200
	timed := func(do func(context.Context, rtx.Message[Order]) error) float64 {
		begun := time.Now()
		for range turn {
			_ = do(ctx, m)
		}
		return float64(time.Since(begun).Nanoseconds()) / turn
	}
	b.ReportAllocs()
	var ratios, more []float64
	for b.Loop() {
		plain := timed(work)
		wrapped := timed(process)
		ratios, more = append(ratios, wrapped/plain), append(more, wrapped-plain)
	}
	slices.Sort(ratios)
	slices.Sort(more)
	b.ReportMetric(ratios[len(ratios)/2], "x/loop")
	b.ReportMetric(more[len(more)/2], "ns-more")
	b.ReportMetric(0, "ns/op")
}

// The allocations of one message.
func BenchmarkProcessAllocs(b *testing.B) {
	for _, sdk := range []bool{false, true} {
		opts := []rtxotel.Option{rtxotel.WithTracerProvider(nooptrace.NewTracerProvider()), rtxotel.WithMeterProvider(noopmetric.NewMeterProvider())}
		name := "noop"
		if sdk {
			name = "sdk"
			batching := sdktrace.NewTracerProvider(sdktrace.WithBatcher(discard{}))
			defer batching.Shutdown(context.Background())
			opts = []rtxotel.Option{rtxotel.WithTracerProvider(batching), rtxotel.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader())))}
		}
		tel, err := rtxotel.New(opts...)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			m := rtx.Message[Order]{Channel: "private-orders", Event: "created", ID: "17", ReceivedAt: time.Now()}
			b.ReportAllocs()
			for b.Loop() {
				_ = rtxotel.Process(b.Context(), tel, m, nop)
			}
		})
	}
}
