package stream

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The timed readers against naive references. A schedule is what is pushed and
// when. A reference works on the whole of it and knows no queue, no timer and no
// wake-up.

// An arrival is a value or a loss that comes at a time. Periods and limits are
// whole units, and each arrival has a remainder of its own, so that nothing else
// ever happens at the same time.
type arrival struct {
	at   time.Duration
	v    int
	loss bool
}

// output is what a reader hands out, and when.
type output struct {
	at     time.Duration
	values []int
	loss   bool
}

func (o output) String() string {
	if o.loss {
		return fmt.Sprintf("%v: a gap", o.at)
	}
	return fmt.Sprintf("%v: %v", o.at, o.values)
}

const unit = time.Microsecond

func units(rnd *rand.Rand, most int) time.Duration { return time.Duration(1+rnd.IntN(most)) * unit }

func randomArrivals(rnd *rand.Rand) (all []arrival, end time.Duration) {
	at := time.Duration(0)
	for i := range rnd.IntN(60) {
		at += units(rnd, []int{1, 10, 45}[rnd.IntN(3)])
		all = append(all, arrival{at + time.Duration(1+i), i, rnd.IntN(8) == 0})
	}
	return all, at + units(rnd, 100) + 999
}

// naive collects arrivals, and hands them out when the reference says.
type naive struct {
	open []arrival
	out  []output
}

func (n *naive) flush(at time.Duration) {
	if len(n.open) == 0 {
		return
	}
	var values []int
	for _, a := range n.open {
		values = append(values, a.v)
	}
	n.open = nil
	n.out = append(n.out, output{at: at, values: values})
}

// run goes through the arrivals. due is when what is open is to be handed out.
func (n *naive) run(all []arrival, end time.Duration, due func(open []arrival) time.Duration, limit int) []output {
	for _, a := range all {
		if d := due(n.open); len(n.open) > 0 && d < a.at {
			n.flush(d)
		}
		if a.loss {
			n.flush(a.at)
			n.out = append(n.out, output{at: a.at, loss: true})
			continue
		}
		if n.open = append(n.open, a); len(n.open) == limit {
			n.flush(a.at)
		}
	}
	if d := due(n.open); len(n.open) > 0 && d < end {
		n.flush(d)
	}
	n.flush(end)
	return n.out
}

// newestOf keeps the last value of each output.
func newestOf(out []output) []output {
	for i, o := range out {
		if !o.loss {
			out[i].values = o.values[len(o.values)-1:]
		}
	}
	return out
}

// ones makes slices of one value.
func ones(seq iter.Seq2[int, *Gap]) iter.Seq2[[]int, *Gap] {
	return func(yield func([]int, *Gap) bool) {
		for v, gap := range seq {
			if !yield([]int{v}, gap) {
				return
			}
		}
	}
}

func TestTimedReadersAgainstReferences(t *testing.T) {
	nextPeriod := func(at, every time.Duration) time.Duration { return at - at%every + every }
	for name, c := range map[string]struct {
		read func(q *Queue[int], limit int, d, longest time.Duration) iter.Seq2[[]int, *Gap]
		want func(all []arrival, end time.Duration, limit int, d, longest time.Duration) []output
	}{
		"Batches": {
			func(q *Queue[int], limit int, d, _ time.Duration) iter.Seq2[[]int, *Gap] { return q.Batches(limit, d) },
			func(all []arrival, end time.Duration, limit int, d, _ time.Duration) []output {
				return new(naive).run(all, end, func(open []arrival) time.Duration {
					if len(open) == 0 {
						return 0
					}
					return open[0].at + d
				}, limit)
			},
		},
		"Window": {
			func(q *Queue[int], _ int, d, _ time.Duration) iter.Seq2[[]int, *Gap] { return q.Window(d) },
			func(all []arrival, end time.Duration, _ int, d, _ time.Duration) []output {
				return new(naive).run(all, end, func(open []arrival) time.Duration {
					if len(open) == 0 {
						return 0
					}
					return nextPeriod(open[0].at, d)
				}, -1)
			},
		},
		"Debounce": {
			func(q *Queue[int], _ int, d, longest time.Duration) iter.Seq2[[]int, *Gap] {
				return ones(q.Debounce(d, longest))
			},
			func(all []arrival, end time.Duration, _ int, d, longest time.Duration) []output {
				return newestOf(new(naive).run(all, end, func(open []arrival) time.Duration {
					if len(open) == 0 {
						return 0
					}
					due := open[len(open)-1].at + d
					if longest > 0 {
						due = min(due, open[0].at+longest)
					}
					return due
				}, -1))
			},
		},
		"Sample": {
			func(q *Queue[int], _ int, d, _ time.Duration) iter.Seq2[[]int, *Gap] { return ones(q.Sample(d)) },
			func(all []arrival, end time.Duration, _ int, d, _ time.Duration) []output {
				return newestOf(new(naive).run(all, end, func(open []arrival) time.Duration {
					if len(open) == 0 {
						return 0
					}
					return nextPeriod(open[0].at, d)
				}, -1))
			},
		},
		"Timeout": {
			func(q *Queue[int], _ int, d, _ time.Duration) iter.Seq2[[]int, *Gap] { return q.Timeout(d) },
			func(all []arrival, end time.Duration, _ int, d, _ time.Duration) (out []output) {
				last := time.Duration(0)
				silent := func(until time.Duration) {
					for last+d < until {
						last += d
						out = append(out, output{at: last})
					}
				}
				for _, a := range all {
					silent(a.at)
					last = a.at
					if a.loss {
						out = append(out, output{at: a.at, loss: true})
					} else {
						out = append(out, output{at: a.at, values: []int{a.v}})
					}
				}
				silent(end)
				return out
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			first, seeds := rand.Uint64N(1<<40), uint64(400)
			if *seedFlag != 0 {
				first, seeds = *seedFlag, 1
			}
			for seed := first; seed < first+seeds && !t.Failed(); seed++ {
				synctest.Test(t, func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(seed, 9))
					all, end := randomArrivals(rnd)
					limit := 1 + rnd.IntN(6)
					d := units(rnd, 50)
					longest := time.Duration(rnd.IntN(3)*3) * d
					q := New[int](Config{Capacity: 100})
					start := time.Now()
					go func() {
						for _, a := range all {
							time.Sleep(a.at - time.Since(start))
							if a.loss {
								q.Mark(Gap{Malformed: 1})
							} else {
								q.Push(a.v, "", 1)
							}
						}
						time.Sleep(end - time.Since(start))
						q.End(nil, false)
					}()
					var got []output
					handed := uint64(0)
					for values, gap := range c.read(q, limit, d, longest) {
						o := output{at: time.Since(start), values: values, loss: gap != nil}
						if o.loss {
							o.values = nil
						}
						handed += uint64(len(o.values))
						got = append(got, o)
					}
					want := c.want(all, end, limit, d, longest)
					if !slices.EqualFunc(got, want, func(a, b output) bool {
						return a.at == b.at && a.loss == b.loss && slices.Equal(a.values, b.values)
					}) {
						t.Errorf("-seed=%d: limit %d, d %v, longest %v\n%s\ngot\n%s\nwant\n%s", seed, limit, d, longest, lines(all), lines(got), lines(want))
					}
					if s := q.Stats(); s.Delivered != handed || s.Delivered+s.Superseded != uint64(len(all))-s.Malformed || s.Dropped+uint64(s.Depth) != 0 {
						t.Errorf("-seed=%d: %d handed out of %d: %+v", seed, handed, len(all), s)
					}
				})
			}
		})
	}
}

func lines[T any](all []T) string {
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintln(&b, v)
	}
	return b.String()
}

// A window that never ends is handed out in parts.
func TestAWindowIsBounded(t *testing.T) {
	q := New[int](Config{Capacity: 2*MaxWindow + 1})
	for i := range 2*MaxWindow + 1 {
		q.Push(i, "", 1)
	}
	q.End(nil, false)
	var sizes []int
	for values, gap := range q.Window(0) {
		if gap != nil {
			t.Fatal(gap)
		}
		sizes = append(sizes, len(values))
	}
	if want := []int{MaxWindow, MaxWindow, 1}; !slices.Equal(sizes, want) {
		t.Errorf("slices of %v, want %v", sizes, want)
	}
}
