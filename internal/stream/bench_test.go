package stream

import (
	"strconv"
	"testing"
	"time"
)

func BenchmarkPushReceive(b *testing.B) {
	for _, p := range []Policy{DropOldest, DropNewest, EndStream, Grow(1 << 20)} {
		b.Run(name(p), func(b *testing.B) {
			q := New[int](Config{Capacity: 256, Policy: p})
			b.ReportAllocs()
			for i := range b.N {
				q.Push(i, "prices", 100)
				<-q.c
			}
		})
	}
	b.Run("MultiSource", func(b *testing.B) {
		q := New[int](Config{Capacity: 256, MultiSource: true})
		b.ReportAllocs()
		for i := range b.N {
			q.Push(i, "prices", 100)
			<-q.c
		}
	})
}

func BenchmarkPush(b *testing.B) {
	q := New[int](Config{Capacity: 1 << 20})
	b.ReportAllocs()
	for i := range b.N {
		if i&(1<<20-1) == 0 {
			b.StopTimer()
			q = New[int](Config{Capacity: 1 << 20})
			b.StartTimer()
		}
		q.Push(i, "prices", 100)
	}
}

// What a stream costs whose reader has stopped.
func BenchmarkOverload(b *testing.B) {
	for _, p := range []Policy{DropOldest, DropNewest} {
		b.Run(name(p), func(b *testing.B) {
			q := New[int](Config{Capacity: 256, Policy: p})
			b.ReportAllocs()
			for i := range b.N {
				q.Push(i, "prices", 100)
			}
		})
	}
	b.Run("NoGaps", func(b *testing.B) {
		q := New[int](Config{Capacity: 1, NoGaps: true})
		b.ReportAllocs()
		for i := range b.N {
			q.Push(i, "", 0)
		}
	})
}

func BenchmarkAll(b *testing.B) {
	q := New[int](Config{Capacity: 256})
	b.ReportAllocs()
	i := 0
	q.Push(i, "prices", 100)
	for range q.All() {
		if i++; i == b.N {
			break
		}
		q.Push(i, "prices", 100)
	}
}

func BenchmarkReceiveThenGaps(b *testing.B) {
	q := New[int](Config{Capacity: 256})
	b.ReportAllocs()
	for i := range b.N {
		q.Push(i, "prices", 100)
		<-q.c
		for range q.Gaps() {
			b.Fatal("a gap")
		}
	}
}

// Values pass through the spill and the pump.
func BenchmarkSpilled(b *testing.B) {
	q := New[int](Config{Capacity: 1, Policy: Grow(1 << 40)})
	q.Push(0, "prices", 1)
	q.Push(0, "prices", 1)
	b.ReportAllocs()
	for i := range b.N {
		q.Push(i, "prices", 100)
		<-q.c
	}
	b.StopTimer()
	q.End(nil, true)
	q.Drained(b.Context())
}

// A reconnection of a group: every channel is marked, twice.
func BenchmarkMarkTenThousandChannels(b *testing.B) {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = string(rune('a'+i%26)) + string(rune(i+1000))
	}
	b.ReportAllocs()
	for range b.N {
		q := New[int](Config{Capacity: 16, MultiSource: true})
		q.Push(1, "a", 1)
		for range 2 {
			for _, name := range names {
				q.Mark(Gap{Channel: name, Reconnected: true})
			}
		}
		if len(q.marks.sites[0].gaps) != len(names) {
			b.Fatal("not merged")
		}
	}
}

// A reader on its own goroutine, which mostly waits.
func BenchmarkAcrossGoroutines(b *testing.B) {
	read := map[string]func(q *Queue[int]){
		"C": func(q *Queue[int]) {
			for range q.C() {
			}
		},
		"All": func(q *Queue[int]) {
			for range q.All() {
			}
		},
		"Pending": func(q *Queue[int]) {
			for !q.Exhausted() {
				<-q.wake
				for range q.Pending() {
				}
			}
		},
	}
	for _, name := range []string{"C", "All", "Pending"} {
		b.Run(name, func(b *testing.B) {
			q := New[int](Config{Capacity: 256})
			done := make(chan struct{})
			go func() {
				defer close(done)
				read[name](q)
			}()
			b.ReportAllocs()
			for i := range b.N {
				q.Push(i, "prices", 100)
			}
			q.End(nil, false)
			<-done
			b.ReportMetric(float64(q.Stats().Dropped)/float64(b.N), "dropped/op")
		})
	}
}

// Pending beside C in one run, each taking bursts of n values that were there: "of C" is the time
// of one by the other's.
func BenchmarkPendingBesideC(b *testing.B) {
	take := []func(q *Queue[int], n int) int{
		func(q *Queue[int], n int) (sum int) {
			for range n {
				v := <-q.c
				for range q.Gaps() {
					b.Fatal("a gap")
				}
				sum += v
			}
			return sum
		},
		func(q *Queue[int], _ int) (sum int) {
			<-q.wake
			for v, gap := range q.Pending() {
				if gap != nil {
					b.Fatal("a gap")
				}
				sum += v
			}
			return sum
		},
	}
	for _, n := range []int{1, 16, 256} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var spent [2]time.Duration
			queues := [2]*Queue[int]{New[int](Config{Capacity: 256}), New[int](Config{Capacity: 256})}
			b.ReportAllocs()
			for range b.N {
				for i, q := range queues {
					start := time.Now()
					for range 256 / n {
						for v := range n {
							q.Push(v, "prices", 100)
						}
						take[i](q, n)
					}
					spent[i] += time.Since(start)
				}
			}
			b.ReportMetric(float64(spent[1])/float64(spent[0]), "of-C")
			b.ReportMetric(float64(spent[1].Nanoseconds())/float64(b.N)/256, "ns/value")
		})
	}
}
