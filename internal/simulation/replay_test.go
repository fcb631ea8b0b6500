//go:debug randseednop=0

package simulation

import (
	"fmt"
	mathrand "math/rand"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/internal/race"
)

// pin takes out of a run what the seed does not decide, as far as a program can: one goroutine runs
// at a time, no collection comes between, and the jitter of the back-off comes from a seed. The
// source of math/rand is the process's, so one world runs at a time.
func pin(t *testing.T) {
	procs, gc := runtime.GOMAXPROCS(1), debug.SetGCPercent(-1)
	t.Cleanup(func() {
		runtime.GOMAXPROCS(procs)
		debug.SetGCPercent(gc)
	})
}

func seedJitter(seed uint64) {
	//nolint:staticcheck // SA1019: the back-off has no other source
	mathrand.Seed(int64(seed))
}

// A record is what a run leaves behind, as text: what was published, and everything else.
type record struct{ published, tapes string }

// recorded runs a seed.
func recorded(t *testing.T, seed uint64) (r record) {
	runtime.GC() // between runs, not in them
	p := newPlan(seed)
	seedJitter(seed)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, p)
		w.run()
		w.settle()
		r.published = fmt.Sprint(p, &w.book) // the book has no client events yet
		var b strings.Builder
		for _, p := range w.slots {
			for _, room := range p.rooms {
				fmt.Fprintln(&b, room.name, room.changes, room.kind, room.folded)
			}
		}
		w.end()
		fmt.Fprintln(&b, &w.book)
		for _, p := range w.all {
			for _, o := range p.streams {
				fmt.Fprintln(&b, o.tape)
			}
		}
		r.tapes = b.String()
		for _, s := range w.judge() {
			t.Error(s)
		}
	})
	return r
}

// The same seed is the same plan and the same published events with their times, byte for byte, ten
// times out of ten. The tapes, with every value, gap and time on them, are the same in most runs on
// a quiet machine: that is counted, and it is a fault if no run repeats another. What differs is
// what TestRuntimeDraws shows, and no setting of the runtime seeds that.
func TestReplayIsTheSame(t *testing.T) {
	pin(t)
	const runs = 10
	seeds := uint64(*replayFlag)
	var exact, again uint64
	for seed := *firstFlag; seed < *firstFlag+seeds; seed++ {
		want := recorded(t, seed)
		differ, line := 0, ""
		for range runs - 1 {
			got := recorded(t, seed)
			if l := firstDifference(got.published, want.published); l != "" {
				t.Fatalf("seed %d: what was published is not the same: %s", seed, l)
			}
			if l := firstDifference(got.tapes, want.tapes); l != "" {
				differ++
				line = l
			}
		}
		again += uint64(runs - 1 - differ)
		if differ == 0 {
			exact++
			continue
		}
		t.Logf("seed %d: tapes of %d bytes, which differ in %d runs of %d: %s", seed, len(want.tapes), differ, runs-1, line)
	}
	t.Logf("%d runs of each of %d seeds: what was published is the same in all, the tapes are the same in all runs of %d seeds", runs, seeds, exact)
	if repeats := seeds * (runs - 1); !race.Enabled && again == 0 {
		t.Errorf("none of %d repetitions has the same tapes, want most", repeats)
	}
}

// firstDifference returns the first line in which two texts differ, as each has it, or nothing.
func firstDifference(got, want string) string {
	if got == want {
		return ""
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d is\n%s\nand was\n%s", i, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, and there were %d", len(g), len(w))
}
