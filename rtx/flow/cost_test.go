package flow

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
	"github.com/realtimex/realtimex-go/rtx"
)

// endless has values without an end; every hundredth item is a gap.
func endless() Seq[int] {
	n, gap := 0, &rtx.Gap{Channel: "a"}
	return func(yield func(int, *rtx.Gap) bool) {
		for {
			n++
			if n%100 == 0 {
				if !yield(0, gap) {
					return
				}
			} else if !yield(n%10, nil) {
				return
			}
		}
	}
}

// The operators that are pulled allocate nothing for a value or a gap, and run on the goroutine
// that ranges: a range that is left leaves nothing to count.
func TestPulledOperatorsAllocateNothing(t *testing.T) {
	add := func(sum, n int) int { return sum + n }
	buf := make([]int, 2)
	for name, seq := range map[string]Seq[int]{
		"Map":     Map(endless(), func(n int) int { return n + 1 }),
		"Filter":  Filter(endless(), func(n int) bool { return n > 1 }),
		"FlatMap": FlatMap(endless(), func(n int) []int { buf[0], buf[1] = n, n; return buf }),
		"Scan":    Scan(endless(), 0, add, func(int, *rtx.Gap) int { return 0 }),
		"Changed": Changed(endless(), func(n int) int { return n % 2 }, func(a, b int) bool { return a == b }, func(int) string { return "b" }),
		"Latest":  NewLatest(endless()).All(),
		"Errors": func(yield func(int, *rtx.Gap) bool) {
			for n := range Errors(endless()) {
				if !yield(n, nil) {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			for range seq {
				if now := runtime.NumGoroutine(); now > before {
					t.Errorf("%d goroutines within the range, %d before", now, before)
				}
				break
			}
			const items = 10_000 // in each range: a range itself may allocate its closures
			got := testing.AllocsPerRun(5, func() {
				left := items
				for range seq {
					if left--; left == 0 {
						break
					}
				}
			})
			if got > 10 {
				t.Errorf("%v allocations for %d items", got, items)
			}
		})
	}
}

// A pipeline beside the loop that does the same by hand, over what a stream is made of. They take
// turns, a full buffer each, and only the taking is timed: "flow/loop" is the median of the ratios.
func BenchmarkPipeline(b *testing.B) {
	const buffer = 256
	keep := func(n int) bool { return n%4 != 0 }
	scale := func(n int) int { return 3 * n }
	add := func(sum, n int) int { return sum + n }
	q := stream.New[int](stream.Config{Capacity: buffer})
	items := converted(q.Pending())
	sum := 0
	loop := func() {
		for n, gap := range items {
			if gap != nil {
				b.Fatal(gap)
			}
			if !keep(n) {
				continue
			}
			sum = add(sum, scale(n))
			sink = sum
		}
	}
	sums := Scan(Map(Filter(items, keep), scale), 0, add, nil)
	piped := func() {
		for sum, gap := range sums {
			if gap != nil {
				b.Fatal(gap)
			}
			sink = sum
		}
	}
	timed := func(take func()) float64 {
		for i := range buffer {
			q.Push(i, "a", 1)
		}
		begin := time.Now()
		take()
		return float64(time.Since(begin))
	}
	b.ReportAllocs()
	var ratios, loops []float64
	for range max(b.N/(2*buffer), 1) {
		took := timed(loop)
		ratios, loops = append(ratios, timed(piped)/took), append(loops, took/buffer)
	}
	slices.Sort(ratios)
	slices.Sort(loops)
	b.ReportMetric(ratios[len(ratios)/2], "flow/loop")
	b.ReportMetric(loops[len(loops)/2], "ns/value-loop")
}

// The operators alone, over a source that costs nothing.
func BenchmarkOperators(b *testing.B) {
	for name, seq := range map[string]Seq[int]{
		"none":              endless(),
		"Map":               Map(endless(), func(n int) int { return n + 1 }),
		"Filter, Map, Scan": Scan(Map(Filter(endless(), func(n int) bool { return n%4 != 0 }), func(n int) int { return 3 * n }), 0, func(sum, n int) int { return sum + n }, nil),
		"Changed":           Changed(endless(), func(n int) int { return n % 2 }, func(a, b int) bool { return a == b }, nil),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			left := b.N
			for n := range seq {
				sink = n
				if left--; left == 0 {
					break
				}
			}
		})
	}
}

var sink int
