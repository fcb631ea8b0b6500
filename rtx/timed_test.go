package rtx

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/race"
)

// lawReaders are the ways to read a stream whose gaps have a rule: what each hands out of the
// values 1 2 3, a gap, 4 5 and the end, and how many values it leaves out on purpose.
var lawReaders = []struct {
	name       string
	opts       []StreamOption
	read       func(s *Stream[int]) iter.Seq2[[]int, *Gap]
	want       string
	superseded uint64
}{
	{"All", nil, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return sliced(s.All()) }, "[1] [2] [3] gap [4] [5]", 0},
	{"Pending", nil, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return sliced(s.Pending()) }, "[1] [2] [3] gap [4] [5]", 0},
	{"Batches of 2", nil, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return Batches(s, 2, 0) }, "[1 2] [3] gap [4 5]", 0},
	{"Window", nil, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return Window(s, time.Hour) }, "[1 2 3] gap [4 5]", 0},
	{"Debounce", nil, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return sliced(Debounce(s, time.Hour, 0)) }, "[3] gap [5]", 3},
	{"Debounce of no time", nil, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return sliced(Debounce(s, 0, 0)) }, "[1] [2] [3] gap [4] [5]", 0},
	{"Sample", nil, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return sliced(Sample(s, time.Hour)) }, "[3] gap [5]", 3},
	{"Sample of no time", nil, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return sliced(Sample(s, -1)) }, "[1] [2] [3] gap [4] [5]", 0},
	{"Timeout", nil, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return Timeout(s, time.Hour) }, "[1 2 3] gap [4 5]", 0},
	// 4 and 5 come after the gap and have the keys of 2 and 1, which are gone.
	{"WithConflate", []StreamOption{byRest}, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return sliced(s.All()) }, "[3] gap [4] [5]", 2},
	{"WithConflate, sampled", []StreamOption{byRest}, func(s *Stream[int]) iter.Seq2[[]int, *Gap] { return sliced(Sample(s, time.Hour)) }, "[3] gap [5]", 3},
}

// byRest conflates 1 with 5, 2 with 4, and 3 with 6.
var byRest = WithConflate(func(v int) int { return min(v%6, 6-v%6) })

func sliced(seq iter.Seq2[int, *Gap]) iter.Seq2[[]int, *Gap] {
	return func(yield func([]int, *Gap) bool) {
		for v, gap := range seq {
			if !yield([]int{v}, gap) {
				return
			}
		}
	}
}

// lawStream is a stream of 1 2 3, a gap, 4 5, which has been closed.
func lawStream(t *testing.T, opts []StreamOption) *Stream[int] {
	w := newWire(t)
	t.Cleanup(func() { _ = w.c.Close() })
	w.up()
	s := On[int](context.Background(), w.c.Channel("a"), "n", opts...)
	w.settle()
	for _, payload := range []string{"1", "2", "3", `"no number"`, "4", "5"} {
		w.publish("a", "n", payload)
	}
	s.Close()
	return s
}

// take reads up to n times.
func lawTake(seq iter.Seq2[[]int, *Gap], n int) (got []string) {
	for values, gap := range seq {
		if gap != nil {
			got = append(got, "gap")
		} else {
			got = append(got, fmt.Sprint(values))
		}
		if n--; n == 0 {
			break
		}
	}
	return got
}

func TestLawOfGaps(t *testing.T) {
	for _, r := range lawReaders {
		t.Run(r.name, func(t *testing.T) {
			s := lawStream(t, r.opts)
			if got := strings.Join(lawTake(r.read(s), 0), " "); got != r.want {
				t.Errorf("handed out %s, want %s", got, r.want)
			}
			if st := s.Stats(); st.Superseded != r.superseded || st.Delivered+st.Superseded != 5 || st.Malformed != 1 || st.Dropped != 0 {
				t.Errorf("%+v, want %d superseded", st, r.superseded)
			}
		})
	}
}

// A loop that is left at any point has taken nothing that it did not hand out, but for what it left
// out on purpose.
func TestLoopsThatAreLeftLoseNothing(t *testing.T) {
	for _, r := range lawReaders {
		t.Run(r.name, func(t *testing.T) {
			for n := 1; n <= 6; n++ {
				s := lawStream(t, r.opts)
				got := lawTake(r.read(s), n)
				rest := lawTake(sliced(s.All()), 0)
				all := strings.Join(append(slices.Clone(got), rest...), " ")
				st := s.Stats()
				if st.Delivered+st.Superseded != 5 || strings.Count(all, "gap") != 1 || !strings.HasSuffix(all, "5]") {
					t.Errorf("left after %v, then %v: %+v", got, rest, st)
				}
				handed := strings.Fields(strings.NewReplacer("[", "", "]", "", "gap", "").Replace(all))
				if uint64(len(handed)) != st.Delivered || !slices.IsSorted(handed) {
					t.Errorf("left after %v, then %v: %+v", got, rest, st)
				}
			}
		})
	}
}

// A reader that is stuck on 10,000 keys and a million events holds one value for each key, and then
// reads the newest of each, in the order in which the keys came.
func TestConflateIsBounded(t *testing.T) {
	keys, events := race.Fewer(10_000, 1000), race.Fewer(1_000_000, 100_000)
	w := newWire(t)
	defer w.c.Close()
	w.up()
	s := On[int](context.Background(), w.c.Channel("a"), "n", WithBuffer(keys), WithConflate(func(v int) int { return v % keys }))
	w.settle()
	payload := make([]byte, 0, 100)
	publish := func(from, to int) {
		for v := from; v < to; v++ {
			payload = fmt.Appendf(payload[:0], `["server-event",{"channel":"a","event":"n","data":%d}]`, v)
			w.receive(payload)
		}
	}
	publish(0, keys)
	before := heapInUse()
	publish(keys, events)
	if more := int64(heapInUse()) - int64(before); more > 1<<20 {
		t.Errorf("%d bytes more after %d events", more, events-keys)
	}
	if st := s.Stats(); st.Depth != keys || st.Superseded != uint64(events-keys) || st.Dropped != 0 || st.Capacity != keys {
		t.Errorf("%+v", st)
	}
	want := events - keys
	for v, gap := range s.Pending() {
		if gap != nil || v != want {
			t.Fatalf("read %d, %v, want %d", v, gap, want)
		}
		want++
	}
	if want != events || s.C != nil {
		t.Errorf("read up to %d", want)
	}
}

// Past the last key, the policy says what becomes of a value.
func TestConflateRunsOutOfKeys(t *testing.T) {
	for name, c := range map[string]struct {
		policy Policy
		want   string
		err    error
	}{
		"DropOldest": {DropOldest, "gap [12] [23]", nil},
		"DropNewest": {DropNewest, "[11] gap [12] gap", nil}, // 12 came after what was dropped
		"EndStream":  {EndStream, "[11] [2] gap", ErrOverflow},
		"Grow":       {Grow(3), "[11] [12] [23]", nil},
		"Grow by 1":  {Grow(1), "[11] [12] gap", ErrOverflow},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			defer w.c.Close()
			w.up()
			s := On[int](context.Background(), w.c.Channel("a"), "n", WithBuffer(2), WithOverflow(c.policy), WithConflate(func(v int) int { return v % 10 }))
			w.settle()
			for _, payload := range []string{"1", "2", "11", "3", "12", "23"} {
				w.publish("a", "n", payload)
			}
			err := s.Err()
			s.Close()
			if got := strings.Join(lawTake(sliced(s.All()), 0), " "); got != c.want || err != c.err {
				t.Errorf("read %s (%v), want %s (%v)", got, err, c.want, c.err)
			}
			if st := s.Stats(); c.err == nil && st.Delivered+st.Superseded+st.Dropped != 6 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// A key that can't be found again, or a function that panics, costs that value alone.
func TestConflateByBadKeys(t *testing.T) {
	for name, key := range map[string]StreamOption{
		"NaN":          WithConflate(func(v float64) float64 { return v * (v / v) }),
		"no key":       WithConflate(func(v float64) any { return map[bool]any{true: v, false: []int{}}[v != 0] }),
		"panic":        WithConflate(func(v float64) float64 { return float64(1 / int(v)) }),
		"in an array":  WithConflate(func(v float64) [1]float64 { return [1]float64{v * (v / v)} }),
		"in an any":    WithConflate(func(v float64) any { return v * (v / v) }),
		"of Partition": WithConflate(func(v float64) float64 { return v * (v / v) }),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			defer w.c.Close()
			w.up()
			var s *Stream[float64]
			if name == "of Partition" {
				s = Partition(context.Background(), w.c.Channel("a"), "n", 1, func(float64) int { return 0 }, key)[0]
			} else {
				s = On[float64](context.Background(), w.c.Channel("a"), "n", key)
			}
			w.settle()
			for _, payload := range []string{"1", "0", "2", "0"} {
				w.publish("a", "n", payload)
			}
			var got strings.Builder
			for v, gap := range s.Pending() {
				if gap != nil {
					got.WriteString(fmt.Sprint("gap ", gap.Malformed, " "))
				} else {
					got.WriteString(fmt.Sprint(v, " "))
				}
			}
			if want := "1 gap 1 2 gap 1 "; got.String() != want {
				t.Errorf("read %s, want %s", got.String(), want)
			}
			if st := s.Stats(); st.Malformed != 2 || st.Delivered+st.Superseded != 2 {
				t.Errorf("%+v: %s", st, got.String())
			}
		})
	}
}

func TestConflateOfAnotherType(t *testing.T) {
	w := newWire(t)
	defer w.c.Close()
	key := WithConflate(func(v string) string { return v })
	for _, s := range []*Stream[int]{
		On[int](context.Background(), w.c.Channel("a"), "n", key),
		Partition(context.Background(), w.c.Channel("a"), "n", 2, func(v int) int { return v }, key)[1],
		OnAny(context.Background(), w.c.Channel("a"), Cases(CaseOf("n", func(v int) int { return v })), key),
		On[int](context.Background(), w.c.Channel("a"), "n", WithConflate[int, int](nil)),
	} {
		if bad, ok := s.Err().(*OptionError); !ok || bad.Option != "WithConflate" {
			t.Errorf("Err: %v", s.Err())
		}
	}
}

// A stream knows the states of its connection.
func TestStatesOfAStream(t *testing.T) {
	w := newWire(t)
	w.up()
	s := On[int](t.Context(), w.c.Channel("a"), "n")
	parts := Partition(t.Context(), w.c.Channel("a"), "n", 2, func(v int) int { return v })
	for _, states := range []*States{s.States(t.Context()), parts[1].States(t.Context()), w.c.Errors(t.Context()).States(t.Context())} {
		if st := states.Current(); st.State != StateConnected {
			t.Errorf("%+v", st)
		}
	}
	if err := failed[int]("n", ErrOverflow).States(t.Context()).Err(); err == nil {
		t.Error("states of no connection")
	}
	_ = w.c.Close()
}
