package stream

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func named(n int) func() int { return func() int { return n } }

// Losses of ever-new channels, of which nobody asks, stay few: the first ones keep their channel,
// the rest is one gap.
func TestGapsOfEverNewChannelsStayFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		q := New[int](Config{Capacity: 2, Policy: DropNewest, MultiSource: true, NamedGaps: named(100)})
		failure := errors.New("the last")
		const channels = 20_200
		for i := range channels {
			time.Sleep(time.Millisecond)
			g := Gap{Channel: fmt.Sprint("c", i), Malformed: 1}
			switch {
			case i == 5_000:
				g.Reconnected, g.Since = true, start
			case i == channels-1:
				g.Ended, g.Err = true, failure
			}
			q.Mark(g)
		}
		var gaps []Gap
		for g := range q.Gaps() {
			gaps = append(gaps, g)
		}
		if len(gaps) != 101 {
			t.Fatalf("%d gaps wait", len(gaps))
		}
		for i, g := range gaps[:100] {
			at := start.Add(time.Duration(i+1) * time.Millisecond)
			if want := (Gap{Channel: fmt.Sprint("c", i), Malformed: 1, Since: at, Until: at}); g != want {
				t.Fatalf("got %+v\nwant %+v", g, want)
			}
		}
		want := Gap{
			Several: true, Malformed: channels - 100, Reconnected: true, Ended: true, Err: failure,
			Since: start, Until: start.Add(channels * time.Millisecond),
		}
		if gaps[100] != want {
			t.Errorf("got %+v\nwant %+v", gaps[100], want)
		}
	})
}

// A channel that is alone past the limit at its place keeps its name there, and one that has a gap
// there adds to it.
func TestARestOfOneChannelHasItsName(t *testing.T) {
	q := New[int](Config{Capacity: 9, MultiSource: true, NamedGaps: named(2)})
	for _, c := range []string{"a", "b", "c", "a", "c"} {
		q.Mark(Gap{Channel: c, Malformed: 1})
	}
	q.Push(1, "a", 1)
	q.Mark(Gap{Channel: "b", Malformed: 1})
	q.Mark(Gap{Channel: "b", Malformed: 1})
	q.Push(2, "a", 1)
	for _, c := range []string{"b", "d", "b", "a"} {
		q.Mark(Gap{Channel: c, Malformed: 1})
	}
	q.End(nil, false)
	got := strings.Join(story(q), " ")
	if want := "[a 2 malformed] [b 1 malformed] [c 2 malformed] 1 [b 2 malformed] 2 [ 4 malformed]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Whatever is lost, and however the reader reads: each gap tells of nothing but what was lost
// between the values around it, or before if it is asked for by Gaps; everything is counted once;
// and what waits is no more than the limit and the places.
func TestAnyLossesOfManyChannels(t *testing.T) {
	for seed := range uint64(3_000) {
		if *seedFlag != 0 && seed != *seedFlag {
			continue
		}
		rnd := rand.New(rand.NewPCG(seed, 15))
		limit, capacity, channels := rnd.IntN(6), 1+rnd.IntN(5), 1+rnd.IntN(12)
		q := New[int](Config{Capacity: capacity, Policy: DropNewest, MultiSource: true, NamedGaps: named(limit)})
		lost := make(map[string]uint64) // not told yet, by channel
		told, sum, next := uint64(0), uint64(0), 0
		take := func(g Gap) {
			told += g.Dropped + g.Malformed
			if g.Several {
				if g.Channel != "" {
					t.Fatalf("seed %d: %+v", seed, g)
				}
				return
			}
			if n := g.Dropped + g.Malformed; n > lost[g.Channel] {
				t.Fatalf("seed %d: %+v, and %d were lost", seed, g, lost[g.Channel])
			}
			lost[g.Channel] -= g.Dropped + g.Malformed
		}
		for range 200 {
			channel := fmt.Sprint(rnd.IntN(channels))
			switch rnd.IntN(8) {
			case 0, 1, 2:
				before := q.Stats().Dropped
				q.Push(next, channel, 1)
				n := q.Stats().Dropped - before
				lost[channel] += n
				sum += n
				next++
			case 3, 4:
				q.Mark(Gap{Channel: channel, Malformed: 1})
				lost[channel]++
				sum++
			case 5:
				select {
				case <-q.C():
				default:
				}
			case 6:
				for g := range q.Gaps() {
					take(g)
					if rnd.IntN(2) == 0 {
						break
					}
				}
			}
			if m := q.marks; m != nil {
				if n := m.count(); n > limit+len(m.sites) || m.named > limit || len(m.sites) > capacity+2 {
					t.Fatalf("seed %d: %d gaps wait, %d of them named, at %d places; the limit is %d", seed, n, m.named, len(m.sites), limit)
				}
			}
		}
		q.End(nil, true)
		for _, g := range q.All() {
			if g != nil {
				take(*g)
			}
		}
		if told != sum {
			t.Fatalf("seed %d: %d told of %d", seed, told, sum)
		}
		if q.marks != nil && q.marks.named != 0 {
			t.Fatalf("seed %d: %d named gaps are left in the count", seed, q.marks.named)
		}
	}
}

// Nothing of the rest is told late: it stands at the place of its own losses, and moves as every
// loss does.
func TestTheRestStandsInItsPlace(t *testing.T) {
	q := New[int](Config{Capacity: 2, MultiSource: true, NamedGaps: named(0)})
	for i := range 4 {
		for c := range 3 {
			q.Mark(Gap{Channel: fmt.Sprint(c), Malformed: 1})
		}
		q.Push(i, "a", 1) // of the four values the oldest two go
	}
	q.End(nil, false)
	var got []string
	for v, g := range q.All() {
		if g == nil {
			got = append(got, fmt.Sprint(v))
			continue
		}
		got = append(got, fmt.Sprint("several ", g.Several, " ", g.Dropped, " ", g.Malformed))
	}
	if got, want := strings.Join(got, ", "), "several true 2 9, 2, several true 0 3, 3"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
