package relay

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var seatings = flag.Int("seatings", 100, "how many schedules TestChannelsMoveWithoutALoss walks")

// A hall has replicas that see each other's leases late, each at its own time, as a bucket shows them:
// all in the same order.
type hall struct {
	t       *testing.T
	seed    uint64
	rand    *rand.Rand
	sharded bool
	now     time.Time
	names   []string // of channels
	guests  []*guest
	bucket  []change
	started int
	settled bool // for the first time
	did     []string
}

type change struct {
	name string
	gone bool
	Member
}

type guest struct {
	*Seat
	seen       int // of the bucket
	members    map[string]Member
	said       *Member
	subscribed []bool // on the service
	down       bool   // the link
	drains     bool
	slow       bool
	wrote      int // where in the bucket its last lease is
}

func (h *hall) note(format string, args ...any) { h.did = append(h.did, fmt.Sprintf(format, args...)) }

func (h *hall) fail(format string, args ...any) {
	h.t.Helper()
	for _, g := range h.guests {
		h.note("%s: seen %d of %d, drains %v, places %+v, said %+v", g.self, g.seen, len(h.bucket), g.drains, g.places, g.said)
	}
	for _, d := range h.did[max(0, len(h.did)-60):] {
		h.t.Log(d)
	}
	h.t.Fatalf("seed %d: %s", h.seed, fmt.Sprintf(format, args...))
}

func (h *hall) start() {
	h.started++
	g := &guest{Seat: NewSeat(fmt.Sprint("replica-", h.started), h.names, h.sharded), members: make(map[string]Member), subscribed: make([]bool, len(h.names)), slow: h.rand.IntN(3) == 0}
	h.guests = append(h.guests, g)
	h.note("%s starts", g.self)
	g.Linked(h.now, true)
	h.assign(g)
}

func (h *hall) assign(g *guest) {
	var members []Member
	for _, m := range g.members {
		members = append(members, m)
	}
	join, leave := g.Assign(h.now, members, g.wrote <= g.seen)
	if len(join)+len(leave) > 0 {
		h.note("%s joins %v, leaves %v", g.self, join, leave)
	}
	for _, i := range leave {
		g.subscribed[i] = false
	}
}

// see shows the replica the next change.
func (h *hall) see(g *guest) bool {
	if g.seen == len(h.bucket) {
		return false
	}
	c := h.bucket[g.seen]
	g.seen++
	if c.gone {
		delete(g.members, c.name)
	} else {
		g.members[c.name] = c.Member
	}
	h.note("%s sees %+v", g.self, c)
	h.assign(g)
	return true
}

// write puts what the lease is to say into the bucket.
func (h *hall) write(g *guest) bool {
	ready, covers := g.Says(h.now)
	m := Member{Name: g.self, Ready: ready, Covers: covers}
	if g.said != nil && g.said.Ready == m.Ready && slices.Equal(g.said.Covers, m.Covers) {
		return false
	}
	g.said = &m
	h.bucket = append(h.bucket, change{name: g.self, Member: m})
	g.wrote = len(h.bucket)
	h.note("%s says %+v", g.self, m)
	return true
}

// confirm has the service confirm some of what is pending.
func (h *hall) confirm(g *guest, all bool) bool {
	if g.down {
		return false
	}
	return len(g.Confirm(func(i int) bool {
		if all || h.rand.IntN(3) == 0 {
			g.subscribed[i] = true
			return true
		}
		return false
	})) > 0
}

// finish ends a replica that has drained.
func (h *hall) finish(g *guest) bool {
	if !g.drains {
		return false
	}
	for i := range h.names {
		if !g.HandedOver(i) {
			return false
		}
	}
	h.end(g)
	return true
}

func (h *hall) end(g *guest) {
	h.note("%s ends", g.self)
	h.guests = slices.DeleteFunc(h.guests, func(o *guest) bool { return o == g })
	h.bucket = append(h.bucket, change{name: g.self, gone: true})
}

// step does something that is due, if there is anything.
func (h *hall) step(g *guest, all bool) bool {
	h.now = h.now.Add(time.Millisecond)
	switch h.rand.IntN(4) {
	case 0:
		return h.see(g) || h.write(g) || h.confirm(g, all) || h.finish(g)
	case 1:
		return h.write(g) || h.confirm(g, all) || h.finish(g) || h.see(g)
	case 2:
		return h.confirm(g, all) || h.finish(g) || h.see(g) || h.write(g)
	}
	return h.finish(g) || h.see(g) || h.write(g) || h.confirm(g, all)
}

// settle does all that is due, and looks at what came of it: each channel has those two receivers that
// hashing gives, or all of them, and one leader.
func (h *hall) settle() {
	h.t.Helper()
	for idle := 0; idle < 3*len(h.guests)+1; {
		idle++
		for _, g := range slices.Clone(h.guests) {
			if h.step(g, true) {
				idle = 0
				h.received()
			}
		}
	}
	h.settled = true
	for i, name := range h.names {
		receive, lead := 0, 0
		for _, g := range h.guests {
			if g.subscribed[i] {
				receive++
			}
			if self, _ := g.Leads(i); self {
				lead++
			}
		}
		want := len(h.guests)
		if h.sharded {
			want = min(want, 2)
		}
		if receive != want || lead != min(1, len(h.guests)) {
			h.fail("%s: %d receive it, and %d lead it, of %d", name, receive, lead, len(h.guests))
		}
	}
}

// received is an event on each channel: somebody receives it.
func (h *hall) received() {
	h.t.Helper()
	for i, name := range h.names {
		if h.settled && len(h.guests) > 0 && !slices.ContainsFunc(h.guests, func(g *guest) bool { return g.subscribed[i] && !g.down }) {
			h.fail("nobody receives %s", name)
		}
	}
}

// drift does something of what may happen at any time: a replica joins, one drains, or one of them does a
// step. Some are slow.
func (h *hall) drift() {
	h.t.Helper()
	g := h.guests[h.rand.IntN(len(h.guests))]
	switch n := h.rand.IntN(60); {
	case n < 2 && len(h.guests) < 6:
		h.start()
	case n < 5:
		if !g.drains && slices.ContainsFunc(h.guests, func(o *guest) bool { return o != g && !o.drains && !o.down && o.said != nil && o.said.Ready }) {
			h.note("%s drains", g.self)
			g.drains = true
			g.Drain()
		}
	case g.slow && n < 55:
	default:
		h.step(g, false)
	}
	h.received()
}

// Replicas join and drain at any time, see each other's leases late, and are confirmed late. One link
// breaks, or one replica is killed, when all is settled. At no time is a channel without a receiver.
func TestChannelsMoveWithoutALoss(t *testing.T) {
	seeds := []uint64{635, 981} // where all others leave at the same time, by what is no longer so
	for seed := range uint64(*seatings) {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		h := &hall{t: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 1)), sharded: seed%4 != 0, now: time.Unix(1_700_000_000, 0), names: []string{"a", "b", "c", "d", "e"}}
		h.start()
		h.settle()
		for range 4 {
			for range h.rand.IntN(200) {
				h.drift()
			}
			h.settle()
			for len(h.guests) < 3 {
				h.start()
				h.settle()
			}
			g := h.guests[h.rand.IntN(len(h.guests))]
			if h.rand.IntN(2) == 0 {
				h.end(g) // killed
				h.received()
				continue
			}
			h.note("%s is cut off", g.self)
			g.down = true
			g.Linked(h.now, false)
			h.write(g) // until it has said so the others count on it
			for range h.rand.IntN(100) {
				h.drift()
			}
			if g.down = false; slices.Contains(h.guests, g) {
				h.note("%s is back", g.self)
				clear(g.subscribed) // its session is a new one
				g.Linked(h.now, true)
			}
		}
		h.settle()
	}
}
