package rtxotel

import (
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"
	"go.opentelemetry.io/otel/trace"
)

const (
	// ScopeName is the name of the instrumentation scope of every span and metric of this package.
	ScopeName = "github.com/realtimex/realtimex-go/contrib/rtxotel"

	// SchemaURL is the schema URL of that scope. It names the version of the semantic conventions
	// that this package follows.
	SchemaURL = semconv.SchemaURL

	// System is the value of messaging.system. The conventions list none for RealtimeX, and allow a
	// custom one then.
	System = "realtimex"
)

// The values of messaging.operation.name are the service's and this library's own words.
const (
	opConnect   = "connect"
	opSubscribe = "subscribe"
	opTrigger   = "trigger"
	opReceive   = "receive"
	opProcess   = "process"
)

// A Telemetry makes the spans and metrics of any number of clients. Make one with [New], usually
// one for a program. All its methods may be called concurrently. With a nil Telemetry, every
// function and method does its work and records nothing.
type Telemetry struct {
	cfg     config
	tracer  trace.Tracer
	meter   metric.Meter
	routes  routes
	clients clients

	operations metric.Float64Histogram
	processes  metric.Float64Histogram
	sent       metric.Int64Counter
	lag        metric.Float64Histogram
	told       told
}

// New returns a Telemetry. By default it uses the global providers of package otel. It returns an
// [*rtx.OptionError] for a bad option, and the meter's error if an instrument can't be made. A nil
// Option is ignored. If an option is given twice, the later one is used.
func New(opts ...Option) (*Telemetry, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	if cfg.tracers == nil {
		cfg.tracers = otel.GetTracerProvider()
	}
	if cfg.meters == nil {
		cfg.meters = otel.GetMeterProvider()
	}
	t := &Telemetry{
		cfg:    cfg,
		tracer: cfg.tracers.Tracer(ScopeName, trace.WithSchemaURL(SchemaURL)),
		meter:  cfg.meters.Meter(ScopeName, metric.WithSchemaURL(SchemaURL)),
	}
	t.routes.cfg = &t.cfg
	if err := t.instruments(); err != nil {
		return nil, err
	}
	return t, nil
}

// instruments makes all instruments.
func (t *Telemetry) instruments() error {
	// The bounds that the conventions give for durations.
	seconds := metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
	operations, err1 := messagingconv.NewClientOperationDuration(t.meter, seconds)
	processes, err2 := messagingconv.NewProcessDuration(t.meter, seconds)
	sent, err3 := messagingconv.NewClientSentMessages(t.meter)
	t.operations, t.processes, t.sent = operations.Inst(), processes.Inst(), sent.Inst()
	var err4 error
	t.lag, err4 = t.meter.Float64Histogram("realtimex.process.lag", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(lagBounds...),
		metric.WithDescription("Time from reading a message from the connection to the start of its processing."))
	return errors.Join(err1, err2, err3, err4, t.told.instruments(t.meter, seconds), t.clients.instruments(t.meter))
}
