package stream

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// told is what came out of Batches, and when.
type told struct {
	at     time.Duration
	values []int // nil for a gap
}

func equalTold(a, b told) bool { return a.at == b.at && slices.Equal(a.values, b.values) }

func TestBatches(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		limit int
		d     time.Duration
		feed  func(q *Queue[int])
		want  []told
	}{
		"full": {
			limit: 2, d: 100 * ms,
			feed: func(q *Queue[int]) {
				for i := range 4 {
					q.Push(i, "", 1)
				}
			},
			want: []told{{0, []int{0, 1}}, {0, []int{2, 3}}},
		},
		"the time runs from the first value": {
			limit: 10, d: 100 * ms,
			feed: func(q *Queue[int]) {
				time.Sleep(50 * ms)
				q.Push(0, "", 1)
				time.Sleep(60 * ms)
				q.Push(1, "", 1)
				time.Sleep(60 * ms) // 170 ms: the second value opened no batch
				q.Push(2, "", 1)
				time.Sleep(200 * ms)
			},
			want: []told{{150 * ms, []int{0, 1}}, {270 * ms, []int{2}}},
		},
		"a full batch stops the time": {
			limit: 2, d: 100 * ms,
			feed: func(q *Queue[int]) {
				q.Push(0, "", 1)
				time.Sleep(90 * ms)
				q.Push(1, "", 1)
				q.Push(2, "", 1)
				time.Sleep(99 * ms)
				q.Push(3, "", 1)
			},
			want: []told{{90 * ms, []int{0, 1}}, {189 * ms, []int{2, 3}}},
		},
		"before a gap": {
			limit: 10, d: 100 * ms,
			feed: func(q *Queue[int]) {
				q.Push(0, "", 1)
				time.Sleep(10 * ms)
				q.Mark(Gap{Reconnected: true})
				q.Push(1, "", 1)
			},
			want: []told{{10 * ms, []int{0}}, {10 * ms, nil}, {10 * ms, []int{1}}},
		},
		"at the end": {
			limit: 10, d: 100 * ms,
			feed: func(q *Queue[int]) {
				q.Push(0, "", 1)
				time.Sleep(10 * ms)
			},
			want: []told{{10 * ms, []int{0}}},
		},
		"no time": {
			limit: 2, d: 0,
			feed: func(q *Queue[int]) {
				q.Push(0, "", 1)
				time.Sleep(time.Hour)
			},
			want: []told{{time.Hour, []int{0}}},
		},
		"a limit below one": {
			limit: -1, d: 100 * ms,
			feed: func(q *Queue[int]) {
				q.Push(0, "", 1)
				q.Push(1, "", 1)
			},
			want: []told{{0, []int{0}}, {0, []int{1}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := New[int](Config{Capacity: 16})
				start := time.Now()
				go func() {
					test.feed(q)
					q.End(nil, false)
				}()
				var got []told
				for values, gap := range q.Batches(test.limit, test.d) {
					if (gap == nil) == (len(values) == 0) {
						t.Errorf("a batch of %d with the gap %v", len(values), gap)
					}
					got = append(got, told{time.Since(start), values})
				}
				if !slices.EqualFunc(got, test.want, equalTold) {
					t.Errorf("got %v, want %v", got, test.want)
				}
			})
		})
	}
}

// Values that never stop coming do not put the end of a batch off.
func TestBatchesOfABusyStreamKeepTheirTime(t *testing.T) {
	const n = 1 << 16
	q := New[int](Config{Capacity: n})
	for i := range n {
		q.Push(i, "", 1)
	}
	q.End(nil, false)
	for values := range q.Batches(n, time.Nanosecond) {
		if len(values) == n {
			t.Error("a batch went on until nothing was left")
		}
		break
	}
}

// A loss that is not yet due when its token is used is announced again, at
// longer and longer intervals, until it is told.
func TestLostComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 2})
		q.Push(0, "", 1)
		q.Mark(Gap{Reconnected: true})
		q.Push(1, "", 1)
		wait := func() time.Duration {
			start := time.Now()
			<-q.Lost()
			return time.Since(start)
		}
		none := func() {
			for g := range q.Gaps() {
				t.Fatalf("%+v was told before its value was taken", g)
			}
		}
		if d := wait(); d != 0 {
			t.Fatalf("the first token came after %v", d)
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 100, 100} {
			none()
			none() // sets no second timer
			if d := wait(); d != want*time.Millisecond {
				t.Fatalf("the token came back after %v, want %v ms", d, want)
			}
		}
		none()
		<-q.C()
		none() // value 1 is still there, and comes after the loss
		<-q.C()
		if d := wait(); d != 100*time.Millisecond {
			t.Fatalf("the token came back after %v", d)
		}
		n := 0
		for range q.Gaps() {
			n++
		}
		if n != 1 {
			t.Fatalf("%d gaps", n)
		}
		time.Sleep(time.Hour)
		if len(q.Lost()) != 0 {
			t.Error("a token with nothing to tell")
		}
	})
}

// A reminder that nobody uses is not repeated: a forgotten stream runs no timer.
func TestReminderRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 2})
		q.Push(0, "", 1)
		q.Mark(Gap{Reconnected: true})
		<-q.Lost()
		q.End(nil, false)
		<-q.Lost() // the end is a reason to look again
		for range q.Gaps() {
			t.Error("told before a value")
		}
		time.Sleep(time.Hour)
		q.mu.Lock()
		defer q.mu.Unlock()
		if len(q.Lost()) != 1 || q.marks.reminder.set {
			t.Errorf("%d tokens, timer set: %v", len(q.Lost()), q.marks.reminder.set)
		}
	})
}

// A loss that was told takes its token and its reminder along: the next one
// does not have to wait as long as the last had to.
func TestToldLossesLeaveNoReminder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 2})
		look := func() (n int) {
			for range q.Gaps() {
				n++
			}
			return n
		}
		q.Push(0, "", 1)
		q.Mark(Gap{Reconnected: true})
		for range 8 {
			<-q.Lost()
			look()
		}
		<-q.C()
		q.Mark(Gap{Reconnected: true}) // makes a token, which is not used
		if n := look(); n != 1 || len(q.Lost()) != 0 {
			t.Fatalf("%d gaps, %d tokens", n, len(q.Lost()))
		}
		q.Push(1, "", 1)
		q.Mark(Gap{Reconnected: true})
		<-q.Lost()
		look()
		start := time.Now()
		<-q.Lost()
		if d := time.Since(start); d != time.Millisecond {
			t.Errorf("the token came back after %v", d)
		}
	})
}

// Two loops over All wait, and both end.
func TestTheEndWakesAllLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 2})
		ended := make(chan int, 2)
		for range 2 {
			go func() {
				for range q.All() {
				}
				ended <- 0
			}()
		}
		synctest.Wait()
		q.End(nil, false)
		synctest.Wait()
		if len(ended) != 2 {
			t.Errorf("%d of two loops have ended", len(ended))
		}
	})
}

// Two loops are about to wait when two values come, for which there is room for
// one token: whoever uses it leaves one for the other.
func TestOneLoopWakesTheNext(t *testing.T) {
	q := New[int](Config{Capacity: 2})
	q.pull()
	q.pull()
	push(q, "", 0, 1)
	for i := range 2 {
		select {
		case <-q.wake:
		default:
			t.Fatalf("loop %d of two is not woken", i+1)
		}
		if v, found := q.pull(); v != i || found != aValue {
			t.Fatalf("got %d, %v", v, found)
		}
	}
}

// Losses wake whoever waits on Lost, and All, on a stream without any value.
func TestALossAloneWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 2})
		var at []time.Duration
		start := time.Now()
		go func() {
			for _, gap := range q.All() {
				if gap == nil || !gap.Reconnected {
					t.Errorf("got %v", gap)
				}
				at = append(at, time.Since(start))
			}
		}()
		for range 2 {
			time.Sleep(time.Second)
			q.Mark(Gap{Reconnected: true})
		}
		time.Sleep(time.Second)
		q.End(nil, false)
		synctest.Wait()
		if want := []time.Duration{time.Second, 2 * time.Second}; !slices.Equal(at, want) {
			t.Errorf("All told them after %v, want %v", at, want)
		}
	})
}

// The times of merged losses span them; those of a single one are the present.
func TestTimesOfAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 1})
		start := time.Now()
		for range 4 {
			q.Push(0, "", 1)
			time.Sleep(time.Second)
		}
		q.Mark(Gap{Channel: "other", Since: start.Add(-time.Hour), Reconnected: true})
		q.End(nil, false)
		var got []Gap
		for _, gap := range q.All() {
			if gap != nil {
				got = append(got, *gap)
			}
		}
		want := []Gap{
			{Dropped: 3, Since: start.Add(time.Second), Until: start.Add(3 * time.Second)},
			{Channel: "other", Reconnected: true, Since: start.Add(-time.Hour), Until: start.Add(4 * time.Second)},
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	})
}

// A queue is drained when the pump is gone, which is when its values are taken,
// or thrown away.
func TestDrained(t *testing.T) {
	for _, discard := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			q := New[int](Config{Capacity: 1, Policy: Grow(100)})
			for i := range 3 {
				q.Push(i, "", 1)
				if got, want := q.Spilling(), i > 0; got != want {
					t.Errorf("with %d values, Spilling returned %v", i+1, got)
				}
			}
			if q.Ended() {
				t.Error("ended before End")
			}
			q.End(nil, discard)
			if !q.Ended() {
				t.Error("not ended after End")
			}
			late := errors.New("too late")
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, late)
			defer cancel()
			if err, want := q.Drained(ctx), map[bool]error{false: late, true: nil}[discard]; err != want {
				t.Errorf("discard %v, nobody reads: Drained returned %v, want %v", discard, err, want)
			}
			n := 0
			for range q.C() {
				n++
			}
			if err := q.Drained(t.Context()); err != nil || q.Spilling() {
				t.Errorf("discard %v: Drained returned %v, Spilling %v", discard, err, q.Spilling())
			}
			if want := map[bool]int{false: 3, true: 1}[discard]; n != want {
				t.Errorf("discard %v: %d values, want %d", discard, n, want)
			}
		})
	}
}
