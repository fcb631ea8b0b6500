package rtxotel

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// attrEvent is the name of an event. The conventions want a system's own attributes there.
const attrEvent = attribute.Key("messaging.realtimex.event.name")

var errNoHandler = errors.New("rtxotel: the function is nil")

// Process calls handle with a process span for one message, and returns what it returns. It is for
// loops:
//
//	for m, gap := range orders.All() {
//		if gap != nil {
//			…
//			continue
//		}
//		err := rtxotel.Process(ctx, telemetry, m, handle)
//	}
//
// The span lasts as long as handle does: there is none while a message waits in a buffer. Its
// duration is recorded as messaging.process.duration, and the time from ReceivedAt to its start as
// realtimex.process.lag. If handle returns an error, both say so by error.type. If it panics, or
// calls runtime.Goexit, error.type is "panic", the span is ended, and the panic goes on.
//
// If the payload carries a [TraceContext], the span has a link to the producer's span. See
// [WithProducerAsParent] to have that as its parent.
func Process[T any](ctx context.Context, t *Telemetry, m rtx.Message[T], handle func(context.Context, rtx.Message[T]) error) error {
	if handle == nil {
		return errNoHandler
	}
	if t == nil {
		return handle(ctx, m)
	}
	from := producerOf(&m.Value)
	r := t.routes.route(m.Channel)
	p := process{t: t, op: &r.process, start: time.Now()}
	if !m.ReceivedAt.IsZero() {
		t.lag.Record(ctx, max(0, p.start.Sub(m.ReceivedAt).Seconds()), r.lag...)
	}
	ctx = p.one(ctx, from, m.Channel, m.Event, m.ID)
	defer p.unwind(ctx)
	err := handle(ctx, m)
	p.end(ctx, err)
	return err
}

// Handler returns a function that does what [Process] does, for [flow.ForEach] and other functions
// that take a handler:
//
//	flow.ForEach(ctx, flow.From(orders), 8, rtxotel.Handler(telemetry, handle), onGap)
//
// Around [flow.Retry] there is one span for all attempts; inside it there is one for each.
func Handler[T any](t *Telemetry, handle func(context.Context, rtx.Message[T]) error) func(context.Context, rtx.Message[T]) error {
	return func(ctx context.Context, m rtx.Message[T]) error { return Process(ctx, t, m, handle) }
}

// A process is one process span and its measurement.
type process struct {
	t     *Telemetry
	op    *operation
	span  trace.Span
	start time.Time
	done  bool
}

// one starts the span of a single message, and returns the context for its handler. What can matter
// to a sampler is given at the start.
func (p *process) one(ctx context.Context, from TraceContext, channel, event, id string) context.Context {
	if from == (TraceContext{}) {
		ctx = p.begin(ctx, destinationName(channel))
	} else {
		ctx = p.linked(ctx, from, channel)
	}
	if !p.span.IsRecording() {
		return ctx
	}
	attrs := make([]attribute.KeyValue, 0, 2)
	if event != "" {
		attrs = append(attrs, attrEvent.String(event))
	}
	if id != "" {
		attrs = append(attrs, semconv.MessagingMessageID(id))
	}
	p.span.SetAttributes(attrs...)
	return ctx
}

func destinationName(channel string) trace.SpanStartOption {
	if channel == "" {
		return trace.WithAttributes()
	}
	return trace.WithAttributes(semconv.MessagingDestinationName(channel))
}

// linked starts the span of a message that carries its producer's context.
func (p *process) linked(ctx context.Context, from TraceContext, channel string) context.Context {
	name := destinationName(channel)
	if p.t.cfg.baggage && from.Baggage != "" {
		ctx = propagation.Baggage{}.Extract(ctx, carrier{&from})
	}
	creation := from.SpanContext()
	if !creation.IsValid() {
		return p.begin(ctx, name)
	}
	links := []trace.Link{{SpanContext: creation}}
	if p.t.cfg.parent {
		if ambient := trace.SpanContextFromContext(ctx); ambient.IsValid() {
			links = append(links, trace.Link{SpanContext: ambient})
		}
		ctx = trace.ContextWithRemoteSpanContext(ctx, creation)
	}
	return p.begin(ctx, name, trace.WithLinks(links...))
}

// begin starts the span.
func (p *process) begin(ctx context.Context, opts ...trace.SpanStartOption) context.Context {
	opts = append(opts, p.op.start, consumer, trace.WithTimestamp(p.start))
	ctx, p.span = p.t.tracer.Start(ctx, p.op.span, opts...)
	return ctx
}

var consumer = trace.WithSpanKind(trace.SpanKindConsumer)

// end ends the span and records its duration.
func (p *process) end(ctx context.Context, err error) {
	p.done = true
	if err == nil {
		p.over(ctx, p.op.record)
		return
	}
	kind := p.t.cfg.errorTypeOf(err)
	p.t.cfg.fail(p.span, kind, err)
	p.over(ctx, recordFailed(p.op.record, kind))
}

// unwind is end for a handler that did not return. It does not recover.
func (p *process) unwind(ctx context.Context) {
	if p.done {
		return
	}
	kind := semconv.ErrorTypeKey.String(typePanic)
	p.t.cfg.fail(p.span, kind, nil)
	p.over(ctx, recordFailed(p.op.record, kind))
}

func (p *process) over(ctx context.Context, opts []metric.RecordOption) {
	now := time.Now()
	p.span.End(trace.WithTimestamp(now))
	p.t.processes.Record(ctx, now.Sub(p.start).Seconds(), opts...)
}

// recordFailed adds error.type to the attributes of a measurement.
func recordFailed(opts []metric.RecordOption, kind attribute.KeyValue) []metric.RecordOption {
	return append(slices.Clip(opts), metric.WithAttributes(kind))
}
