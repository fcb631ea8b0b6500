package stream

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

const many = 30_000

// produce pushes 0, 1, 2 … and ends the queue.
func produce(q *Queue[int], n int) {
	for i := range n {
		if i/100%2 == 0 {
			q.Push(i, "prices", 1)
			continue
		}
		q.PushQuietly(i, "prices", 1)
		if i%10 == 9 {
			q.Rouse()
		}
	}
	q.End(nil, false)
}

// A reader that receives from C races the dropping of the oldest. Whenever it
// has a value and has asked for gaps, it has been told of everything that is
// missing before that value; at the end of exactly what is missing.
func TestNoHoleIsToldLate(t *testing.T) {
	for _, capacity := range []int{1, 2, 7, 64} {
		t.Run(strconv.Itoa(capacity), func(t *testing.T) {
			q := New[int](Config{Capacity: capacity})
			go produce(q, many)
			var received, told uint64
			for v := range q.C() {
				for g := range q.Gaps() {
					told += g.Dropped
				}
				if missing := uint64(v) - received; told < missing {
					t.Fatalf("value %d: %d are missing, %d told", v, missing, told)
				}
				received++
			}
			for g := range q.Gaps() {
				told += g.Dropped
			}
			if received+told != many {
				t.Fatalf("%d received and %d told of %d", received, told, many)
			}
			if s := q.Stats(); s.Delivered != received || s.Dropped != told || s.Depth != 0 {
				t.Fatalf("Stats %+v for %d received, %d told", s, received, told)
			}
		})
	}
}

// All is exact whatever runs at the same time: at each value, what was told is
// what is missing; and a mark stands between the values it was made between.
func TestAllIsExactBesideAProducer(t *testing.T) {
	for _, p := range []Policy{DropOldest, DropNewest, Grow(1 << 30)} {
		t.Run(name(p), func(t *testing.T) {
			q := New[int](Config{Capacity: 8, Policy: p})
			go func() {
				for i := range many {
					if i%10 == 0 {
						q.Mark(Gap{Channel: "prices", Malformed: 1, Err: before(i)})
					}
					q.Push(i, "prices", 1)
				}
				q.End(nil, false)
			}()
			next, last := 0, 0 // the next value, and the place of the last mark
			for v, gap := range q.All() {
				if gap == nil {
					if v != next {
						t.Fatalf("got value %d, want %d", v, next)
					}
					next++
					continue
				}
				next += int(gap.Dropped)
				if gap.Malformed > 0 {
					at := int(gap.Err.(before))
					if at < next-int(gap.Dropped) || at > next {
						t.Fatalf("a mark before %d was told before %d", at, next)
					}
					last += 10 * int(gap.Malformed)
					if at != last-10 {
						t.Fatalf("the latest of the marks is before %d, by their number before %d", at, last-10)
					}
				}
			}
			if next != many || last != many {
				t.Fatalf("%d values and marks up to %d were told, of %d", next, last, many)
			}
			q.Drained(t.Context())
		})
	}
}

// before is an error that says which value comes next.
type before int

func (b before) Error() string { return "before " + strconv.Itoa(int(b)) }

// Every gap of a stream of several channels names the one that lost, when All
// reads it.
func TestDropOldestNamesTheChannel(t *testing.T) {
	const channels = 5
	q := New[int](Config{Capacity: 4, MultiSource: true})
	go func() {
		for i := range many {
			q.Push(i, strconv.Itoa(i%channels), 1)
		}
		q.End(nil, false)
	}()
	got := map[string]uint64{}
	for v, gap := range q.All() {
		if gap != nil {
			got[gap.Channel] += gap.Dropped
		} else {
			got[strconv.Itoa(v%channels)]++
		}
	}
	for i := range channels {
		if n := got[strconv.Itoa(i)]; n != many/channels {
			t.Errorf("channel %d: %d values and losses, want %d", i, n, many/channels)
		}
	}
	if len(got) != channels {
		t.Errorf("channels %v", got)
	}
}

// Workers share C, one watcher has the gaps: nothing is told twice, nothing
// goes untold, and a loss with several candidates is named only if it can be.
func TestWorkersAndAWatcher(t *testing.T) {
	for _, p := range []Policy{DropOldest, DropNewest, Grow(1 << 30)} {
		t.Run(name(p), func(t *testing.T) {
			q := New[int](Config{Capacity: 8, Policy: p, MultiSource: true})
			var received, told, marks atomic.Uint64
			done := make(chan struct{})
			var workers, watcher sync.WaitGroup
			for range 4 {
				workers.Go(func() {
					for range q.C() {
						received.Add(1)
					}
				})
			}
			watch := func() {
				for g := range q.Gaps() {
					told.Add(g.Dropped)
					marks.Add(g.Malformed)
				}
			}
			watcher.Go(func() {
				for {
					select {
					case <-q.Lost():
						watch()
					case <-done:
						watch()
						return
					}
				}
			})
			for i := range many {
				q.Push(i, strconv.Itoa(i%3), 1)
				if i%100 == 0 {
					q.Mark(Gap{Channel: "0", Malformed: 1})
				}
			}
			q.End(nil, false)
			workers.Wait()
			close(done)
			watcher.Wait()
			q.Drained(t.Context())
			if received.Load()+told.Load() != many || marks.Load() != many/100 {
				t.Errorf("%d received, %d told, %d marks of %d", received.Load(), told.Load(), marks.Load(), many)
			}
			if s := q.Stats(); s.Delivered != received.Load() || s.Dropped != told.Load() {
				t.Errorf("Stats %+v", s)
			}
		})
	}
}

// Several loops over All share the values; none of them sleeps through one, or
// through the end.
func TestAllFromSeveralGoroutines(t *testing.T) {
	for _, p := range []Policy{DropOldest, Grow(1 << 30)} {
		q := New[int](Config{Capacity: 8, Policy: p})
		var seen atomic.Uint64
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for _, gap := range q.All() {
					if gap != nil {
						seen.Add(gap.Dropped)
					} else {
						seen.Add(1)
					}
				}
			})
		}
		produce(q, many)
		readers.Wait()
		q.Drained(t.Context())
		if seen.Load() != many {
			t.Errorf("%s: %d of %d", name(p), seen.Load(), many)
		}
	}
}

// Eight goroutines end a queue into which values flow: no panic, one winner, C
// closed, and every value either readable, counted, or refused by Push.
func TestEndWhilePushing(t *testing.T) {
	for _, p := range []Policy{DropOldest, DropNewest, EndStream, Grow(100)} {
		t.Run(name(p), func(t *testing.T) {
			for range 300 {
				q := New[int](Config{Capacity: 4, Policy: p})
				var winners atomic.Int32
				var winner atomic.Pointer[error]
				var all sync.WaitGroup
				pushed := 0
				all.Go(func() {
					for q.Push(pushed, "prices", 1) {
						if pushed++; pushed%64 == 0 {
							runtime.Gosched() // on one processor, the others have to get a turn
						}
					}
				})
				for i := range 8 {
					all.Go(func() {
						err := fmt.Errorf("end %d", i)
						if q.End(err, i%2 == 0) {
							winners.Add(1)
							winner.Store(&err)
						}
					})
				}
				all.Go(func() {
					for range 3 {
						q.Stats()
						for range q.Gaps() {
							break
						}
					}
				})
				all.Wait()
				var received, told uint64
				for range q.C() {
					received++
				}
				q.Drained(t.Context())
				overflowed := errors.Is(q.Err(), ErrOverflow)
				if winners.Load() > 1 || (winners.Load() == 1) == overflowed {
					t.Fatalf("%d winners, Err %v", winners.Load(), q.Err())
				}
				if !overflowed && q.Err() != *winner.Load() {
					t.Fatalf("Err %v, the winner's is %v", q.Err(), *winner.Load())
				}
				s := q.Stats()
				told = s.Dropped
				want := uint64(pushed)
				if overflowed {
					want++ // the value that did not fit
				}
				if received+told != want || s.Delivered != received {
					t.Fatalf("%d received, %+v, of %d", received, s, want)
				}
			}
		})
	}
}
