package rtxotel

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Trigger calls ch.Trigger with a send span, and returns what it returns. Its duration is recorded
// as messaging.client.operation.duration.
//
// If data is a [Traced] or a pointer to one, and carries no context yet, a copy of it with the
// context of this span is sent, and the span's kind is PRODUCER. Otherwise data is sent as it is,
// and the kind is CLIENT; if data carries a context, the span has a link to it.
//
// The hooks of [Telemetry.Trace] count what was written as messaging.client.sent.messages. Trigger
// counts there, with error.type, an event whose writing failed. An event that was refused before,
// such as on a public channel, was not sent.
func (t *Telemetry) Trigger(ctx context.Context, ch *rtx.Channel, event string, data any) error {
	if t == nil || ctx == nil {
		return ch.Trigger(ctx, event, data)
	}
	channel := ch.Name()
	op := &t.routes.route(channel).trigger
	envelope, wraps := asEnvelope(data)
	creation := producerIn(data).SpanContext()
	wraps = wraps && !creation.IsValid()
	kind := trace.SpanKindClient
	if wraps {
		kind = trace.SpanKindProducer
	}
	start := time.Now()
	opts := []trace.SpanStartOption{
		op.start, trace.WithSpanKind(kind), trace.WithTimestamp(start),
		trace.WithAttributes(semconv.MessagingDestinationName(channel), attrEvent.String(event)),
	}
	if creation.IsValid() {
		opts = append(opts, trace.WithLinks(trace.Link{SpanContext: creation}))
	}
	ctx, span := t.tracer.Start(ctx, op.span, opts...)
	done, record := false, op.record
	defer func() {
		if !done { // encoding the data panicked
			kind := semconv.ErrorTypeKey.String(typePanic)
			t.cfg.fail(span, kind, nil)
			record = recordFailed(record, kind)
		}
		now := time.Now()
		span.End(trace.WithTimestamp(now))
		t.operations.Record(ctx, now.Sub(start).Seconds(), record...)
	}()
	if wraps {
		data = envelope.carrying(t.Inject(ctx))
	}
	err := ch.Trigger(ctx, event, data)
	done = true
	if err != nil {
		kind := t.cfg.errorTypeOf(err)
		t.cfg.fail(span, kind, err)
		record = recordFailed(record, kind)
		if writingFailed(err) {
			t.sent.Add(ctx, 1, append(op.add[:1:1], metric.WithAttributes(kind))...)
		}
	}
	return err
}

// writingFailed reports whether the event may have been written in part.
func writingFailed(err error) bool {
	_, before := errors.AsType[*rtx.ChannelError](err)
	return errors.Is(err, rtx.ErrNotConnected) && !before
}
