package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A plan is everything that a seed decides, drawn before the run begins.
type plan struct {
	seed     uint64
	service  []testserver.Option
	settings []string // what service says, in words
	recovery time.Duration
	clean    bool // each cut is shorter than the recovery window: no hole by reconnection at all
	mayLeave bool // faults may have a subscription refused
	endpoint bool
	pong     bool
	topmost  bool // rosters come unwrapped too
	peers    int
	length   time.Duration
	backoff  time.Duration
	steps    []step
	deaf     bool // the connections are deaf in the end
	hostile  bool // some channels are in bad hands
	calm     bool // nothing else goes wrong
}

// A step is something that happens at a time.
type step struct {
	at   time.Duration
	text string
	do   func(w *world)
}

func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d clients, %v, back-off to %v, endpoint %v, clean %v, hostile %v; %s\n",
		p.seed, p.peers, p.length, p.backoff, p.endpoint, p.clean, p.hostile, strings.Join(p.settings, ", "))
	for _, s := range p.steps {
		fmt.Fprintf(&b, "%12v %s\n", s.at, s.text)
	}
	return b.String()
}

// drawer draws a plan.
type drawer struct {
	*rand.Rand
	p *plan
}

func newPlan(seed uint64) *plan {
	d := &drawer{rand.New(rand.NewPCG(seed, 0x1ed6e5)), &plan{seed: seed, pong: true}}
	p := d.p
	p.peers = 2 + d.IntN(2)
	p.length = time.Duration(5+d.IntN(25)) * time.Minute
	if d.IntN(40) == 0 {
		p.length = time.Duration(3+d.IntN(5)) * time.Hour
	}
	hostile := rand.New(rand.NewPCG(seed, 0xbad))
	p.hostile = hostile.IntN(2) == 0
	p.backoff = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}[d.IntN(3)]
	d.settings()
	d.opening()
	for range 10 + d.IntN(15) {
		d.traffic(d.when())
	}
	for range 10 + d.IntN(20) {
		d.consumer()
	}
	for range 4 + d.IntN(14) {
		d.fault()
	}
	if p.hostile {
		for range 10 + hostile.IntN(30) {
			d.misdeed(hostile, time.Minute+time.Duration(hostile.Int64N(int64(p.length-time.Minute))))
		}
	}
	p.deaf = p.recovery > 0 && p.pong && !p.clean && d.IntN(4) == 0
	slices.SortStableFunc(p.steps, func(a, b step) int { return int(a.at - b.at) })
	return p
}

// settings draws the service.
func (d *drawer) settings() {
	p := d.p
	p.service = append(p.service, testserver.WithSeed(p.seed))
	set := func(text string, o testserver.Option) {
		p.settings = append(p.settings, text)
		p.service = append(p.service, o)
	}
	switch d.IntN(4) {
	case 0:
		p.recovery = 5 * time.Minute
		p.clean = d.IntN(2) == 0
	case 1:
		p.recovery = time.Duration(1+d.IntN(20)) * time.Second
	}
	if p.recovery > 0 {
		set(fmt.Sprintf("recovery for %v", p.recovery), testserver.WithRecovery(p.recovery))
	}
	// A service that can recover names the socket id at once: where it is late with that, a
	// connection that is deaf from its first moment gets its rooms back by being asked again, and
	// its gap only when it is found out.
	switch d.IntN(6) {
	case 0:
		if p.recovery == 0 {
			set("no connection_established", testserver.WithEstablished(-1))
		}
	case 1:
		if p.recovery == 0 {
			set("late connection_established", testserver.WithEstablished(time.Duration(d.IntN(1500))*time.Millisecond))
		}
	}
	if d.IntN(8) == 0 {
		p.pong = false
		set("no pong", testserver.WithoutPong())
	}
	delivery := testserver.PresenceDelivery(d.IntN(3))
	set("presence", testserver.WithPresenceDelivery(delivery))
	set("names", testserver.WithPresenceNames(testserver.PresenceNames(d.IntN(3))))
	confirmation := testserver.PresenceConfirmation(d.IntN(3))
	set("confirmation", testserver.WithPresenceConfirmation(confirmation))
	p.topmost = delivery != testserver.PresenceWrapped || confirmation == testserver.ConfirmWithMembers
	set("shape", testserver.WithMemberShape(testserver.MemberShape(d.IntN(3))))
	p.endpoint = d.IntN(2) == 0
	p.mayLeave = !p.clean
}

// opening has everybody in place before the first fault.
func (d *drawer) opening() {
	for slot := range d.p.peers {
		for range 2 + d.IntN(3) {
			d.stream(slot, time.Duration(d.IntN(20000))*time.Millisecond)
		}
		if d.IntN(2) == 0 {
			d.watch(slot, time.Duration(d.IntN(20000))*time.Millisecond)
		}
	}
	if d.p.clean {
		// The service keeps events for as long as sessions: whoever has seen none for longer is not
		// recovered.
		for at := time.Minute; at < d.p.length; at += time.Minute {
			d.step(at, "publish one on the anchor", func(w *world) { w.publish(anchor, []ledger.Event{{Name: "e1"}}) })
		}
	}
	d.step(30*time.Second, "publish one on the anchor", func(w *world) { w.publish(anchor, []ledger.Event{{Name: "e1"}}) })
}

func (d *drawer) step(at time.Duration, text string, do func(w *world)) {
	d.p.steps = append(d.p.steps, step{at, text, do})
}

// when draws a time after the opening.
func (d *drawer) when() time.Duration {
	return time.Minute + time.Duration(d.Int64N(int64(d.p.length-time.Minute)/1e6))*time.Millisecond
}

func (d *drawer) slot() int { return d.IntN(d.p.peers) }

func pickOne[T any](d *drawer, of ...T) T { return of[d.IntN(len(of))] }

// traffic draws events of the service, or of a client.
func (d *drawer) traffic(at time.Duration) {
	if d.IntN(4) == 0 {
		slot, chat := d.slot(), d.IntN(len(chats))
		b := burst{
			n: 1 + d.IntN(12), event: pickOne(d, "x", "y"), pause: time.Duration(d.IntN(40)) * time.Millisecond,
			timeout: pickOne(d, time.Minute, time.Second, time.Millisecond),
		}
		d.step(at, fmt.Sprintf("client %d triggers on %s: %+v", slot, chats[chat], b), func(w *world) { w.slots[slot].sent[chat].queue <- b })
		return
	}
	channel := published[d.IntN(len(published))]
	rounds, pause := 1+d.IntN(6), time.Duration(d.IntN(900))*time.Millisecond
	for i := range rounds {
		var es []ledger.Event
		for range 1 + d.IntN(8) {
			es = append(es, ledger.Event{Name: events[d.IntN(len(events))], Key: d.IntN(keys), Malformed: d.IntN(25) == 0})
		}
		d.step(at+time.Duration(i)*pause, fmt.Sprintf("publish %d on %s", len(es), channel), func(w *world) { w.publish(channel, es) })
	}
}

// stream opens one.
func (d *drawer) stream(slot int, at time.Duration) {
	q := request{
		events: []string{pickOne(d, "e1", "e2", "*", "*")},
		buffer: pickOne(d, 1, 2, 5, 16, 256),
		policy: pickOne(d, rtx.DropOldest, rtx.DropOldest, rtx.DropNewest, rtx.EndStream, rtx.Grow(100), rtx.Grow(1<<20)),
		reader: pickOne(d, "all", "pending", "batches", "c", "c"),
		pace:   pickOne(d, "eager", "eager", "slow", "stuck"),
		seed:   d.Uint64(), message: d.IntN(2) == 0,
	}
	all := append(slices.Clone(published), chats...)
	switch kind := d.IntN(8); {
	case kind == 0 && !d.p.hostile: // the whole client
	case kind == 1 || kind == 2:
		q.channels = slices.Clone(published)
		d.Shuffle(len(q.channels), func(i, j int) { q.channels[i], q.channels[j] = q.channels[j], q.channels[i] })
		q.channels = q.channels[:2+d.IntN(2)]
	default:
		q.channels = []string{all[d.IntN(len(all))]}
	}
	switch {
	case d.IntN(6) == 0:
		q.events = []string{"e1", "e3"}
	case d.IntN(6) == 0:
		q.parts = 1 + d.IntN(3)
	}
	if len(q.events) > 1 || q.events[0] == "*" || len(q.channels) != 1 {
		q.message = true
	}
	d.step(at, fmt.Sprintf("client %d opens %v", slot, q), func(w *world) {
		if p := w.slots[slot]; p.openStreams() < 10 {
			p.open(q)
		}
	})
}

// watch opens a room.
func (d *drawer) watch(slot int, at time.Duration) {
	channel, kind, seed := pickOne(d, lobby, lobby, "presence-e"), pickOne(d, "eager", "slow", "stuck"), d.Uint64()
	d.step(at, fmt.Sprintf("client %d watches %s, %s", slot, channel, kind), func(w *world) {
		if p := w.slots[slot]; len(p.rooms) < 4 {
			p.watch(channel, w.pace(kind, seed))
		}
	})
}

// consumer draws something that the clients' programs do.
func (d *drawer) consumer() {
	at, slot, i := d.when(), d.slot(), d.IntN(1000)
	kind := d.IntN(20)
	if d.p.clean && kind >= 17 {
		kind = 0
	}
	switch kind {
	default:
		d.stream(slot, at)
	case 6, 7:
		byContext := d.IntN(2) == 0
		d.step(at, fmt.Sprintf("client %d ends a stream, by its context %v", slot, byContext), func(w *world) { w.slots[slot].shutStream(i, byContext) })
	case 8, 9:
		channel, add := d.IntN(1000), d.IntN(2) == 0
		d.step(at, fmt.Sprintf("client %d changes a group, adds %v", slot, add), func(w *world) { w.slots[slot].regroup(i, channel, add) })
	case 10:
		channel := published[d.IntN(len(published))]
		d.step(at, fmt.Sprintf("client %d unsubscribes %s", slot, channel), func(w *world) { w.slots[slot].leave(channel) })
	case 11, 12:
		d.watch(slot, at)
	case 13, 14:
		id, here := fmt.Sprintf("member-%d", d.IntN(4)), d.IntN(2) == 0
		d.step(at, fmt.Sprintf("%s joins %v", id, here), func(w *world) {
			if here {
				w.s.Join(lobby, auth.Member{ID: id, Info: info{"since": float64(i)}})
			} else {
				w.s.Leave(lobby, id)
			}
		})
	case 15:
		d.step(at, fmt.Sprintf("client %d closes a room", slot), func(w *world) {
			if p := w.slots[slot]; len(p.rooms) > 0 {
				r := p.rooms[i%len(p.rooms)]
				r.shut = true
				r.room.Close()
			}
		})
	case 16:
		// A join and a leave in one instant, and back: what is wanted last counts.
		channel := published[1+d.IntN(len(published)-1)]
		d.step(at, fmt.Sprintf("client %d flaps %s", slot, channel), func(w *world) {
			p := w.slots[slot]
			for range 3 {
				p.open(request{channels: []string{channel}, events: []string{"e1"}, buffer: 4, reader: "all"})
				o := p.streams[len(p.streams)-1]
				o.shut = true
				o.close()
			}
		})
	case 17:
		d.step(at, fmt.Sprintf("client %d reconnects", slot), func(w *world) { w.slots[slot].client.Reconnect() })
	case 18:
		d.step(at, fmt.Sprintf("client %d is closed, another takes its place", slot), func(w *world) {
			w.slots[slot].close()
			w.slots[slot] = w.newPeer(slot)
		})
	case 19:
		d.step(at, fmt.Sprintf("client %d drains", slot), func(w *world) {
			p := w.slots[slot]
			for _, o := range p.streams {
				o.shut = true
			}
			for _, r := range p.rooms {
				r.shut = true
			}
			p.readers.Go(func() {
				if err := p.client.Drain(p.ctx); err != nil && p.ctx.Err() == nil {
					w.breach("Drain of %s: %v", p.name, err)
				}
			})
		})
	}
}
