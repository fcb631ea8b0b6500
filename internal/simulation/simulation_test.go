package simulation

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// figures are those of all seeds of a run.
type figures struct {
	seeds, clients, streams, events, values, triggers, faults, misdeeds, poison, outages, recoveries atomic.Int64
	reconnected, dropped, malformed, ended, changes                                                  atomic.Int64
	breaches, polled, upgraded                                                                       atomic.Int64
	fake                                                                                             atomic.Int64 // nanoseconds
}

func (f *figures) String() string {
	return fmt.Sprintf("%d seeds, %.1f simulated hours, %d clients, of which %d polled in the end and %d were upgraded, %d streams; %d events accepted, %d values handed out, "+
		"%d triggers, %d changes of rosters; %d faults injected, %d hostile acts, by which %d payloads were lost on their own channels, %d outages of which %d recovered; "+
		"holes told: %d by reconnection, %d values by overflow, %d malformed payloads, %d channels that left; %d breaches",
		f.seeds.Load(), time.Duration(f.fake.Load()).Hours(), f.clients.Load(), f.polled.Load(), f.upgraded.Load(), f.streams.Load(), f.events.Load(), f.values.Load(),
		f.triggers.Load(), f.changes.Load(), f.faults.Load(), f.misdeeds.Load(), f.poison.Load(), f.outages.Load(), f.recoveries.Load(),
		f.reconnected.Load(), f.dropped.Load(), f.malformed.Load(), f.ended.Load(), f.breaches.Load())
}

func TestSimulation(t *testing.T) {
	if *seedFlag != 0 {
		var f figures
		simulate(t, *seedFlag, &f, true)
		t.Log(&f)
		return
	}
	first := *firstFlag
	if *simulateFlag > 0 && first == 1 {
		first = rand.Uint64N(1 << 40)
	}
	t.Logf("seeds from %d on", first)
	var f figures
	began := time.Now()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if !moreSeeds(n, began) || t.Failed() {
					return
				}
				seed := first + uint64(n)
				t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { simulate(t, seed, &f, false) })
			}
		})
	}
	workers.Wait()
	t.Logf("%v; %v", &f, time.Since(began).Round(time.Millisecond))
}

// simulate runs one seed in a bubble and judges it.
func simulate(t *testing.T, seed uint64, f *figures, verbose bool) {
	p := newPlan(seed)
	if verbose {
		t.Log(p)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := newWorld(t, p)
		w.run()
		w.settle()
		w.end()
		f.add(w, time.Since(began))
		breaches := w.judge()
		f.breaches.Add(int64(len(breaches)))
		for i, b := range breaches {
			if i == 20 {
				t.Errorf("and %d more", len(breaches)-i)
				break
			}
			t.Error(b)
		}
		if t.Failed() {
			t.Errorf("replay: go test ./internal/simulation -run Simulation -seed %d -v -count 20", seed)
		}
	})
}

func (f *figures) add(w *world, fake time.Duration) {
	f.seeds.Add(1)
	f.fake.Add(int64(fake))
	f.events.Add(int64(w.book.Len()))
	f.faults.Add(int64(w.faults))
	f.misdeeds.Add(int64(w.misdeeds))
	f.polled.Add(int64(w.polled))
	f.upgraded.Add(int64(w.upgraded))
	for _, p := range w.all {
		f.clients.Add(1)
		for _, o := range p.link.Outages() {
			f.outages.Add(1)
			if o.Recovered {
				f.recoveries.Add(1)
			}
		}
		f.poison.Add(int64(p.badMalformed.Load()))
		for _, s := range p.sent {
			f.triggers.Add(int64(s.ledger.Len()))
		}
		for _, r := range p.rooms {
			f.changes.Add(int64(r.changes))
		}
		for _, o := range p.streams {
			n := o.tape.Totals()
			f.streams.Add(1)
			f.values.Add(int64(n.Values))
			f.reconnected.Add(int64(n.Reconnected + n.Left))
			f.dropped.Add(int64(n.Dropped))
			f.malformed.Add(int64(n.Malformed))
			f.ended.Add(int64(n.Ended))
		}
	}
}
