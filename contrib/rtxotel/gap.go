package rtxotel

import (
	"context"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// The attributes of gaps.
const (
	attrGapCause     = attribute.Key("realtimex.gap.cause")
	attrGapDropped   = attribute.Key("realtimex.gap.dropped")
	attrGapMalformed = attribute.Key("realtimex.gap.malformed")
	attrGapDuration  = attribute.Key("realtimex.gap.duration")
)

// causeOf returns realtimex.gap.cause: the gravest one, if losses were merged.
func causeOf(g *rtx.Gap) string {
	switch {
	case g.Reconnected:
		return "reconnected"
	case g.Ended:
		return "ended"
	case g.Dropped > 0:
		return "dropped"
	}
	return "malformed"
}

// ProcessGap calls handle with a span for a gap, and returns what it returns. So it shows what the
// program does about a loss, such as loading its state again. The span's kind is INTERNAL. Its name
// is "gap" and the channel's template. Its attributes are realtimex.gap.cause ("reconnected",
// "ended", "dropped" or "malformed"; of several, the first of these), and where they apply
// realtimex.gap.dropped, realtimex.gap.malformed, and realtimex.gap.duration, the seconds from Since
// to Until. An error and a panic are told as by [Process].
//
// It records no metric: gaps are counted by the hooks of [Telemetry.Trace].
func ProcessGap(ctx context.Context, t *Telemetry, gap *rtx.Gap, handle func(context.Context, *rtx.Gap) error) error {
	if handle == nil {
		return errNoHandler
	}
	if t == nil || gap == nil {
		return handle(ctx, gap)
	}
	attrs := []attribute.KeyValue{attrGapCause.String(causeOf(gap))}
	if gap.Channel != "" {
		attrs = append(attrs, semconv.MessagingDestinationName(gap.Channel))
	}
	if gap.Dropped > 0 {
		attrs = append(attrs, attrGapDropped.Int64(int64(gap.Dropped)))
	}
	if gap.Malformed > 0 {
		attrs = append(attrs, attrGapMalformed.Int64(int64(gap.Malformed)))
	}
	if lasted := gap.Until.Sub(gap.Since); lasted > 0 {
		attrs = append(attrs, attrGapDuration.Float64(lasted.Seconds()))
	}
	r := t.routes.route(gap.Channel)
	ctx, span := t.tracer.Start(ctx, r.gapSpan, r.gap, trace.WithAttributes(attrs...), trace.WithTimestamp(time.Now()))
	done := false
	defer func() {
		if !done {
			t.cfg.fail(span, semconv.ErrorTypeKey.String(typePanic), nil)
		}
		span.End()
	}()
	err := handle(ctx, gap)
	done = true
	if err != nil {
		t.cfg.fail(span, t.cfg.errorTypeOf(err), err)
	}
	return err
}

// GapHandler returns a function that does what [ProcessGap] does, for [flow.ForEach].
func GapHandler(t *Telemetry, handle func(context.Context, *rtx.Gap) error) func(context.Context, *rtx.Gap) error {
	return func(ctx context.Context, gap *rtx.Gap) error { return ProcessGap(ctx, t, gap, handle) }
}
