package rtxotel_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/trace"
)

func goexit() { runtime.Goexit() }

// A batch is one span, with what the messages have in common, and a link for each producer.
func TestProcessBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		type traced = rtx.Message[rtxotel.Traced[Order]]
		now := time.Now()
		time.Sleep(time.Second)
		from := rtxotel.TraceContext{Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
		batch := []traced{
			{Channel: "private-a", Event: "created", ID: "1", ReceivedAt: now, Value: rtxotel.Traced[Order]{TraceContext: from}},
			{Channel: "private-a", Event: "created", ID: "2", ReceivedAt: now},
			{Channel: "private-a", Event: "changed", ID: "3", ReceivedAt: now, Value: rtxotel.Traced[Order]{TraceContext: from}},
		}
		handle := func(_ context.Context, got []traced) error { time.Sleep(time.Second); return nil }
		for _, b := range [][]traced{batch, append(batch[1:2:2], traced{Channel: "b", Event: "created", ID: "4", Value: batch[0].Value}), nil} {
			if err := rtxotel.ProcessBatch(t.Context(), r.tel, b, handle); err != nil {
				t.Fatal(err)
			}
		}
		all := r.spans.Ended()
		const common = " messaging.operation.name=process messaging.operation.type=process messaging.system=realtimex"
		for i, want := range []string{
			"messaging.batch.message_count=3 messaging.destination.name=private-a messaging.destination.template=private-{name}" + common,
			"messaging.batch.message_count=2 messaging.operation.name=process messaging.operation.type=process messaging.realtimex.event.name=created messaging.system=realtimex",
			"messaging.batch.message_count=0" + common,
		} {
			expect(t, "attributes", text(named(all[i].Attributes())), want)
			expect(t, "kind", all[i].SpanKind(), trace.SpanKindConsumer)
		}
		expect(t, "names", fmt.Sprint(all[0].Name(), ", ", all[1].Name()), "process private-{name}, process")
		var links []string
		for _, span := range all {
			for _, l := range span.Links() {
				links = append(links, l.SpanContext.SpanID().String()+" "+text(named(l.Attributes)))
			}
		}
		expect(t, "links", fmt.Sprint(links), fmt.Sprint([]string{
			"b7ad6b7169203331 messaging.message.id=1", "b7ad6b7169203331 messaging.message.id=3",
			"b7ad6b7169203331 messaging.destination.name=b messaging.message.id=4",
		}))
		var count uint64
		for _, p := range points(r.metrics()["messaging.process.duration"]) {
			count += p.count
			expect(t, "seconds", p.value, float64(p.count))
		}
		expect(t, "measurements", count, 3)
		lag := r.lone("realtimex.process.lag") // the fifth has no time
		expect(t, "lags", fmt.Sprint(lag.count, lag.value), "4 5")
	})
}
