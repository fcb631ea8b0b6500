package rtx

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"
)

// A deliverySetup is one client and stream whose way of an event into C, and out of it, is measured.
func deliverySetup(b *testing.B, opts []Option, stream ...StreamOption) *deliveryBench[quote] {
	d := &deliveryBench[quote]{w: newWire(b, opts...), frames: [][]byte{quoteFrame("quote")}}
	stream = append(stream, WithBuffer(benchBuffer))
	d.streams = append(d.streams, On[quote](context.Background(), d.w.c.Channel("quotes"), "quote", stream...))
	d.w.up()
	return d
}

// ratios reports how much more a value costs with each of the other setups than with the first.
// They take turns, and the best turn of each counts, so that what else the machine does falls out.
func ratios(b *testing.B, names []string, setups []*deliveryBench[quote]) {
	const values = 1000 // so few that some turns are disturbed by nothing
	best := make([]float64, len(setups))
	b.ResetTimer()
	for turn := range b.N + 400 {
		if turn%50 == 0 {
			runtime.GC()
		}
		for i, d := range setups {
			start := time.Now()
			for done := 0; done < values; {
				n, _ := d.burst(b, values-done)
				done += n
			}
			if per := float64(time.Since(start).Nanoseconds()) / values; turn > 0 && (best[i] == 0 || per < best[i]) {
				best[i] = per
			}
		}
	}
	b.ReportMetric(best[0], "ns/value")
	for i, name := range names {
		b.ReportMetric(best[i+1]/best[0], "x-"+name)
	}
}

// BenchmarkTrace reports what a Trace costs an event that a stream takes, beside none: with no hook,
// with every hook but Slow, and with that too.
func BenchmarkTrace(b *testing.B) {
	every := Trace{
		DialStart: func(DialStartInfo) {}, DialDone: func(DialDoneInfo) {}, Connected: func(ConnectedInfo) {}, Lost: func(LostInfo) {},
		SubscribeStart: func(SubscribeStartInfo) {}, Subscribed: func(SubscribedInfo) {}, SubscribeFailed: func(SubscribeFailedInfo) {},
		Authorized: func(AuthorizedInfo) {}, Gap: func(GapInfo) {}, Sent: func(SentInfo) {}, Unclaimed: func(UnclaimedInfo) {},
		Closed: func(ClosedInfo) {},
	}
	slow := every
	slow.Slow = func(SlowInfo) {}
	ratios(b, []string{"again", "no-hook", "hooks", "slow"}, []*deliveryBench[quote]{
		deliverySetup(b, nil),
		deliverySetup(b, nil), // what the ratio of two that are the same is
		deliverySetup(b, []Option{WithTrace(new(Trace))}),
		deliverySetup(b, []Option{WithTrace(&every)}),
		deliverySetup(b, []Option{WithTrace(&slow)}),
	})
}

// BenchmarkLag reports what WithLag costs an event, beside a stream without it.
func BenchmarkLag(b *testing.B) {
	ratios(b, []string{"lag"}, []*deliveryBench[quote]{deliverySetup(b, nil), deliverySetup(b, nil, WithLag())})
}

// BenchmarkScrape reports what the figures of 10,000 streams cost a collector, each on a channel of
// its own and with values in its buffer.
func BenchmarkScrape(b *testing.B) {
	for _, lag := range []bool{false, true} {
		b.Run(fmt.Sprint("lag=", lag), func(b *testing.B) {
			const n = 10_000
			var opts []StreamOption
			if lag {
				opts = append(opts, WithLag())
			}
			w := newWire(b)
			w.up()
			var streams []*Stream[quote]
			for i := range n {
				streams = append(streams, On[quote](b.Context(), w.c.Channel(fmt.Sprint("quotes-", i)), "quote", append(opts, WithBuffer(4))...))
			}
			w.settle()
			for range 2 {
				for i, s := range streams {
					for range s.Pending() { // so that nothing looks for receives from C
					}
					w.receive(fmt.Appendf(nil, `["server-event",{"channel":"quotes-%d","event":"quote","data":%s}]`, i, quoteJSON))
				}
			}
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				stats, all := w.c.Stats(), w.c.StreamStats()
				if best = min(best, time.Since(start)); stats.Streams != n || len(all) != n || all[0].Depth != 1 {
					b.Fatal(stats, len(all))
				}
			}
			b.ReportMetric(float64(best.Microseconds())/1000, "ms/scrape")
			_ = w.c.Close()
		})
	}
}
