package rtxotel

import (
	"context"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// ProcessBatch is [Process] for several messages at once, as [rtx.Batches] and [rtx.Window] give
// them. There is one process span, with messaging.batch.message_count, and one measurement of
// messaging.process.duration; realtimex.process.lag is recorded for each message. The span has a
// link to each producer's span, with the id of that message; how many links a span can have is the
// SDK's limit. What the messages have in common, such as the channel, is an attribute of the span.
// The other differing facts are not told.
//
// A batch of no messages is a span too.
func ProcessBatch[T any](ctx context.Context, t *Telemetry, batch []rtx.Message[T], handle func(context.Context, []rtx.Message[T]) error) error {
	if handle == nil {
		return errNoHandler
	}
	if t == nil {
		return handle(ctx, batch)
	}
	var channel, event string
	if len(batch) > 0 {
		channel, event = batch[0].Channel, batch[0].Event
	}
	for i := range batch {
		if batch[i].Channel != channel {
			channel = ""
		}
		if batch[i].Event != event {
			event = ""
		}
	}
	p := process{t: t, op: &t.routes.route(channel).process, start: time.Now()}
	var links []trace.Link
	for i := range batch {
		m := &batch[i]
		if !m.ReceivedAt.IsZero() {
			t.lag.Record(ctx, max(0, p.start.Sub(m.ReceivedAt).Seconds()), t.routes.route(m.Channel).lag...)
		}
		if creation := producerOf(&m.Value).SpanContext(); creation.IsValid() {
			links = append(links, trace.Link{SpanContext: creation, Attributes: ofLink(m.Channel, m.ID, channel == "")})
		}
	}
	attrs := []attribute.KeyValue{semconv.MessagingBatchMessageCount(len(batch))}
	if channel != "" {
		attrs = append(attrs, semconv.MessagingDestinationName(channel))
	}
	if event != "" {
		attrs = append(attrs, attrEvent.String(event))
	}
	ctx = p.begin(ctx, trace.WithAttributes(attrs...), trace.WithLinks(links...))
	defer p.unwind(ctx)
	err := handle(ctx, batch)
	p.end(ctx, err)
	return err
}

// ofLink returns the attributes of a link to a message's producer.
func ofLink(channel, id string, differ bool) (attrs []attribute.KeyValue) {
	if id != "" {
		attrs = append(attrs, semconv.MessagingMessageID(id))
	}
	if differ && channel != "" {
		attrs = append(attrs, semconv.MessagingDestinationName(channel))
	}
	return attrs
}
