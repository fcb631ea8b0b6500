package flow

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/realtimex/realtimex-go/rtx"
)

// Each pulled operator against the plainest program that does the same with a slice, over random
// scripts. The sequence is taken in ranges that are left at random, so nothing may be lost there.
func TestPulledOperatorsAgainstAReference(t *testing.T) {
	at := func(n int) string { return string(rune('a' + n%2)) }
	half := func(n int) int { return n / 5 }
	near := func(a, b int) bool { return a-b <= 2 && b-a <= 2 }
	for name, row := range map[string]struct {
		operator  func(Seq[int]) Seq[int]
		reference func(script) script
	}{
		"Map": {
			func(src Seq[int]) Seq[int] { return Map(src, func(n int) int { return n + 7 }) },
			func(s script) (out script) {
				for _, it := range s {
					if it.gap == nil {
						it.v += 7
					}
					out = append(out, it)
				}
				return out
			},
		},
		"Filter": {
			func(src Seq[int]) Seq[int] { return Filter(src, func(n int) bool { return n > 4 }) },
			func(s script) script {
				return slices.DeleteFunc(s, func(it item[int]) bool { return it.gap == nil && it.v <= 4 })
			},
		},
		"FlatMap": {
			func(src Seq[int]) Seq[int] {
				buf := make([]int, 0, 10) // the same each time
				return FlatMap(src, func(n int) []int {
					buf = buf[:0]
					for i := range n {
						buf = append(buf, 10*n+i)
					}
					return buf
				})
			},
			func(s script) (out script) {
				for _, it := range s {
					if it.gap != nil {
						out = append(out, it)
					}
					for i := range it.v {
						out = append(out, item[int]{v: 10*it.v + i})
					}
				}
				return out
			},
		},
		"Scan": {
			func(src Seq[int]) Seq[int] {
				return Scan(src, 100, func(s, n int) int { return s + n }, func(s int, gap *rtx.Gap) int { return s + int(gap.Channel[0]) })
			},
			func(s script) (out script) {
				state := 100
				for _, it := range s {
					if it.gap != nil {
						state += int(it.gap.Channel[0])
						out = append(out, it)
						continue
					}
					state += it.v
					out = append(out, item[int]{v: state})
				}
				return out
			},
		},
		"Changed": {
			func(src Seq[int]) Seq[int] { return Changed(src, half, near, at) },
			func(s script) (out script) {
				for _, it := range s {
					if it.gap != nil {
						out = append(out, it)
						continue
					}
					passes := true // unless a value of its key stands since the last gap of its channel
					for _, was := range slices.Backward(out) {
						if was.gap != nil && was.gap.Channel == at(it.v) {
							break
						}
						if was.gap == nil && at(was.v) == at(it.v) && half(was.v) == half(it.v) {
							passes = !near(was.v, it.v)
							break
						}
					}
					if passes {
						out = append(out, it)
					}
				}
				return out
			},
		},
		"Errors": {
			func(src Seq[int]) Seq[int] {
				failing := Errors(src)
				return func(yield func(int, *rtx.Gap) bool) {
					for n, err := range failing {
						var gap *rtx.Gap
						errors.As(err, &gap)
						if !yield(n, gap) {
							return
						}
					}
				}
			},
			func(s script) script { return s },
		},
		"Latest": {
			func(src Seq[int]) Seq[int] { return NewLatest(src).All() },
			func(s script) script { return s },
		},
		"all": {
			func(src Seq[int]) Seq[int] {
				twice := FlatMap(Filter(src, func(n int) bool { return n > 1 }), func(n int) []int { return []int{n, n} })
				return Scan(Map(twice, func(n int) int { return 3 * n }), 0, func(s, n int) int { return s + n }, nil)
			},
			func(s script) (out script) {
				sum := 0
				for _, it := range s {
					switch {
					case it.gap != nil:
						out = append(out, it)
					case it.v > 1:
						out = append(out, item[int]{v: sum + 3*it.v}, item[int]{v: sum + 6*it.v})
						sum += 6 * it.v
					}
				}
				return out
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(300) {
				r := rand.New(rand.NewPCG(seed, 1))
				s := random(r, r.IntN(40))
				got := show(drain(row.operator(all(ended(s.queue()))), r))
				if want := show(row.reference(slices.Clone(s))); got != want {
					t.Fatalf("seed %d: of %v\ngot  %s\nwant %s", seed, s, got, want)
				}
			}
		})
	}
}

// A sequence over what is pending keeps its state from one wake-up to the next.
func TestStateLivesOverPending(t *testing.T) {
	q := parse("1 2 !a 3").queue()
	pending := converted(q.Pending())
	sums := Scan(pending, 0, func(s, n int) int { return s + n }, nil)
	expect(t, show(drain(sums, nil)), "1 3 !a 6")
	q.Push(4, "", 1)
	expect(t, show(drain(sums, nil)), "10")
}

// Changed forgets keys rather than grow: those used last are known, and a forgotten one passes.
func TestKnownKeysAreBounded(t *testing.T) {
	const ever = 4 * maxKnown
	var phase string
	src := func(yield func(int, *rtx.Gap) bool) {
		phase = "new"
		for n := range ever {
			yield(n, nil)
			if phase = "in use"; n > 0 {
				yield(0, nil)
			}
			phase = "new"
		}
		phase = "recent"
		for n := range maxKnown / 4 {
			yield(ever-1-n, nil)
		}
		phase = "old"
		for n := range 10 {
			yield(1+n, nil)
		}
	}
	passed := make(map[string]int)
	for range Changed(src, func(n int) int { return n }, func(a, b int) bool { return a == b }, nil) {
		passed[phase]++
	}
	if want := map[string]int{"new": ever, "old": 10}; !maps.Equal(passed, want) {
		t.Errorf("passed %v, want %v", passed, want)
	}
	var m memory[int, int]
	for n := range 4 * maxKnown {
		m.put("", n, n)
		if size := len(m.young[""]) + len(m.old[""]); size > maxKnown {
			t.Fatalf("%d keys are known", size)
		}
	}
	m.forget("")
	if m.size != 0 || len(m.young)+len(m.old) != 0 {
		t.Errorf("%d left after all was forgotten", m.size)
	}
}

func TestFunctionsThatAreNil(t *testing.T) {
	id := func(n int) int { return n }
	for name, call := range map[string]func(){
		"Map":        func() { Map[int, int](nil, nil) },
		"Filter":     func() { Filter[int](nil, nil) },
		"FlatMap":    func() { FlatMap[int, int](nil, nil) },
		"Scan":       func() { Scan[int](nil, 0, nil, nil) },
		"Changed":    func() { Changed(nil, id, nil, nil) },
		"OrderedMap": func() { OrderedMap[int, int](Feed[int]{}, 1, nil) },
		"Retry":      func() { Retry[int](nil) },
	} {
		func() {
			defer func() {
				if got, want := recover(), "flow: "+name+": a function is nil"; got != want {
					t.Errorf("%s panics with %v", name, got)
				}
			}()
			call()
		}()
	}
}
