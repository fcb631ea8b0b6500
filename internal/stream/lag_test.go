package stream

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// lags opens a queue that measures them, and returns a function that pushes a value that came the
// given time ago.
func lags(c Config, conflated bool) (*Queue[int], func(v int, ago time.Duration) bool) {
	c.Arrived = new(time.Time)
	q := new(Queue[int])
	if conflated {
		q.OpenConflated(c, By(func(v int) int { return v % 4 }))
	} else {
		q.Open(c)
	}
	return q, func(v int, ago time.Duration) bool {
		*c.Arrived = time.Now().Add(-ago)
		_ = q.Look(v)
		return q.Push(v, "a", 1)
	}
}

func TestLagBuckets(t *testing.T) {
	bound := LagUnit
	for i := range LagBuckets {
		for d, want := range map[time.Duration]int{bound: i, bound + 1: i + 1, bound/2 + 1: i} {
			if got := bucket(d); got != want {
				t.Errorf("%v is in bucket %d, want %d", d, got, want)
			}
		}
		bound *= 2
	}
	for d, want := range map[time.Duration]int{0: 0, 1: 0, time.Hour: LagBuckets, 1<<63 - 1: LagBuckets} {
		if got := bucket(d); got != want {
			t.Errorf("%v is in bucket %d, want %d", d, got, want)
		}
	}
}

// wantLag compares what was measured with the lags that are expected.
func wantLag(t *testing.T, q *Queue[int], want ...time.Duration) {
	t.Helper()
	counts, sum := make([]uint64, LagBuckets+1), 0.0
	for _, d := range want {
		counts[bucket(d)]++
		sum += d.Seconds()
	}
	st := q.Stats()
	got := st.Lag
	if got.Count != uint64(len(want)) || !slices.Equal(got.Counts, counts) || got.Sum < sum-1e-6 || got.Sum > sum+1e-6 {
		t.Errorf("got %d with the sum %gs in %v, want %d with %gs in %v", got.Count, got.Sum, got.Counts, len(want), sum, counts)
	}
}

const ms = time.Millisecond

// How each reader takes: the values come at 0 and 3 ms, 1 ms before they are pushed.
func TestLagByReader(t *testing.T) {
	first := func(q *Queue[int], n int) {
		for range q.All() {
			if n--; n == 0 {
				return
			}
		}
	}
	for name, tt := range map[string]struct {
		read func(q *Queue[int])
		want []time.Duration
	}{
		"All": {func(q *Queue[int]) { first(q, 2) }, []time.Duration{11 * ms, 8 * ms}},
		"Pending": {func(q *Queue[int]) {
			for range q.Pending() {
				time.Sleep(5 * ms) // the second is taken after that
			}
		}, []time.Duration{11 * ms, 13 * ms}},
		"Batches": {func(q *Queue[int]) {
			for range q.Batches(3, 40*ms) { // not full: what holds them back is no lag
				return
			}
		}, []time.Duration{11 * ms, 8 * ms}},
		"Sample": {func(q *Queue[int]) {
			for range q.Sample(40 * ms) {
				return
			}
		}, []time.Duration{11 * ms, 8 * ms}},
		"C, noticed by Stats": {func(q *Queue[int]) { <-q.c; <-q.c; q.Stats() }, []time.Duration{11 * ms, 8 * ms}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, push := lags(Config{Capacity: 8}, false)
				push(1, ms)
				time.Sleep(3 * ms)
				push(2, ms)
				time.Sleep(7 * ms)
				tt.read(q)
				time.Sleep(time.Minute)
				wantLag(t, q, tt.want...)
				q.End(nil, true)
			})
		})
	}
}

// Nobody tells of a receive from C. It is noticed soon all the same, and the lag is too long by an
// eighth at most.
func TestLagOfReceives(t *testing.T) {
	t.Run("a receiver that waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q, push := lags(Config{Capacity: 8}, false)
			go func() {
				for range q.c {
				}
			}()
			for range 3 {
				synctest.Wait()
				push(1, ms)
				time.Sleep(time.Hour)
			}
			wantLag(t, q, ms, ms, ms)
			q.End(nil, true)
		})
	})
	for _, waits := range []time.Duration{2 * ms, 40 * ms, 900 * ms, 7 * time.Second, 40 * time.Second} {
		t.Run(waits.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, push := lags(Config{Capacity: 8}, false)
				push(1, 0)
				push(2, 0)
				time.Sleep(waits + 1)
				<-q.c
				<-q.c
				time.Sleep(24 * time.Hour)
				got := q.Stats().Lag
				if most := waits + min(max(waits/8, ms), time.Second) + 1; got.Count != 2 || got.Sum < 2*waits.Seconds() || got.Sum > 2*most.Seconds() {
					t.Errorf("got %d with the sum %gs, want 2 of %v to %v", got.Count, got.Sum, waits, most)
				}
				q.End(nil, true)
			})
		})
	}
	t.Run("after an old one", func(t *testing.T) { // the look for the old one would come too late
		synctest.Test(t, func(t *testing.T) {
			q, push := lags(Config{Capacity: 8}, false)
			push(1, 0)
			time.Sleep(20 * time.Second)
			<-q.c
			push(2, 0)
			time.Sleep(ms / 2)
			<-q.c
			time.Sleep(time.Hour)
			if got := q.Stats().Lag; got.Count != 2 || got.Counts[bucket(20*time.Second)] != 1 || got.Counts[bucket(ms)] != 1 {
				t.Errorf("got %+v", got)
			}
			q.End(nil, true)
		})
	})
}

// Looks cost something: there are few for a reader that has stopped, and none once it is known that
// nobody receives from C.
func TestLooksBecomeSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, push := lags(Config{Capacity: 8}, false)
		push(1, 0)
		time.Sleep(time.Minute)
		q.mu.Lock()
		delay, set := q.lagging().delay, q.lagging().set
		q.mu.Unlock()
		if delay != maxLook || !set {
			t.Errorf("after a minute the next look is in %v, set %t", delay, set)
		}
		q.End(nil, true) // whoever receives soon after the end is noticed, but not for ever
		time.Sleep(time.Minute)
		q.mu.Lock()
		if q.lagging().set {
			t.Error("it looks for ever at a stream that has ended")
		}
		q.mu.Unlock()

		q, push = lags(Config{Capacity: 8}, false)
		push(1, 0)
		for range q.Pending() {
		}
		push(2, 0)
		time.Sleep(time.Minute)
		q.mu.Lock()
		if q.lagging().set {
			t.Error("it looks for receives from C of a stream that is read by Pending")
		}
		q.mu.Unlock()
		q.End(nil, true)
	})
}

// With a queue that conflates, a value that is replaced has no lag, and the one in its place has its
// own.
func TestLagConflated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, push := lags(Config{Capacity: 2}, true)
		push(1, ms)
		time.Sleep(10 * ms)
		push(2, ms)
		push(5, 2*ms) // in the place of 1
		time.Sleep(10 * ms)
		push(3, 0) // a third key: 5 is dropped
		push(2, 3*ms)
		time.Sleep(ms)
		for range q.All() {
			time.Sleep(ms)
			if q.Stats().Depth == 0 {
				break
			}
		}
		if st := q.Stats(); st.Delivered != 2 || st.Superseded != 2 || st.Dropped != 1 {
			t.Errorf("got %+v", st)
		}
		wantLag(t, q, 5*ms, 3*ms) // the gap comes first
		q.End(nil, true)
	})
}

// Random pushes, takes and ends, with time between: what was taken, and how long it had waited, is
// what a list says.
func TestLagModel(t *testing.T) {
	for _, policy := range []Policy{DropOldest, DropNewest, EndStream, Grow(6)} {
		t.Run(name(policy), func(t *testing.T) {
			for seed := range uint64(60) {
				synctest.Test(t, func(t *testing.T) { lagModel(t, policy, rand.New(rand.NewPCG(seed, 1))) })
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

func lagModel(t *testing.T, policy Policy, r *rand.Rand) {
	q, push := lags(Config{Capacity: 1 + r.IntN(3), Policy: policy}, false)
	var came []time.Time // of the values that wait
	var want []time.Duration
	for range 60 {
		time.Sleep(time.Duration(r.Int64N(int64(300 * ms))))
		before := q.Stats()
		if r.IntN(3) > 0 {
			ago := time.Duration(r.Int64N(int64(2 * ms)))
			open := push(0, ago)
			dropped := int(q.Stats().Dropped - before.Dropped)
			if dropped > 0 && policy == DropOldest {
				came = came[dropped:]
			}
			if dropped == 0 && open || policy == DropOldest {
				came = append(came, time.Now().Add(-ago))
			}
			continue
		}
		most := r.IntN(3)
		for range q.Pending() {
			if most--; most < 0 {
				break
			}
		}
		for range q.Stats().Delivered - before.Delivered {
			want = append(want, time.Since(came[0]))
			came = came[1:]
		}
	}
	q.End(nil, true) // which throws a spill away
	for range q.Pending() {
	}
	for _, at := range came[:q.Stats().Delivered-uint64(len(want))] {
		want = append(want, time.Since(at))
	}
	wantLag(t, q, want...)
}
