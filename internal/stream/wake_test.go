package stream

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// woken reports whether a receive from Wake succeeds now.
func woken(q *Queue[int]) bool {
	select {
	case <-q.Wake():
		return true
	default:
		return false
	}
}

// A loss on a queue without any value wakes, and is told; then there is no token until there is
// something again.
func TestALossAloneIsPending(t *testing.T) {
	q := New[int](Config{Capacity: 2})
	if woken(q) {
		t.Error("a token in a queue that is empty")
	}
	for range 2 {
		q.Mark(Gap{Channel: "a", Reconnected: true})
		if !woken(q) {
			t.Fatal("a loss does not wake")
		}
		n := 0
		for _, gap := range q.Pending() {
			if gap == nil || !gap.Reconnected {
				t.Errorf("got %v", gap)
			}
			n++
		}
		if n != 1 || woken(q) || q.Exhausted() {
			t.Errorf("%d gaps; another token, or the end", n)
		}
	}
}

// A loop that is left early, by break or by a panic, leaves a token behind, before a value and
// before a gap alike.
func TestALoopLeftEarlyLeavesAToken(t *testing.T) {
	q := New[int](Config{Capacity: 3})
	push(q, "a", 0, 1)
	q.Mark(Gap{Channel: "a", Malformed: 1})
	for i := range 3 {
		if !woken(q) {
			t.Fatalf("after %d of 3: no token", i)
		}
		func() {
			defer func() { _ = recover() }()
			for range q.Pending() {
				if i == 1 {
					panic("in the loop")
				}
				break
			}
		}()
	}
	for _, gap := range q.Pending() {
		t.Errorf("got another: %v", gap)
	}
}

// A loop over Batches that waited is woken by a loss, hands out its batch, and is left: the gap
// wakes the next loop.
func TestABatchLeftBeforeAGapLeavesAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 2})
		push(q, "a", 0)
		batches := 0
		go func() {
			for range q.Batches(10, 0) {
				batches++
				return
			}
		}()
		synctest.Wait()
		q.Mark(Gap{Channel: "a", Malformed: 1})
		synctest.Wait()
		if batches != 1 || !woken(q) {
			t.Errorf("%d batches; or no token for the gap behind it", batches)
		}
	})
}

// A loop ends although more comes all the time, values and losses, and leaves the rest for the
// next.
func TestPendingEndsBesideAFastProducer(t *testing.T) {
	for _, p := range []Policy{DropOldest, DropNewest, Grow(1 << 20)} {
		q := New[int](Config{Capacity: 4, Policy: p})
		push(q, "a", 0, 1)
		q.Mark(Gap{Channel: "a", Malformed: 1})
		n := 0
		for range q.Pending() {
			if n++; n > 3 {
				t.Fatalf("%s: more than there was", name(p))
			}
			push(q, "a", 2, 3, 4)
			q.Mark(Gap{Channel: "a", Malformed: 1})
		}
		if n != 3 || !woken(q) {
			t.Errorf("%s: %d of 3, or no token for what came since", name(p), n)
		}
		q.End(nil, true)
		_ = q.Drained(t.Context())
	}
}

// Wake is closed with C, and not before a spill is out. From then on it is always ready, however
// often it is asked.
func TestWakeIsClosedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 1, Policy: Grow(100)})
		push(q, "a", 0, 1, 2)
		q.Mark(Gap{Channel: "a", Malformed: 1})
		q.End(errors.New("why"), false)
		for turn, want := range []int{2, 2, 0} {
			synctest.Wait()
			if !woken(q) {
				t.Fatalf("turn %d: not awake", turn)
			}
			if q.Exhausted() != (want == 0) {
				t.Errorf("turn %d: Exhausted %v", turn, q.Exhausted())
			}
			n := 0
			for range q.Pending() {
				if n++; n == 2 {
					break
				}
			}
			if n != want {
				t.Errorf("turn %d: %d, want %d", turn, n, want)
			}
		}
		synctest.Wait()
		for range 3 {
			if _, open := <-q.Wake(); open || !q.Exhausted() {
				t.Errorf("open %v, Exhausted %v", open, q.Exhausted())
			}
		}
	})
}

// Loops of every kind share a queue, leave early, and stop for a while: none of them hangs (which
// the bubble would find), none misses the end, and everything is told once.
func TestLoopsOfEveryKindShareAQueue(t *testing.T) {
	first := rand.Uint64N(1 << 40)
	if *seedFlag != 0 {
		first = *seedFlag
	}
	for i := range uint64(300) {
		seed := first + i
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 17))
			policy := []Policy{DropOldest, DropNewest, Grow(1 << 20), Grow(20), EndStream}[rnd.IntN(5)]
			q := New[int](Config{Capacity: 1 + rnd.IntN(8), Policy: policy, MultiSource: rnd.IntN(2) == 0})
			var values, told atomic.Uint64
			tell := func(n int, gap *Gap) {
				if gap == nil {
					values.Add(uint64(n))
				} else {
					told.Add(gap.Dropped + gap.Malformed)
				}
			}
			var loops sync.WaitGroup
			for range 1 + rnd.IntN(4) {
				kind, leave, pause := rnd.IntN(5), rnd.IntN(4), time.Duration(rnd.IntN(3))*time.Millisecond
				loops.Go(func() {
					switch kind {
					case 0:
						for _, gap := range q.All() {
							tell(1, gap)
							break
						}
						for _, gap := range q.All() {
							tell(1, gap)
							time.Sleep(pause)
						}
					case 1:
						for !q.Exhausted() {
							for vs, gap := range q.Batches(3, pause) {
								tell(len(vs), gap)
								if leave == 1 {
									break
								}
							}
						}
					default:
						for !q.Exhausted() {
							<-q.Wake()
							n := 0
							for _, gap := range q.Pending() {
								tell(1, gap)
								time.Sleep(pause)
								if n++; n == leave {
									break
								}
							}
						}
					}
				})
			}
			pushed, marked := uint64(0), uint64(0)
			for range rnd.IntN(60) {
				switch rnd.IntN(8) {
				case 0:
					time.Sleep(time.Duration(rnd.IntN(5)) * time.Millisecond)
				case 1:
					if !q.Ended() {
						marked++
						q.Mark(Gap{Channel: "a", Malformed: 1})
					}
				default:
					if q.Ended() {
						continue
					}
					pushed++
					q.Push(0, "a", 1)
				}
			}
			q.End(nil, rnd.IntN(2) == 0)
			loops.Wait()
			_ = q.Drained(t.Context())
			if values.Load()+told.Load() != pushed+marked {
				t.Errorf("-seed=%d: %d values and %d losses were told, of %d and %d", seed, values.Load(), told.Load(), pushed, marked)
			}
		})
	}
}
