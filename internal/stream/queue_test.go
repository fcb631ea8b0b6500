package stream

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"
	"unsafe"
)

// story is what All tells, written down: values as numbers, a gap as its counts
// in brackets.
func story(q *Queue[int]) (told []string) {
	for v, gap := range q.All() {
		if gap == nil {
			told = append(told, strconv.Itoa(v))
			continue
		}
		s := "[" + gap.Channel
		if gap.Dropped > 0 {
			s += " " + strconv.FormatUint(gap.Dropped, 10) + " dropped"
		}
		if gap.Malformed > 0 {
			s += " " + strconv.FormatUint(gap.Malformed, 10) + " malformed"
		}
		if gap.Reconnected {
			s += " reconnected"
		}
		if gap.Ended {
			s += " ended"
		}
		told = append(told, s+"]")
	}
	return told
}

// name is what a policy is called.
func name(p Policy) string {
	switch p {
	case DropOldest:
		return "DropOldest"
	case DropNewest:
		return "DropNewest"
	case EndStream:
		return "EndStream"
	}
	return fmt.Sprintf("Grow(%d)", int64(p))
}

func push(q *Queue[int], channel string, values ...int) (open bool) {
	for _, v := range values {
		open = q.Push(v, channel, 10)
	}
	return open
}

func TestOverflow(t *testing.T) {
	tests := []struct {
		policy Policy
		err    error
		want   []string
	}{
		{DropOldest, nil, []string{"[a 2 dropped]", "3", "4", "5"}},
		{DropNewest, nil, []string{"1", "2", "3", "[a 2 dropped]"}},
		{EndStream, ErrOverflow, []string{"1", "2", "3", "[a 1 dropped]"}},
		{Grow(20), nil, []string{"1", "2", "3", "4", "5"}},
		{Grow(19), ErrOverflow, []string{"1", "2", "3", "4", "[a 1 dropped]"}},
	}
	for _, test := range tests {
		t.Run(name(test.policy), func(t *testing.T) {
			q := New[int](Config{Capacity: 3, Policy: test.policy})
			if open := push(q, "a", 1, 2, 3, 4, 5); open != (test.err == nil) {
				t.Errorf("the last Push returned %v", open)
			}
			if ended := q.End(nil, false); ended != (test.err == nil) {
				t.Errorf("End returned %v", ended)
			}
			if push(q, "a", 6) {
				t.Error("Push after the end returned true")
			}
			if got := story(q); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if q.Err() != test.err {
				t.Errorf("Err %v, want %v", q.Err(), test.err)
			}
			q.Drained(t.Context())
		})
	}
}

func TestLossesOfOneChannelMerge(t *testing.T) {
	q := New[int](Config{Capacity: 2, MultiSource: true})
	first, latest := errors.New("first"), errors.New("latest")
	push(q, "a", 1)
	q.Mark(Gap{Channel: "a", Malformed: 1, Err: first})
	q.Mark(Gap{Channel: "b", Reconnected: true})
	q.Mark(Gap{Channel: "a", Malformed: 1, Err: latest})
	q.Mark(Gap{Channel: "a", Reconnected: true})
	push(q, "b", 2)
	q.Mark(Gap{Channel: "b", Ended: true})
	push(q, "c", 3) // drops 1: nothing is left between its loss and the marks
	q.End(nil, false)
	for g := range q.Gaps() {
		t.Fatalf("%+v was told before a value", g)
	}
	_, found := q.pull()
	g, _ := q.takeGap(true)
	if found != aGap || g.Channel != "a" || g.Dropped != 1 || g.Malformed != 2 || !g.Reconnected || g.Err != latest {
		t.Errorf("got %+v", g)
	}
	want := []string{"[b reconnected]", "2", "[b ended]", "3"}
	if got := story(q); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The reader holds a value and has not asked yet when the next is dropped: the
// loss comes after the value in hand.
func TestADropAfterTheValueInHandIsNotDue(t *testing.T) {
	q := New[int](Config{Capacity: 2})
	push(q, "a", 0, 1, 2)
	for range q.Gaps() {
		t.Fatal("told before any value was taken")
	}
	if v := <-q.C(); v != 1 {
		t.Fatal(v)
	}
	push(q, "a", 3, 4) // drops 2
	var got []uint64
	for g := range q.Gaps() {
		got = append(got, g.Dropped)
	}
	if want := []uint64{1}; !slices.Equal(got, want) {
		t.Errorf("with 1 in hand, gaps of %v are told, want %v", got, want)
	}
	q.End(nil, false)
	if got, want := story(q), []string{"[a 1 dropped]", "3", "4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A loop over All or Batches that is left early loses nothing, wherever it is
// left.
func TestLeavingALoopLosesNothing(t *testing.T) {
	newQueue := func() *Queue[int] {
		q := New[int](Config{Capacity: 3})
		push(q, "a", 0, 1, 2, 3)
		q.Mark(Gap{Channel: "a", Reconnected: true})
		return q
	}
	want := []string{"gap", "1", "2", "3", "gap", "4"}
	check := func(t *testing.T, q *Queue[int], one func() []string) {
		var got []string
		for told := one(); told != nil; told = one() {
			got = append(got, told...)
			if len(got) == 5 {
				push(q, "b", 4)
				q.End(nil, false)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	t.Run("All", func(t *testing.T) {
		q := newQueue()
		check(t, q, func() []string {
			for v, gap := range q.All() {
				if gap != nil {
					return []string{"gap"}
				}
				return []string{strconv.Itoa(v)}
			}
			return nil
		})
	})
	for _, limit := range []int{1, 2, 10} {
		t.Run("Batches of "+strconv.Itoa(limit), func(t *testing.T) {
			q := newQueue()
			check(t, q, func() (told []string) {
				for values, gap := range q.Batches(limit, time.Millisecond) {
					if gap != nil {
						return []string{"gap"}
					}
					for _, v := range values {
						told = append(told, strconv.Itoa(v))
					}
					return told
				}
				return nil
			})
		})
	}
}

// A reader received one of two values while the other was dropped, and nobody
// can say which: the loss is due at once, and is named if both had one channel.
func TestADropThatRacesAReader(t *testing.T) {
	for _, test := range []struct{ second, want string }{{"a", "a"}, {"b", ""}} {
		q := New[int](Config{Capacity: 3, MultiSource: true})
		push(q, "a", 0)
		push(q, test.second, 1)
		push(q, "c", 2)
		<-q.c
		<-q.c
		q.missHead(0, 1, "c")
		var got []string
		for g := range q.Gaps() {
			got = append(got, g.Channel)
		}
		if !slices.Equal(got, []string{test.want}) {
			t.Errorf("a value of a and one of %s: told %q, want %q", test.second, got, test.want)
		}
	}
}

func TestEndThrowsTheSpillAway(t *testing.T) {
	newQueue := func() *Queue[int] {
		q := New[int](Config{Capacity: 2, Policy: Grow(1000), MultiSource: true})
		push(q, "a", 1, 2, 3)
		q.Mark(Gap{Channel: "b", Malformed: 1})
		push(q, "b", 4, 5)
		return q
	}
	check := func(t *testing.T, q *Queue[int]) {
		want := []string{"1", "2", "[b 2 dropped 1 malformed]", "[a 1 dropped]"}
		if got := story(q); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if s := q.Stats(); s != (Stats{Capacity: 2, Delivered: 2, Dropped: 3, Malformed: 1}) {
			t.Errorf("Stats %+v", s)
		}
	}
	t.Run("at once", func(t *testing.T) {
		q := newQueue()
		q.End(nil, true)
		check(t, q)
		q.Drained(t.Context())
	})
	t.Run("while it is let out", func(t *testing.T) {
		q := newQueue()
		drained, closed := errors.New("drained"), errors.New("closed")
		if !q.End(drained, false) || q.End(closed, true) {
			t.Error("the first End did not win")
		}
		q.Drained(t.Context()) // nobody reads
		check(t, q)
		if q.Err() != drained {
			t.Errorf("Err %v", q.Err())
		}
	})
}

func TestNoGapsKeepsTheLatestInSilence(t *testing.T) {
	q := New[int](Config{Capacity: 1, NoGaps: true})
	push(q, "", 1, 2, 3)
	q.Mark(Gap{Reconnected: true})
	q.End(nil, false)
	if got, want := story(q), []string{"3"}; !slices.Equal(got, want) || len(q.Lost()) != 0 {
		t.Errorf("got %q, want %q; %d tokens", got, want, len(q.Lost()))
	}
	if s := q.Stats(); s != (Stats{Capacity: 1, Delivered: 1, Dropped: 2}) {
		t.Errorf("Stats %+v", s)
	}
}

// A group reconnects again and again while its reader ignores gaps: what is
// kept does not grow, whatever he takes in between.
func TestIgnoredMarksAreBounded(t *testing.T) {
	const channels, rounds = 1000, 50
	q := New[int](Config{Capacity: 4, MultiSource: true})
	names := make([]string, channels)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	for round := range rounds {
		push(q, "0", round)
		for _, name := range names {
			q.Mark(Gap{Channel: name, Malformed: 1})
		}
		if round%2 == 0 {
			<-q.C()
		}
	}
	n, kept := 0, 0
	for _, s := range q.marks.sites {
		n += len(s.gaps) - s.told
		kept += cap(s.gaps)
	}
	if limit := channels * (4 + 2); n > limit || kept > 2*limit {
		t.Errorf("%d gaps of %d channels are kept, in room for %d", n, channels, kept)
	}
	q.End(nil, false)
	var malformed uint64
	for _, gap := range q.All() {
		if gap != nil {
			malformed += gap.Malformed
		}
	}
	if malformed != channels*rounds {
		t.Errorf("%d of %d were told", malformed, channels*rounds)
	}
}

// Gaps taken one by one while new ones come do not keep the room of the old.
func TestTakenGapsGiveTheirRoomBack(t *testing.T) {
	for _, waiting := range []int{1, 3 * scanned} { // without an index, and with one
		q := New[int](Config{Capacity: 1})
		mark := func(i int) { q.Mark(Gap{Channel: strconv.Itoa(i), Malformed: 1}) }
		for i := range waiting {
			mark(i)
		}
		for i := range 10_000 {
			mark(i + waiting)
			mark(i + waiting)
			for g := range q.Gaps() {
				if g.Channel != strconv.Itoa(i) || g.Malformed != 2 && i >= waiting {
					t.Fatalf("got %+v, want channel %d", g, i)
				}
				break
			}
		}
		if n := cap(q.marks.sites[0].gaps); n > 200 {
			t.Errorf("room for %d gaps, to keep %d", n, waiting)
		}
		if n := len(q.marks.sites[0].index); n > waiting {
			t.Errorf("%d channels in the index, for %d gaps", n, waiting)
		}
	}
}

func TestAllocations(t *testing.T) {
	tests := map[string]struct {
		cfg  Config
		step func(q *Queue[int])
	}{
		"push and receive": {Config{Capacity: 4}, func(q *Queue[int]) { q.Push(1, "a", 1); <-q.C() }},
		"several sources":  {Config{Capacity: 4, MultiSource: true}, func(q *Queue[int]) { q.Push(1, "a", 1); <-q.C() }},
		"asking for gaps": {Config{Capacity: 4}, func(q *Queue[int]) {
			q.Push(1, "a", 1)
			<-q.C()
			for range q.Gaps() {
				panic("a gap")
			}
		}},
		"the oldest dropped":       {Config{Capacity: 4}, func(q *Queue[int]) { q.Push(1, "a", 1) }},
		"the newest dropped":       {Config{Capacity: 4, Policy: DropNewest}, func(q *Queue[int]) { q.Push(1, "a", 1) }},
		"a reader who ignores it":  {Config{Capacity: 2}, func(q *Queue[int]) { push(q, "a", 1, 2, 3, 4); <-q.C() }},
		"a reader who is informed": {Config{Capacity: 2}, func(q *Queue[int]) { push(q, "a", 1, 2, 3); <-q.C(); q.takeGap(false) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			q := New[int](test.cfg)
			for range 10 {
				test.step(q)
			}
			if n := testing.AllocsPerRun(100, func() { test.step(q) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// Ten thousand streams on one client cost a megabyte or two beside their buffers: a queue fits a
// block of 128 bytes.
func TestSize(t *testing.T) {
	if n := unsafe.Sizeof(Queue[int]{}); n > 128 {
		t.Errorf("a queue is %d bytes", n)
	}
}
