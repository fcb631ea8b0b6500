package rtx

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"
)

// quote is a small payload, as a price feed has it: 95 bytes of JSON, and no pointer, so that
// decoding it allocates nothing and every allocation seen is the library's.
type quote struct {
	ID       uint64  `json:"id"`
	Bid      float64 `json:"bid"`
	Ask      float64 `json:"ask"`
	Size     int     `json:"size"`
	Sequence int     `json:"sequence"`
	At       int64   `json:"at"`
}

const quoteJSON = `{"id":8812736455,"bid":1.08312,"ask":1.08316,"size":250000,"sequence":77120,"at":1753776000123}`

func quoteFrame(event string) []byte {
	return fmt.Appendf(nil, `["server-event",{"channel":"quotes","event":%q,"data":%s}]`, event, quoteJSON)
}

const benchBuffer = 64

// A delivery bench is a client with streams, each of which takes the event of one of the frames, or
// of the only one.
type deliveryBench[T any] struct {
	w       *wire
	streams []*Stream[T]
	frames  [][]byte
}

// fanOut is n streams of one event.
func fanOut[T any](b *testing.B, n int) *deliveryBench[T] {
	d := &deliveryBench[T]{w: newWire(b), frames: [][]byte{quoteFrame("quote")}}
	for range n {
		d.streams = append(d.streams, On[T](context.Background(), d.w.c.Channel("quotes"), "quote", WithBuffer(benchBuffer)))
	}
	d.w.up()
	return d
}

// routing is one stream of one event beside others that are bound to bound-1 other events of the
// channel.
func routing(b *testing.B, bound int) *deliveryBench[quote] {
	d := fanOut[quote](b, 1)
	for i := range bound - 1 {
		On[quote](context.Background(), d.w.c.Channel("quotes"), fmt.Sprint("event-", i), WithBuffer(1))
	}
	d.w.settle()
	return d
}

// burst delivers up to a buffer's worth of events, and returns how many values that made and how
// long the way from the packet into C took. The streams are empty afterwards.
func (d *deliveryBench[T]) burst(b *testing.B, limit int) (values int, took time.Duration) {
	events := min(benchBuffer, max(1, limit/len(d.streams)))
	start := time.Now()
	for i := range events {
		d.w.receive(d.frames[i%len(d.frames)])
	}
	took = time.Since(start)
	for _, s := range d.streams {
		for range events {
			<-s.C
		}
		if st := s.Stats(); st.Dropped+st.Malformed > 0 {
			b.Fatalf("%+v", st)
		}
	}
	return events * len(d.streams), took
}

// run delivers b.N values, and reports the time that the way into C took for one.
func (d *deliveryBench[T]) run(b *testing.B) {
	b.ReportAllocs()
	b.ResetTimer()
	var total time.Duration
	values := 0
	for values < b.N {
		n, took := d.burst(b, b.N-values)
		values, total = values+n, total+took
	}
	b.StopTimer()
	b.ReportMetric(float64(total.Nanoseconds())/float64(values), "ns/value")
	_ = d.w.c.Close()
}

// One event to n streams. ns/op has the readers' part in it, ns/value has not.
func BenchmarkDeliver(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint("streams=", n), func(b *testing.B) { fanOut[quote](b, n).run(b) })
	}
}

// One event to one stream, where a channel has so many events bound.
func BenchmarkRoute(b *testing.B) {
	for _, n := range []int{1, 100_000} {
		b.Run(fmt.Sprint("events=", n), func(b *testing.B) { routing(b, n).run(b) })
	}
}

// The views of one payload. Raw views make one copy for each event.
func BenchmarkView(b *testing.B) {
	b.Run("payload", func(b *testing.B) { fanOut[quote](b, 1).run(b) })
	b.Run("Message", func(b *testing.B) { fanOut[Message[quote]](b, 1).run(b) })
	b.Run("RawMessage", func(b *testing.B) { fanOut[json.RawMessage](b, 1).run(b) })
	b.Run("RawMessage,streams=100", func(b *testing.B) { fanOut[json.RawMessage](b, 100).run(b) })
}

// What decoding alone costs, for comparison.
func BenchmarkDecodeAlone(b *testing.B) {
	data := []byte(quoteJSON)
	b.ReportAllocs()
	for b.Loop() {
		var q quote
		if err := unmarshalJSON(data, &q); err != nil {
			b.Fatal(err)
		}
	}
}

// An event that nobody has bound.
func BenchmarkUnwanted(b *testing.B) {
	d := fanOut[quote](b, 1)
	frame := quoteFrame("other")
	b.ReportAllocs()
	for b.Loop() {
		d.w.receive(frame)
	}
}

// BenchmarkFlat reports how much more a delivered value costs with 100 and 10,000 streams than with
// one, and with 100,000 bound events than with one. The setups take turns, and the best turn of
// each counts, so that what else the machine does falls out. It is to stay below 1.3.
func BenchmarkFlat(b *testing.B) {
	const values = 20_000
	setups := []*deliveryBench[quote]{fanOut[quote](b, 1), fanOut[quote](b, 100), fanOut[quote](b, 10_000), routing(b, 100_000)}
	best := make([]float64, len(setups))
	b.ResetTimer()
	for turn := range b.N + 5 {
		for i, d := range setups {
			runtime.GC()
			var total time.Duration
			done := 0
			for done < values {
				n, took := d.burst(b, values-done)
				done, total = done+n, total+took
			}
			if per := float64(total.Nanoseconds()) / float64(done); turn > 0 && (best[i] == 0 || per < best[i]) {
				best[i] = per
			}
		}
	}
	b.ReportMetric(best[0], "ns/value")
	b.ReportMetric(best[1]/best[0], "x-100-streams")
	b.ReportMetric(best[2]/best[0], "x-10000-streams")
	b.ReportMetric(best[3]/best[0], "x-100000-events")
}

// BenchmarkIdleStream reports what an open stream takes in memory beside its buffer: on a channel
// that others hold too, and on a channel of its own, which includes the subscription.
func BenchmarkIdleStream(b *testing.B) {
	for _, own := range []bool{false, true} {
		b.Run(fmt.Sprintf("ownChannel=%v", own), func(b *testing.B) {
			const n = 10_000
			var per float64
			for b.Loop() {
				w := newWire(b)
				w.up()
				ctx, cancel := context.WithCancel(b.Context())
				streams := make([]*Stream[quote], n)
				before := heapInUse()
				for i := range streams {
					name := "quotes"
					if own {
						name = fmt.Sprint("quotes-", i)
					}
					streams[i] = On[quote](ctx, w.c.Channel(name), "quote", WithBuffer(1))
				}
				w.settle()
				per = float64(heapInUse()-before) / n
				runtime.KeepAlive(streams)
				cancel()
				_ = w.c.Close()
			}
			b.ReportMetric(per-float64(sizeOfQuote), "B/stream")
			b.ReportMetric(0, "ns/op")
		})
	}
}

const sizeOfQuote = 48 // one value of the buffer

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
