package flow

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// Takers that come and go at random times see values in their order, the newest at last, and a gap
// before the first value after one, or after the last if there is none.
func TestLatestAgainstAReference(t *testing.T) {
	bubbles(t, 200, func(t *testing.T, r *rand.Rand) {
		s := random(r, r.IntN(40))
		for i := range s {
			if s[i].gap == nil {
				s[i].v = i // so that all differ
			}
		}
		latest := NewLatest(all(s.play(r)))
		var at atomic.Int64 // how much of the script was handed out
		var wg sync.WaitGroup
		for range 3 {
			r := rand.New(rand.NewPCG(r.Uint64(), 3))
			wg.Go(func() {
				for range 3 {
					time.Sleep(time.Duration(r.IntN(10))*time.Second + time.Second/2)
					from, last, behind := int(at.Load()), -1, false
					missed := func(a, b int) bool { // whether there is a gap between
						for _, it := range s[max(a, 0):b] {
							if it.gap != nil {
								return true
							}
						}
						return false
					}
					for from > 0 && s[from-1].gap != nil { // what is held
						from--
					}
					for v, gap := range latest.Watch(t.Context()) {
						if gap != nil {
							behind = true
						} else {
							if v <= last {
								t.Errorf("got %d after %d", v, last)
							}
							if after := max(last+1, from); last >= 0 && behind != missed(after, v) {
								t.Errorf("told of a gap before %d: %v; of %v", v, behind, s)
							}
							last, behind = v, false
						}
						time.Sleep(time.Duration(r.IntN(5)) * time.Second)
						if r.IntN(20) == 0 {
							last = -2 // left early
							break
						}
					}
					if last >= 0 && (behind != missed(last+1, len(s)) || s[last:][0].v != last || newest(s) != last) {
						t.Errorf("ended with %d, behind a gap: %v; of %v", last, behind, s)
					}
				}
			})
		}
		for range latest.All() {
			at.Add(1)
		}
		wg.Wait()
		if v, gap, ok := latest.Get(); ok != (newest(s) >= 0) || ok && (v != newest(s) || (gap != nil) != (s[len(s)-1].gap != nil)) {
			t.Errorf("has %d, %v, %v of %v", v, gap, ok, s)
		}
	})
}

// newest is the last value of a script, or -1.
func newest(s script) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].gap == nil {
			return s[i].v
		}
	}
	return -1
}

// A taker waits for as long as its context lets it, and what All is left with is no end.
func TestLatestWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		latest := NewLatest(all(ended(parse("!a 1 !b !c").queue())))
		for range latest.All() {
			break
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begin := time.Now()
		expect(t, show(drain(latest.Watch(ctx), nil)), "!a")
		if took := time.Since(begin); took != time.Hour {
			t.Errorf("ended after %v", took)
		}
		for range latest.All() {
		}
		expect(t, show(drain(latest.Watch(t.Context()), nil)), "1 !")
		if v, gap, ok := latest.Get(); v != 1 || gap == nil || !gap.Several || !ok {
			t.Errorf("%d, %v, %v", v, gap, ok)
		}
		//nolint:staticcheck // SA1012: A nil context is the case.
		expect(t, show(drain(latest.Watch(nil), nil)), "")
		if len(latest.watches) != 0 {
			t.Errorf("%d takers are left", len(latest.watches))
		}
	})
}

func TestMergedGaps(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	a := &rtx.Gap{Channel: "a", Dropped: 1, Since: at(5), Until: at(6), Err: errBusy}
	b := &rtx.Gap{Channel: "a", Dropped: 2, Malformed: 1, Ended: true, Since: at(3), Until: at(9)}
	c := &rtx.Gap{Channel: "c", Reconnected: true}
	if got := *merged(a, b); got != (rtx.Gap{Channel: "a", Dropped: 3, Malformed: 1, Ended: true, Since: at(3), Until: at(9), Err: errBusy}) {
		t.Errorf("%+v", got)
	}
	if got := *merged(merged(a, c), b); got != (rtx.Gap{Several: true, Dropped: 3, Malformed: 1, Reconnected: true, Ended: true, Since: at(3), Until: at(9), Err: errBusy}) {
		t.Errorf("%+v", got)
	}
	if merged(nil, a) != a || a.Dropped != 1 {
		t.Errorf("%+v", a)
	}
}
