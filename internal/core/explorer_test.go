package core

import (
	"flag"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/race"
)

var exploreFlag = flag.Duration("explore", 0, "explore each kind of world for this time, from other seeds each time")

const (
	walk     = 40      // steps of a random walk
	maxNodes = 1 << 20 // states reached breadth-first, as memory allows
)

// A node is a state that was reached, and how.
type node struct {
	parent int32
	step   step
}

// An explorer walks everything that can happen in one kind of world: first breadth-first, then at
// random from what was found.
type explorer struct {
	cfg   *config
	verbs []*verb
	seeds [2]maphash.Seed
	seen  map[[2]uint64]struct{}
	nodes []node
	buf   []byte
	steps int
	depth int
	begin *world

	moves moves

	path []step // of what was found
	bad  string
}

func newExplorer(cfg *config) *explorer {
	x := &explorer{
		cfg: cfg, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, seen: map[[2]uint64]struct{}{},
		moves: newMoves(),
	}
	for _, v := range verbs {
		if slices.Contains(cfg.moves, v.name) {
			x.verbs = append(x.verbs, v)
		}
	}
	x.begin = newWorld(cfg)
	x.begin.m.hooks = x.moves.hooks()
	for _, name := range cfg.start {
		if !x.begin.named(name) {
			panic(fmt.Sprintf("%s: %q can't happen there", cfg.name, name))
		}
	}
	x.begin.faults = 0
	return x
}

// named has a step happen that is given by its name, and reports whether it can.
func (w *world) named(name string) bool {
	w.faults = 0
	for _, s := range w.steps(nil, verbs) {
		if w.name(s) == name {
			w.do(s)
			return true
		}
	}
	return false
}

// isNew reports whether the world is in a state that was not seen before.
func (x *explorer) isNew(w *world) bool {
	x.buf = w.key(x.buf)
	k := [2]uint64{maphash.Bytes(x.seeds[0], x.buf), maphash.Bytes(x.seeds[1], x.buf)}
	if _, ok := x.seen[k]; ok {
		return false
	}
	x.seen[k] = struct{}{}
	return true
}

// next is the world after one more step.
func (x *explorer) next(w *world, s step) *world {
	c := w.clone()
	c.m.hooks = x.moves.hooks()
	x.steps++
	c.do(s)
	return c
}

// lasts reports whether w, in a state not seen before, keeps the invariants to its end.
func (x *explorer) lasts(w *world) (bad string) {
	if w.bad == "" {
		c := w.clone()
		c.m.hooks = x.moves.hooks()
		c.complete()
		if c.bad != "" {
			return c.bad + " (when all goes well from there)"
		}
	}
	return w.bad
}

type reached struct {
	w  *world
	at int32
}

// breadth walks until a limit, every step before any that comes later.
func (x *explorer) breadth(over func() bool) (last []reached) {
	frontier := []reached{{x.begin, -1}}
	var buf []step
	for len(frontier) > 0 {
		x.depth++
		var found []reached
		for _, r := range frontier {
			buf = r.w.steps(buf[:0], x.verbs)
			for _, s := range buf {
				w := x.next(r.w, s)
				if w.bad == "" && !x.isNew(w) {
					continue
				}
				x.nodes = append(x.nodes, node{r.at, s})
				if bad := x.lasts(w); bad != "" {
					x.bad, x.path = bad, x.way(int32(len(x.nodes)-1))
					return nil
				}
				found = append(found, reached{w, int32(len(x.nodes) - 1)})
			}
			if over() {
				return append(found, frontier...)
			}
		}
		frontier = found
	}
	return nil
}

func (x *explorer) way(at int32) (path []step) {
	for ; at >= 0; at = x.nodes[at].parent {
		path = append(path, x.nodes[at].step)
	}
	slices.Reverse(path)
	return path
}

// random walks from some of the states.
func (x *explorer) random(from []reached, rng *rand.Rand, length int, over func() bool) {
	var buf []step
	for !over() {
		r := from[rng.IntN(len(from))]
		w, path := r.w, x.way(r.at)
		for n := range length {
			buf = w.steps(buf[:0], x.verbs)
			s := buf[rng.IntN(len(buf))]
			w = x.next(w, s)
			path = append(path, s)
			bad := w.bad
			if bad == "" && (n%4 == 0 || x.isNew(w)) {
				bad = x.lasts(w)
			}
			if bad != "" {
				x.bad, x.path = x.shrink(path, bad)
				return
			}
		}
	}
}

// shrink leaves out what is not needed.
func (x *explorer) shrink(path []step, bad string) (string, []step) {
	for size := len(path) / 2; size > 0; {
		shorter := false
		for i := 0; i+size <= len(path); {
			short := slices.Delete(slices.Clone(path), i, i+size)
			if b := x.try(short); b != "" {
				path, bad, shorter = short, b, true
			} else {
				i += size
			}
		}
		if !shorter || size > len(path) {
			size /= 2
		}
	}
	return bad, path
}

// try walks a path, and returns what is broken at its end.
func (x *explorer) try(path []step) (bad string) {
	w := x.begin.clone()
	for _, s := range path {
		if !slices.Contains(w.steps(nil, []*verb{s.verb}), s) {
			return ""
		}
		w.do(s)
		if w.bad != "" {
			return w.bad
		}
	}
	return x.lasts(w)
}

// schedule is the path, to be pasted into a regression test.
func (x *explorer) schedule() string {
	var b strings.Builder
	names := slices.Clone(x.cfg.start)
	for _, s := range x.path {
		names = append(names, x.begin.name(s))
	}
	fmt.Fprintf(&b, "replay(t, %q", x.cfg.name)
	for _, name := range names {
		fmt.Fprintf(&b, ", %q", name)
	}
	b.WriteString(")")
	return b.String()
}

// exploreSteps is how many steps are taken in one kind of world, breadth-first and again at random.
// The race detector finds nothing in a machine that has no goroutine.
var exploreSteps = race.Fewer(6000, 1500)

// explore walks one kind of world, half of it breadth-first and half at random: a number of steps,
// the same each time; or for a time.
func explore(t *testing.T, cfg *config) *explorer {
	x := newExplorer(cfg)
	began, seed := time.Now(), uint64(1)
	if *exploreFlag > 0 {
		seed = uint64(began.UnixNano())
	}
	over := func(part int) func() bool {
		return func() bool {
			if *exploreFlag > 0 {
				return time.Since(began) > *exploreFlag*time.Duration(part)/2 || part == 1 && len(x.nodes) > maxNodes
			}
			return x.steps > exploreSteps*part
		}
	}
	last := x.breadth(over(1))
	t.Logf("%d states, %d steps, depth %d", len(x.seen), x.steps, x.depth)
	if x.bad == "" && len(last) > 0 {
		x.random(last, rand.New(rand.NewPCG(1, seed)), walk, over(2))
		t.Logf("%d states, %d steps with random walks on from there", len(x.seen), x.steps)
	}
	if x.bad != "" {
		t.Fatalf("%s (after %d steps)\n%s", x.bad, x.steps, x.schedule())
	}
	return x
}
