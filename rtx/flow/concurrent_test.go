package flow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
	"github.com/realtimex/realtimex-go/rtx"
)

// play puts a script into a queue at random times, and ends it.
func (s script) play(r *rand.Rand) *stream.Queue[int] {
	q := stream.New[int](stream.Config{Capacity: len(s) + 1})
	var pauses []time.Duration
	for range s {
		pauses = append(pauses, time.Duration(r.IntN(3))*time.Second)
	}
	go func() {
		for i, it := range s {
			time.Sleep(pauses[i])
			if it.gap != nil {
				q.Mark(stream.Gap(*it.gap))
			} else {
				q.Push(it.v, "", 1)
			}
		}
		q.End(nil, false)
	}()
	return q
}

// either is the feed of a queue, of either kind.
func either(q *stream.Queue[int], r *rand.Rand) Feed[int] {
	if r.IntN(2) == 0 {
		return Waiting(all(q))
	}
	return feed(q)
}

func bubbles(t *testing.T, seeds uint64, play func(t *testing.T, r *rand.Rand)) {
	t.Helper()
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			play(t, rand.New(rand.NewPCG(seed, 2)))
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		})
	}
}

// What comes of each source is that source, whole and in order, however the ranges are left.
func TestMergeAgainstAReference(t *testing.T) {
	bubbles(t, 200, func(t *testing.T, r *rand.Rand) {
		scripts := make([]script, r.IntN(4))
		feeds := make([]Feed[int], len(scripts))
		for i := range scripts {
			scripts[i] = random(r, r.IntN(20))
			for k := range scripts[i] { // make known where an item is from
				if it := &scripts[i][k]; it.gap != nil {
					it.gap = &rtx.Gap{Channel: fmt.Sprint(i, it.gap.Channel)}
				} else {
					it.v += 100 * i
				}
			}
			feeds[i] = either(scripts[i].play(r), r)
		}
		got := make([][]item[int], len(scripts))
		for _, it := range drain(Merge(feeds...), r) {
			from := it.v / 100
			if it.gap != nil {
				from = int(it.gap.Channel[0] - '0')
			}
			got[from] = append(got[from], it)
		}
		for i, s := range scripts {
			expect(t, show(got[i]), s.String())
		}
	})
}

// The results stand in the order of the values, f is called once for each, and no more than n calls
// run at a time.
func TestOrderedMapAgainstAReference(t *testing.T) {
	most := 0
	bubbles(t, 200, func(t *testing.T, r *rand.Rand) {
		s, n := random(r, r.IntN(40)), 1+r.IntN(5)
		durations := [10]time.Duration{}
		for i := range durations {
			durations[i] = time.Duration(r.IntN(5)) * time.Second
		}
		var calls, now, peak atomic.Int64
		seq := OrderedMap(either(s.play(r), r), n, func(v int) int {
			calls.Add(1)
			for k := now.Add(1); k > peak.Load(); {
				peak.Store(k)
			}
			time.Sleep(durations[v])
			now.Add(-1)
			return v
		})
		var got []item[int]
		for r.IntN(4) > 0 {
			for v, gap := range seq {
				if got = append(got, item[int]{v, gap}); r.IntN(4) == 0 {
					break
				}
			}
			if now.Load() != 0 {
				t.Errorf("%d calls run after the range", now.Load())
			}
		}
		got = append(got, drain(seq, nil)...)
		expect(t, show(got), s.String())
		values := len(slices.DeleteFunc(s, func(it item[int]) bool { return it.gap != nil }))
		if int(calls.Load()) != values || int(peak.Load()) > n {
			t.Errorf("%d calls for %d values, %d at a time, not %d", calls.Load(), values, peak.Load(), n)
		}
		most = max(most, int(peak.Load()))
	})
	if most != 5 {
		t.Errorf("never more than %d calls at a time", most)
	}
}

// A result is handed out as soon as it is due, also while nothing else comes.
func TestOrderedMapOnAQuietStream(t *testing.T) {
	for name, of := range map[string]func(*stream.Queue[int]) Feed[int]{
		"woken": feed, "waiting": func(q *stream.Queue[int]) Feed[int] { return Waiting(all(q)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := parse("1").queue()
				begin := time.Now()
				for range OrderedMap(of(q), 4, func(n int) int { time.Sleep(time.Second); return n }) {
					break
				}
				if took := time.Since(begin); took != time.Second {
					t.Errorf("the result came after %v", took)
				}
				q.End(nil, true)
			})
		})
	}
}

// Every value is done once, between the gaps that it stood between; nothing runs beside a gap's
// function; no more than n at a time, and n if there are as many.
func TestForEachAgainstAReference(t *testing.T) {
	most := 0
	bubbles(t, 200, func(t *testing.T, r *rand.Rand) {
		s, n := random(r, r.IntN(40)), 1+r.IntN(5)
		var mu sync.Mutex
		now, peak := 0, 0
		var done []int
		var got, want []string
		err := ForEach(t.Context(), either(s.play(r), r), n, func(_ context.Context, v int) error {
			mu.Lock()
			now++
			peak = max(peak, now)
			mu.Unlock()
			time.Sleep(time.Duration(v) * time.Second)
			mu.Lock()
			now--
			done = append(done, v)
			mu.Unlock()
			return nil
		}, func(_ context.Context, gap *rtx.Gap) error {
			time.Sleep(time.Second)
			if now != 0 {
				t.Errorf("%d calls run beside the gap's", now)
			}
			slices.Sort(done)
			got, done = append(got, fmt.Sprint(done, gap.Channel)), nil
			return nil
		})
		slices.Sort(done)
		got = append(got, fmt.Sprint(done))
		var between []int
		for _, it := range s {
			if it.gap == nil {
				between = append(between, it.v)
				continue
			}
			slices.Sort(between)
			want, between = append(want, fmt.Sprint(between, it.gap.Channel)), nil
		}
		slices.Sort(between)
		want = append(want, fmt.Sprint(between))
		expect(t, fmt.Sprint(got), fmt.Sprint(want))
		if err != nil || peak > n {
			t.Errorf("%v; %d at a time, not %d", err, peak, n)
		}
		most = max(most, peak)
	})
	if most != 5 {
		t.Errorf("never more than %d at a time", most)
	}
}

// The order is kept by one hand.
func TestForEachWithOneHandKeepsTheOrder(t *testing.T) {
	bubbles(t, 50, func(t *testing.T, r *rand.Rand) {
		s := random(r, 20)
		var got script
		err := ForEach(t.Context(), either(s.play(r), r), 0, func(_ context.Context, v int) error {
			got = append(got, item[int]{v: v})
			return nil
		}, func(_ context.Context, gap *rtx.Gap) error {
			got = append(got, item[int]{gap: gap})
			return nil
		})
		expect(t, fmt.Sprint(got, err), fmt.Sprint(s, nil))
	})
}

// A failure ends ForEach at once, also on a quiet stream; the others are told by their context;
// what was not begun stays with the stream.
func TestForEachFails(t *testing.T) {
	broken := errors.New("broken")
	for name, of := range map[string]func(*stream.Queue[int]) Feed[int]{
		"woken": feed, "waiting": func(q *stream.Queue[int]) Feed[int] { return Waiting(all(q)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := parse("1 2 3 4 5 6").queue()
				begin := time.Now()
				var done atomic.Int64
				src := of(q)
				err := ForEach(t.Context(), src, 2, func(ctx context.Context, v int) error {
					done.Add(1)
					if v == 3 {
						return broken
					}
					select {
					case <-time.After(time.Second):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}, func(context.Context, *rtx.Gap) error { return nil })
				if took := time.Since(begin); !errors.Is(err, broken) || took != time.Second {
					t.Errorf("%v after %v", err, took)
				}
				var rest []int
				err = ForEach(t.Context(), src, 1, func(_ context.Context, v int) error {
					rest = append(rest, v)
					if v == 6 {
						return broken
					}
					return nil
				}, func(context.Context, *rtx.Gap) error { return nil })
				if int(done.Load())+len(rest) != 6 || !errors.Is(err, broken) {
					t.Errorf("%d were given to the first, and the second got %v: %v", done.Load(), rest, err)
				}
				q.End(nil, true)
			})
		})
	}
}

// The end of the context ends the wait of a quiet stream, and its cause is the error. So does an
// error of the gap's function.
func TestForEachEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		q := parse("1").queue()
		time.AfterFunc(time.Minute, func() { cancel(why) })
		nothing := func(context.Context, int) error { return nil }
		fail := func(_ context.Context, gap *rtx.Gap) error { return gap }
		if err := ForEach(ctx, feed(q), 3, nothing, fail); !errors.Is(err, why) {
			t.Error(err)
		}
		var gap *rtx.Gap
		if err := ForEach(t.Context(), feed(parse("1 !a 2").queue()), 3, nothing, fail); !errors.As(err, &gap) || gap.Channel != "a" {
			t.Error(err)
		}
		// The gap was taken while a call ran that fails: nobody is told but by the error.
		err := ForEach(t.Context(), feed(parse("1 !a 2").queue()), 3, func(context.Context, int) error {
			time.Sleep(time.Second)
			return why
		}, func(context.Context, *rtx.Gap) error { t.Error("told"); return nil })
		if gap = nil; !errors.Is(err, why) || !errors.As(err, &gap) || gap.Channel != "a" {
			t.Error(err)
		}
		//nolint:staticcheck // SA1012: A nil context is the case.
		if err := ForEach(nil, feed(q), 1, nothing, fail); err == nil {
			t.Error("a nil context is taken")
		}
		if err := ForEach(t.Context(), feed(q), 1, nothing, nil); err == nil {
			t.Error("a nil function is taken")
		}
		if err := ForEach(t.Context(), Feed[int]{}, 1, nothing, fail); err != nil {
			t.Error(err)
		}
	})
}

// Every taker gets every item while it is not more than the buffer behind. Past that, what it did
// not get is counted, in its place.
func TestTeeAgainstAReference(t *testing.T) {
	drops := 0
	bubbles(t, 200, func(t *testing.T, r *rand.Rand) {
		s, buffer := random(r, r.IntN(40)), []int{1, 3, 100}[r.IntN(3)]
		for i := range s {
			if s[i].v = i; s[i].gap != nil {
				s[i] = item[int]{gap: &rtx.Gap{Channel: fmt.Sprint(i), Reconnected: true}}
			}
		}
		takers := Tee(all(s.play(r)), 3, buffer)
		got := make([][]item[int], 3)
		var wg sync.WaitGroup
		for i, seq := range takers {
			r := rand.New(rand.NewPCG(r.Uint64(), 3))
			wg.Go(func() {
				take := func(again bool) {
					for v, gap := range seq {
						got[i] = append(got[i], item[int]{v, gap})
						time.Sleep(time.Duration(r.IntN(3)*i) * time.Second)
						if again && r.IntN(4) == 0 {
							break
						}
					}
				}
				for r.IntN(4) > 0 {
					take(true)
				}
				take(false)
			})
		}
		wg.Wait()
		for i := range takers {
			drops += follows(t, got[i], s)
			if buffer == 100 {
				expect(t, show(got[i]), s.String())
			}
		}
	})
	if drops == 0 {
		t.Error("no taker missed anything")
	}
}

// follows checks what a taker got of a script whose items all differ: each item is the next, but
// for a gap that counts those up to the one after it.
func follows(t *testing.T, got []item[int], s script) (dropped int) {
	t.Helper()
	at := 0
	counted, told := uint64(0), false // by gaps that follow each other
	for i, it := range got {
		if it.gap == nil || it.gap.Dropped == 0 && !it.gap.Several {
			if at == len(s) || show(got[i:i+1]) != show(s[at:at+1]) {
				t.Fatalf("got %s of %v", show(got), s)
			}
			at++
			continue
		}
		counted += it.gap.Dropped
		told = told || it.gap.Reconnected
		if i+1 < len(got) && got[i+1].gap != nil && (got[i+1].gap.Dropped > 0 || got[i+1].gap.Several) {
			continue
		}
		values, gaps := uint64(0), false
		for ; at < len(s) && (i+1 == len(got) || show(got[i+1:i+2]) != show(s[at:at+1])); at++ {
			if gaps = gaps || s[at].gap != nil; s[at].gap == nil {
				values++
			}
		}
		if counted != values || told != gaps {
			t.Fatalf("%v, and those before it, count %d for %d values; got %s of %v", it.gap, counted, values, show(got), s)
		}
		dropped += int(values)
		counted, told = 0, false
	}
	if at != len(s) {
		t.Fatalf("got %s of %v, which is not the whole", show(got), s)
	}
	return dropped
}

// goroutines is how many there are in the bubble and out of it, once all that can run has.
func goroutines() int {
	synctest.Wait()
	return runtime.NumGoroutine()
}

// Leaving a range leaves no goroutine, also on a stream on which nothing comes.
func TestLeavingARangeLeavesNoGoroutine(t *testing.T) {
	for name, of := range map[string]func(*stream.Queue[int]) Seq[int]{
		"OrderedMap": func(q *stream.Queue[int]) Seq[int] {
			return OrderedMap(feed(q), 4, func(n int) int { time.Sleep(time.Second); return n })
		},
		"Merge": func(q *stream.Queue[int]) Seq[int] {
			quiet := stream.New[int](stream.Config{})
			time.AfterFunc(time.Hour, func() { quiet.End(nil, false) })
			return Merge(feed(q), feed(quiet))
		},
		"Tee": func(q *stream.Queue[int]) Seq[int] { return Tee(all(q), 2, 10)[0] },
		"Latest": func(q *stream.Queue[int]) Seq[int] {
			return NewLatest(all(q)).All()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := parse("1 2 !a 3").queue()
				before := goroutines()
				seq := of(q)
				for i := range 3 {
					for range seq {
						break
					}
					if now := goroutines(); now != before {
						t.Errorf("%d goroutines after range %d, %d before", now, i, before)
					}
				}
				q.End(nil, false)
				expect(t, show(drain(seq, nil)), "3")
			})
		})
	}
}

// The goroutine of a feed of a sequence that waits by itself stays while nothing comes, and takes
// nothing along: the item that it waited for is the next.
func TestWaitingFeedThatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := parse("1").queue()
		before := goroutines()
		src := Waiting(all(q))
		take := func() (got string) {
			for n := range Merge(src) {
				return fmt.Sprint(n)
			}
			return "end"
		}
		expect(t, take(), "1")
		if now := goroutines(); now > before+1 {
			t.Errorf("%d goroutines beside those before", now-before)
		}
		q.Push(2, "", 1)
		q.Push(3, "", 1)
		if now := goroutines(); now != before {
			t.Errorf("%d goroutines left after the item came", now-before)
		}
		expect(t, take(), "2")
		expect(t, take(), "3")
		q.End(nil, false)
		expect(t, take(), "end")
		expect(t, take(), "end")
		if now := goroutines(); now != before {
			t.Errorf("%d goroutines left at the end", now-before)
		}
	})
}

// A sequence over what is pending may keep items that no token tells of: the rest of a slice. An
// operator that left it early, or one that reads it next, does not wait for a token then.
func TestRestOfASliceNeedsNoToken(t *testing.T) {
	twice := func(q *stream.Queue[int]) Feed[int] {
		return Woken(q.Wake(), FlatMap(converted(q.Pending()), func(n int) []int { return []int{n, n, n} }))
	}
	synctest.Test(t, func(t *testing.T) { // a wait is a deadlock of the bubble
		for name, operator := range map[string]func(Feed[int]) Seq[int]{
			"Merge":      func(f Feed[int]) Seq[int] { return Merge(f) },
			"OrderedMap": func(f Feed[int]) Seq[int] { return OrderedMap(f, 1, func(n int) int { return n }) },
		} {
			for _, anew := range []bool{false, true} {
				src := twice(parse("1 2").queue())
				seq := operator(src)
				var got []item[int]
				for range 6 {
					if anew {
						seq = operator(src)
					}
					for v, gap := range seq {
						got = append(got, item[int]{v, gap})
						break
					}
				}
				if want := "1 1 1 2 2 2"; show(got) != want {
					t.Errorf("%s, another each time: %v: got %s", name, anew, show(got))
				}
			}
		}
		src := twice(parse("1 2").queue())
		var got []item[int]
		for range 6 {
			_ = ForEach(t.Context(), src, 1, func(_ context.Context, n int) error {
				got = append(got, item[int]{v: n})
				return errBusy
			}, func(context.Context, *rtx.Gap) error { return nil })
		}
		expect(t, show(got), "1 1 1 2 2 2")
	})
}
