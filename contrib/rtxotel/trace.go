package rtxotel

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The attributes of what hooks tell.
const (
	attrRecovery   = attribute.Key("realtimex.recovery")
	attrRetry      = attribute.Key("realtimex.retry")
	attrStreamName = attribute.Key("realtimex.stream.name")
)

// told are the instruments of this package's namespace that hooks record to.
type told struct {
	authorize metric.Float64Histogram
	outage    metric.Float64Histogram
	lost      metric.Int64Counter
	refused   metric.Int64Counter
	gaps      metric.Int64Counter
	slow      metric.Int64Counter
}

func (t *told) instruments(m metric.Meter, seconds metric.HistogramOption) error {
	var errs [6]error
	t.authorize, errs[0] = m.Float64Histogram("realtimex.client.authorize.duration", metric.WithUnit("s"), seconds,
		metric.WithDescription("Duration of a call of the authorizer, which signs for one channel or several."))
	t.outage, errs[1] = m.Float64Histogram("realtimex.client.outage.duration", metric.WithUnit("s"), seconds,
		metric.WithDescription("Time from the loss of a connection to the next one."))
	t.lost, errs[2] = m.Int64Counter("realtimex.client.lost", metric.WithUnit("{connection}"),
		metric.WithDescription("Number of connections that have ended."))
	t.refused, errs[3] = m.Int64Counter("realtimex.client.subscribe.failures", metric.WithUnit("{failure}"),
		metric.WithDescription("Number of times that a channel was refused, not authorized or not confirmed in time."))
	t.gaps, errs[4] = m.Int64Counter("realtimex.stream.gaps", metric.WithUnit("{gap}"),
		metric.WithDescription("Number of gaps that readers took. A gap tells a stream that it missed something."))
	t.slow, errs[5] = m.Int64Counter("realtimex.stream.slow", metric.WithUnit("{occurrence}"),
		metric.WithDescription("Number of times that the buffer of a stream became nearly full."))
	return errors.Join(errs[:]...)
}

// Trace returns the option that makes a client tell of what it does, for [rtx.New] and [rtx.Dial].
// It can be given to any number of clients, beside other traces. It records:
//
//   - messaging.client.operation.duration: "connect" for each attempt, and "subscribe" for each
//     channel that is confirmed;
//   - messaging.client.sent.messages: each client event that was written;
//   - realtimex.client.authorize.duration, realtimex.client.outage.duration, realtimex.client.lost,
//     realtimex.client.subscribe.failures, realtimex.stream.gaps, realtimex.stream.slow.
//
// It is nil for a nil Telemetry, and rtx ignores it.
func (t *Telemetry) Trace() rtx.Option {
	if t == nil {
		return nil
	}
	return rtx.WithTrace(&rtx.Trace{
		DialDone: func(i rtx.DialDoneInfo) {
			t.timed(t.operations, i.Duration, i.Err, t.routes.route("").connect.record...)
		},
		Connected: t.connected,
		Lost:      t.lost,
		Subscribed: func(i rtx.SubscribedInfo) {
			if i.Duration > 0 { // else it is not known: it was asked for on an earlier connection
				t.timed(t.operations, i.Duration, nil, t.routes.route(i.Channel).subscribe.record...)
			}
		},
		SubscribeFailed: func(i rtx.SubscribeFailedInfo) {
			attrs := append(t.cfg.client(), t.cfg.errorTypeOf(i.Err), attrRetry.Bool(i.Retry))
			t.told.refused.Add(context.Background(), 1, metric.WithAttributes(attrs...))
		},
		Authorized: func(i rtx.AuthorizedInfo) {
			t.timed(t.told.authorize, i.Duration, i.Err, metric.WithAttributes(t.cfg.client()...))
		},
		Gap: func(i rtx.GapInfo) {
			attrs := append(t.cfg.ofStream(t.cfg.streamName(i.Name)), attrGapCause.String(causeOf(&i.Gap)))
			t.told.gaps.Add(context.Background(), 1, metric.WithAttributes(attrs...))
		},
		Sent: func(i rtx.SentInfo) {
			t.sent.Add(context.Background(), 1, t.routes.route(i.Channel).trigger.add...)
		},
		Slow: func(i rtx.SlowInfo) {
			t.told.slow.Add(context.Background(), 1, metric.WithAttributes(t.cfg.ofStream(t.cfg.streamName(i.Name))...))
		},
	})
}

func (t *Telemetry) connected(i rtx.ConnectedInfo) {
	if i.Down == 0 {
		return // the first connection
	}
	attrs := append(t.cfg.client(), attrRecovery.String(string(i.Recovery)))
	t.told.outage.Record(context.Background(), i.Down.Seconds(), metric.WithAttributes(attrs...))
}

func (t *Telemetry) lost(i rtx.LostInfo) {
	attrs := t.cfg.client()
	if i.Err != nil && !errors.Is(i.Err, rtx.ErrClosed) {
		attrs = append(attrs, t.cfg.errorTypeOf(i.Err))
	}
	t.told.lost.Add(context.Background(), 1, metric.WithAttributes(attrs...))
}

// timed records a duration, with error.type if err is not nil.
func (t *Telemetry) timed(h metric.Float64Histogram, d time.Duration, err error, opts ...metric.RecordOption) {
	if err != nil {
		opts = recordFailed(opts, t.cfg.errorTypeOf(err))
	}
	h.Record(context.Background(), d.Seconds(), opts...)
}

// streamName returns realtimex.stream.name for the name of a stream; "" if it has none.
func (c *config) streamName(name string) string {
	if c.stream == nil {
		return ""
	}
	return c.stream(name)
}

// ofStream returns the attributes of the streams of one realtimex.stream.name.
func (c *config) ofStream(name string) []attribute.KeyValue {
	attrs := c.client()
	if name != "" {
		attrs = append(attrs, attrStreamName.String(name))
	}
	return attrs
}
