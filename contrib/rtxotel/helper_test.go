package rtxotel_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An Order is what the tests publish.
type Order struct {
	ID int `json:"id"`
}

// rig is a server, and a Telemetry whose spans and metrics stay in memory.
type rig struct {
	t       *testing.T
	server  *rtxtest.Server
	tel     *rtxotel.Telemetry
	spans   *tracetest.SpanRecorder
	tracers *sdktrace.TracerProvider
	reader  *sdkmetric.ManualReader
}

// newRig makes a rig. In a bubble, the server has pipes.
func newRig(t *testing.T, opts ...rtxotel.Option) *rig {
	t.Helper()
	r := &rig{t: t, server: rtxtest.NewPipeServer(t, rtxtest.WithRecovery(time.Minute)), spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	t.Cleanup(r.server.Close)
	r.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))
	tel, err := rtxotel.New(append([]rtxotel.Option{rtxotel.WithTracerProvider(r.tracers), rtxotel.WithMeterProvider(meters)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	r.tel = tel
	return r
}

// client returns a connected client with the hooks, which is observed.
func (r *rig) client(opts ...rtx.Option) *rtx.Client {
	r.t.Helper()
	c, err := rtx.Dial(r.t.Context(), r.server.Key(), append([]rtx.Option{
		rtx.WithURL(r.server.URL()), rtx.WithHTTPClient(r.server.HTTPClient()),
		rtx.WithAuth(r.server.Signer().Authorizer(auth.Member{ID: "1"})), r.tel.Trace(),
	}, opts...)...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	if _, err := r.tel.Observe(c); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// open opens a stream that is confirmed.
func open[T any](r *rig, c *rtx.Client, channel, event string, opts ...rtx.StreamOption) *rtx.Stream[T] {
	r.t.Helper()
	s := rtx.On[T](r.t.Context(), c.Channel(channel), event, opts...)
	if err := s.Ready(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	return s
}

// next waits for the next value of a stream.
func next[T any](t *testing.T, s *rtx.Stream[T]) T {
	t.Helper()
	for v, gap := range s.All() {
		if gap != nil {
			t.Fatal("a gap came: ", gap)
		}
		return v
	}
	t.Fatal("the stream has ended: ", s.Err())
	panic("not reached")
}

// metrics collects, by name.
func (r *rig) metrics() map[string]metricdata.Metrics {
	r.t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &data); err != nil {
		r.t.Fatal(err)
	}
	all := make(map[string]metricdata.Metrics)
	for _, scope := range data.ScopeMetrics {
		if scope.Scope.Name != rtxotel.ScopeName || scope.Scope.SchemaURL != rtxotel.SchemaURL {
			r.t.Errorf("metrics of the scope %q, schema %q", scope.Scope.Name, scope.Scope.SchemaURL)
		}
		for _, m := range scope.Metrics {
			if _, twice := all[m.Name]; twice {
				r.t.Errorf("%s comes twice", m.Name)
			}
			all[m.Name] = m
		}
	}
	return all
}

// A point is one point of any metric.
type point struct {
	attrs map[attribute.Key]attribute.Value
	value float64 // the sum
	count uint64  // of a histogram
}

func points(m metricdata.Metrics) (all []point) {
	add := func(set attribute.Set, value float64, count uint64) {
		all = append(all, point{named(set.ToSlice()), value, count})
	}
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			add(p.Attributes, float64(p.Value), 0)
		}
	case metricdata.Sum[float64]:
		for _, p := range d.DataPoints {
			add(p.Attributes, p.Value, 0)
		}
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			add(p.Attributes, p.Sum, p.Count)
		}
	}
	return all
}

func attrKey(s string) attribute.Key { return attribute.Key(s) }

func named(attrs []attribute.KeyValue) map[attribute.Key]attribute.Value {
	all := make(map[attribute.Key]attribute.Value)
	for _, a := range attrs {
		all[a.Key] = a.Value
	}
	return all
}

// text writes attributes in one line, sorted.
func text(attrs map[attribute.Key]attribute.Value) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(attrs)) {
		all = append(all, string(key)+"="+attrs[key].String())
	}
	return strings.Join(all, " ")
}

// lone returns the only point of a metric.
func (r *rig) lone(name string) point {
	r.t.Helper()
	all := points(r.metrics()[name])
	if len(all) != 1 {
		r.t.Fatalf("%s has %d points, want 1: %v", name, len(all), all)
	}
	return all[0]
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}
