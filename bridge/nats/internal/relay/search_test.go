package relay

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	searchSeeds = flag.Int("seeds", 1500, "how many seeds the search walks")
	searchSeed  = flag.Uint64("seed", 0, "one seed, with its log")
)

// The world of the search: a service, three replicas, and a bus that checks conditions and ids. Time
// is a counter of milliseconds. Whatever is sent arrives later, in the order of its link.

type record struct {
	id    string // of the event, or of the one before the gap
	n     int    // the number of the event; 0 for a gap record
	token uint64
	by    int // the incarnation that published a gap record
}

type message struct {
	at int
	do func()
}

type replica struct {
	w        *world
	n        int // of the incarnation
	ch       *Channel
	up       bool  // the link to the service
	queue    []int // the numbers of the events on the way; 0 is the news that some were lost
	queued   []int // when each arrives
	lossy    bool  // the link was cut, and the loss is not told yet
	paused   bool
	bus      bool // it reaches the bus and its peers
	leads    bool
	from     int // the first event that it can have
	received map[int]bool
}

type world struct {
	t        *testing.T
	rnd      *rand.Rand
	now      int
	sent     int
	replicas []*replica
	records  []record
	ids      map[string]bool
	mail     []message
	log      strings.Builder
	began    int
	had      map[int]bool // received by at least one replica
	faults   int
	local    bool
	steps    int
	small    bool // rings have room for a few events
	calm     bool // one replica is never touched
}

func (w *world) clock() time.Time { return time.UnixMilli(int64(1_000_000 + w.now)) }

func (w *world) say(format string, args ...any) {
	if *searchSeed != 0 {
		fmt.Fprintf(&w.log, "%6d ", w.now)
		fmt.Fprintf(&w.log, format+"\n", args...)
	}
}

func (w *world) later(most int, do func()) {
	w.mail = append(w.mail, message{w.now + 1 + w.rnd.IntN(most), do})
}

var limits = Limits{Fill: 400 * time.Millisecond, Ask: 30 * time.Millisecond, Retry: 20 * time.Millisecond, Publish: 120 * time.Millisecond}

func (w *world) start() *replica {
	w.began++
	r := &replica{w: w, n: w.began, up: true, bus: true, from: w.sent + 1, ch: New(1<<20, time.Minute, limits, w.clock()), received: map[int]bool{}}
	if w.small {
		r.ch.Ring.Bytes = 2500
	}
	r.ch.Most = 1 + 8*w.rnd.IntN(2)
	return r
}

func (r *replica) do(a Action) {
	w := r.w
	switch a.Kind {
	case Look:
		if !r.bus {
			return
		}
		w.later(4, func() {
			l := Last{}
			if n := len(w.records); n > 0 {
				last := w.records[n-1]
				l = Last{Found: true, Seq: uint64(n), ID: last.id}
				if last.n == 0 && last.by == r.n {
					l.Gap = last.token
				}
			}
			w.later(4, func() { r.in(func() Action { return r.ch.Looked(w.clock(), a.Token, l) }) })
		})
	case Publish:
		if !r.bus {
			return
		}
		slow := 4
		if w.rnd.IntN(40) == 0 {
			slow = 300 // longer than the replica waits
		}
		w.later(slow, func() {
			ack := w.publish(r, a)
			if w.rnd.IntN(40) == 0 {
				w.say("%d: the answer to %d is lost", r.n, a.Token)
				return
			}
			w.later(4, func() { r.in(func() Action { return r.ch.Acked(w.clock(), a.Token, ack) }) })
		})
	case Settle:
		w.later(15, func() {
			r.in(func() Action {
				if r.up {
					r.deliver(len(r.queue))
				}
				return r.ch.Settled(w.clock(), a.Token, r.up)
			})
		})
	case Ask:
		w.say("%d asks after %q until %q", r.n, a.Query.After, a.Query.Until)
		peers := 0
		last := 1
		for _, p := range w.replicas {
			if p == r {
				continue
			}
			peers++
			if !r.bus {
				continue
			}
			delay := 1 + w.rnd.IntN(15)
			back := delay + 1 + w.rnd.IntN(15)
			last = max(last, back)
			w.mail = append(w.mail, message{w.now + delay, func() {
				if p.paused || !p.bus {
					return
				}
				proven := false
				if a.Query.Proof && p.up {
					p.deliver(len(p.queue))
					proven = true
				}
				var run Run
				if a.Query.After == "" {
					if a.Query.Until != "" {
						run = p.ch.Ring.Until(a.Query.Until, 2000)
					}
				} else {
					run = p.ch.Ring.After(a.Query.After, 2000)
				}
				if a.Query.Lead != "" {
					run.Lead = p.ch.Ring.LeadUp(a.Query.Lead, 2000)
				}
				w.mail = append(w.mail, message{w.now + back - delay, func() {
					r.in(func() Action { return r.ch.Answered(w.clock(), a.Token, run, proven) })
				}})
			}})
		}
		w.mail = append(w.mail, message{w.now + last + 1, func() { r.in(func() Action { return r.ch.AnsweredAll(w.clock(), a.Token, peers) }) }})
	}
}

// in gives the machine one input. A replica that is paused gets it when it goes on.
func (r *replica) in(f func() Action) {
	if r.paused {
		r.w.later(10, func() { r.in(f) })
		return
	}
	r.w.steps++
	r.do(f())
}

func (w *world) publish(r *replica, a Action) Ack {
	if a.Seq != uint64(len(w.records)) {
		w.say("%d: %d has a wrong condition", r.n, a.Token)
		return Ack{Conflict: true}
	}
	if a.Gap != nil {
		w.records = append(w.records, record{id: a.After, token: a.Token, by: r.n})
		w.say("%d: gap after %q: %+v", r.n, a.After, *a.Gap)
		return Ack{Seq: uint64(len(w.records))}
	}
	// All or nothing, as a batch of JetStream, or the first one alone.
	entries := a.Entries[:1+w.rnd.IntN(len(a.Entries))]
	for _, e := range entries {
		if w.ids[e.ID] {
			w.say("%d: %s is there already", r.n, e.ID)
			if len(entries) > 1 {
				return Ack{Failed: true}
			}
			return Ack{Duplicate: true, Seq: 1}
		}
	}
	for _, e := range entries {
		w.ids[e.ID] = true
		n, _ := strconv.Atoi(e.Event)
		w.records = append(w.records, record{id: e.ID, n: n})
		w.say("%d: published %s (%d)", r.n, e.ID, n)
	}
	return Ack{N: len(entries), Seq: uint64(len(w.records))}
}

func (w *world) send() {
	w.sent++
	for _, r := range w.replicas {
		if !r.up {
			continue
		}
		at := w.now + 1 + w.rnd.IntN(30)
		if n := len(r.queued); n > 0 {
			at = max(at, r.queued[n-1])
		}
		r.queue, r.queued = append(r.queue, w.sent), append(r.queued, at)
	}
}

// deliver gives the first events of the link to the replica.
func (r *replica) deliver(n int) {
	for range n {
		e := r.queue[0]
		r.queue, r.queued = r.queue[1:], r.queued[1:]
		if e == 0 {
			r.lossy = false
			r.in(func() Action { return r.ch.Lost(r.w.clock(), Hole{Reconnected: true, Until: r.w.clock()}) })
			r.in(func() Action { return r.ch.Warm(r.w.clock()) })
			continue
		}
		r.received[e] = true
		r.w.had[e] = true
		id := fmt.Sprint("id", e)
		if r.w.local {
			id = fmt.Sprintf("~%d.%d", r.n, e)
		}
		r.in(func() Action {
			return r.ch.Received(r.w.clock(), Entry{ID: id, Event: strconv.Itoa(e), At: r.w.clock(), Local: r.w.local, Payload: make([]byte, 200)})
		})
	}
}

// cut breaks the link; what was on its way is lost.
func (r *replica) cut() {
	r.w.say("%d: the link is cut, with %v on it", r.n, r.queue)
	r.up, r.lossy, r.queue, r.queued = false, true, nil, nil
}

func (r *replica) join() {
	r.w.say("%d: the link is up", r.n)
	r.up = true
	r.queue, r.queued = append(r.queue, 0), append(r.queued, r.w.now)
}

func (w *world) step() {
	w.now++
	due := w.mail
	w.mail = nil
	for _, m := range due {
		if m.at > w.now {
			w.mail = append(w.mail, m)
			continue
		}
		m.do()
	}
	for _, r := range w.replicas {
		n := 0
		for n < len(r.queued) && r.queued[n] <= w.now {
			n++
		}
		if r.paused {
			continue
		}
		r.deliver(n)
		if next := r.ch.Next(); !next.IsZero() && !w.clock().Before(next) {
			r.in(func() Action { return r.ch.Poll(w.clock()) })
		}
	}
}

// lead makes one replica the leader; the others learn of it when they do.
func (w *world) lead(n int) {
	for i, r := range w.replicas {
		on := i == n
		r.leads = on
		w.later(40, func() {
			r.in(func() Action {
				if r.leads == on {
					return r.ch.Lead(w.clock(), on)
				}
				return Action{}
			})
		})
	}
}

func (w *world) fault() {
	i := w.rnd.IntN(3)
	if w.calm && i == 2 {
		i = w.rnd.IntN(2)
	}
	r := w.replicas[i]
	w.faults++
	switch w.rnd.IntN(7) {
	case 0:
		if r.up {
			r.cut()
		} else {
			r.join()
		}
	case 1:
		w.say("%d is killed", r.n)
		r.paused, r.bus = true, false
		r.ch = nil
		lead := r.leads
		w.replicas[i] = w.start()
		w.replicas[i].in(func() Action { return w.replicas[i].ch.Warm(w.clock()) })
		r.dead() // what it had under way stays in w.mail and arrives; it never hears of it
		if lead {
			w.lead(w.rnd.IntN(3))
		}
	case 2:
		if r.paused {
			w.say("%d goes on", r.n)
		} else {
			w.say("%d stands still", r.n)
		}
		r.paused = !r.paused
	case 3:
		w.lead(w.rnd.IntN(3))
	case 4: // nobody tells the former leader for long: two publish
		w.say("%d leads as well", r.n)
		r.leads = true
		r.in(func() Action { return r.ch.Lead(w.clock(), r.leads) })
	case 5:
		r.bus = !r.bus
		w.say("%d reaches the bus: %v", r.n, r.bus)
	case 6:
		if w.calm {
			return
		}
		w.say("the service restarts")
		for _, r := range w.replicas {
			if r.up {
				r.cut()
			}
		}
	}
}

// dead keeps a killed replica from doing anything more.
func (r *replica) dead() {
	r.ch = New(1, time.Second, limits, r.w.clock())
}

var searched, onBus int // events of all schedules

func search(t *testing.T, seed uint64) (steps int) {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 7)), ids: map[string]bool{}, had: map[int]bool{}}
	w.local = seed%5 == 4
	w.small = seed%7 == 3
	w.calm = seed%2 == 0
	quiet := seed%3 == 0
	for range 3 {
		w.replicas = append(w.replicas, w.start())
	}
	w.lead(0)
	faults := w.rnd.IntN(14)
	for range 1500 {
		w.step()
		if quiet && w.rnd.IntN(60) == 0 || !quiet && w.rnd.IntN(12) == 0 {
			w.send()
		}
		if faults > 0 && w.rnd.IntN(60) == 0 {
			faults--
			w.fault()
		}
	}
	for _, r := range w.replicas {
		r.paused, r.bus = false, true
		if !r.up {
			r.join()
		}
	}
	w.lead(2)
	for i := range 20_000 {
		w.step()
		if i == 600 {
			w.send()
		}
		if i > 1200 && w.replicas[2].ch.Idle() {
			break
		}
	}
	for _, r := range w.replicas {
		if !r.ch.Idle() {
			t.Errorf("seed %d: replica %d has not come to rest", seed, r.n)
		}
	}
	w.check(seed)
	searched += w.sent
	onBus += len(w.ids)
	if t.Failed() && *searchSeed != 0 {
		t.Log("\n" + w.log.String())
	}
	return w.steps
}

func (w *world) check(seed uint64) {
	w.t.Helper()
	// What is promised begins with the first event on the bus, or the first one that a replica has
	// which is still alive.
	first := w.sent + 1
	for _, r := range w.replicas {
		for n := range r.received {
			if !w.local { // without ids the first leader begins with what it has itself
				first = min(first, n)
			}
		}
	}
	for _, r := range w.records {
		if r.n > 0 {
			first = min(first, r.n)
		}
	}
	gap, at, gaps, takeovers := false, first-1, 0, 0
	for _, r := range w.records {
		if r.n == 0 {
			gap = true
			takeovers++     // without ids each is a gap
			if r.id != "" { // at the beginning of the bus one is told if a peer can't say what was before
				gaps++
			}
			continue
		}
		// Without ids nobody can tell whether what comes late after a takeover is on the bus already,
		// or what two publish at once.
		if r.n <= at && !(w.local && takeovers > 0) {
			w.t.Errorf("seed %d: %d comes after %d", seed, r.n, at)
		}
		for n := at + 1; n < r.n; n++ {
			if !gap && (w.had[n] || !w.calm) {
				w.t.Errorf("seed %d: %d is missing before %d, and no gap record", seed, n, r.n)
				break
			}
		}
		gap, at = false, max(at, r.n)
	}
	if at < w.sent && !gap {
		w.t.Errorf("seed %d: %d to %d are missing at the end, and no gap record", seed, at+1, w.sent)
	}
	if gaps > 0 && !w.local && !w.small && (w.faults == 0 || w.calm) {
		w.t.Errorf("seed %d: %d gap records, while one replica received everything, after %d faults", seed, gaps, w.faults)
	}
	if w.faults == 0 && gaps > 0 && !w.local && !w.small {
		w.t.Errorf("seed %d: %d gap records without a fault", seed, gaps)
	}
}

func TestSearch(t *testing.T) {
	if *searchSeed != 0 {
		search(t, *searchSeed)
		return
	}
	steps := 0
	for seed := range uint64(*searchSeeds) {
		if steps += search(t, seed+1); t.Failed() {
			break
		}
	}
	t.Logf("%d inputs in %d schedules; %d events, of which the bus has %d", steps, *searchSeeds, searched, onBus)
}
