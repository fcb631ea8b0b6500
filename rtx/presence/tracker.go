package presence

import (
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/internal/link"
)

// rosterGrace is how long after a confirmation without a roster the service may still send one.
const rosterGrace = 2 * time.Second

// A tracker keeps the roster of one channel as the service told it, and tells the channel's rooms, whatever their T, what
// changes. It is the judge of what is a change; rooms only put it into their words.
type tracker struct {
	channel string
	counts  counts

	// order is held while something is taken from the wire and told to all rooms, decoding included: rooms see the same
	// in the same order. What follows belongs to it.
	order   sync.Mutex
	state   state
	members map[string]*entry
	size    int // bytes of ids and infos
	turn    int // counts rosters
	me      string
	own     fact // what this client said of itself
	early   early
	whole   bool // stale, but nothing since is missing yet: the roster, and what is early, if the session is recovered
	kept    bool // the session was recovered, and whole
	grace   *time.Timer
	ended   bool
	err     error
	log     *slog.Logger
	warned  map[string]bool
	ops     []op
	list    []follower

	mu    sync.Mutex // guards rooms
	rooms map[follower]struct{}
}

var _ link.Tracker = (*tracker)(nil)

// A state is how far the roster can be trusted.
type state uint8

const (
	untold state = iota // there is no roster yet
	live
	stale
)

// An entry is a member as the service described it. Id and info never change: an update makes a new entry.
type entry struct {
	id   string
	info []byte // nil: none was told
	turn int    // of the last roster that had it
}

func (e *entry) size() int { return len(e.id) + len(e.info) }

// An op is one member's change: from before to after, nil for not there.
type op struct{ before, after *entry }

func (o op) id() string {
	if o.after != nil {
		return o.after.id
	}
	return o.before.id
}

// A follower is a room, whatever its T.
type follower interface {
	fits(members, size int) error
	follow(ops []op, kind Kind, me string)
	finish(err error)
}

// counts are what Stats tells of the channel.
type counts struct{ unknown, repeated, dropped atomic.Uint64 }

func (c *counts) add(s *Stats) {
	s.Unknown, s.Repeated, s.Dropped = c.unknown.Load(), c.repeated.Load(), c.dropped.Load()
}

func newTracker(channel string) *tracker {
	return &tracker{
		channel: channel,
		members: make(map[string]*entry),
		rooms:   make(map[follower]struct{}),
		log:     slog.New(slog.DiscardHandler),
	}
}

// attach adds a room, and tells it what is known.
func (t *tracker) attach(f follower, log *slog.Logger) {
	t.order.Lock()
	defer t.order.Unlock()
	if t.ended {
		f.finish(t.err)
		return
	}
	if log != nil {
		t.log = log
	}
	t.mu.Lock()
	t.rooms[f] = struct{}{}
	t.mu.Unlock()
	if t.state == untold {
		return
	}
	ops := make([]op, 0, len(t.members))
	for _, e := range t.members {
		ops = append(ops, op{after: e})
	}
	kind := Snapshot
	if t.state == stale {
		kind = 0
	}
	t.tellOne(f, ops, kind)
}

func (t *tracker) detach(f follower) {
	t.mu.Lock()
	delete(t.rooms, f)
	t.mu.Unlock()
}

// Confirmed takes a confirmation, which may be a copy of one that was taken. One with a roster is the truth of its
// moment: what differs from what was known is told.
func (t *tracker) Confirmed(payload, channelData []byte) {
	t.order.Lock()
	defer t.order.Unlock()
	if t.ended {
		return
	}
	c := readConfirmation(payload, t.channel)
	t.strange(c.unknown, "confirmation")
	if err := t.identify(channelData, c.me); err != nil {
		t.end(err)
		return
	}
	switch {
	case c.told:
		t.settle(c.members)
	case t.state != live && t.grace == nil:
		var timer *time.Timer
		timer = time.AfterFunc(rosterGrace, func() { t.alone(&timer) })
		t.grace = timer
	}
}

// alone begins the roster with this client only, because the service did not tell it. timer is the one that was set for
// it; another one since, or none, means that the question is settled.
func (t *tracker) alone(timer **time.Timer) {
	t.order.Lock()
	defer t.order.Unlock()
	if t.grace == *timer && t.grace != nil && !t.ended {
		var known []fact
		if t.kept {
			for _, e := range t.members {
				known = append(known, fact{id: e.id, info: e.info})
			}
		} else {
			t.log.Info("presence: the service did not say who is there; the roster grows from here", "channel", t.channel)
		}
		t.settle(known)
	}
}

// identify learns who this client is: from the service, or from what the client said of itself.
func (t *tracker) identify(channelData []byte, me string) error {
	t.own = fact{}
	if len(channelData) > 0 {
		own, fault := readMember(unwrap(channelData), t.channel)
		switch {
		case fault == "":
			t.own = own
		case me == "":
			return &MemberError{Channel: t.channel, Field: "user_id", Reason: fault}
		}
	}
	if me == "" {
		me = t.own.id
	}
	if me != "" {
		t.me = me
	}
	return nil
}

// settle takes a whole roster. What was told before it and not with it is applied on top: each member's last word
// counts, and the roster may have been drawn up before it.
func (t *tracker) settle(members []fact) {
	t.stopGrace()
	t.turn++
	ops := t.ops[:0]
	note := func(f fact) {
		if o, ok := t.apply(f); ok {
			ops = append(ops, o)
		}
		if e := t.members[f.id]; e != nil {
			e.turn = t.turn
		}
	}
	for _, f := range members {
		note(f)
	}
	if t.me != "" {
		if e := t.members[t.me]; e == nil || e.turn != t.turn {
			own := fact{id: t.me}
			if t.own.id == t.me {
				own = t.own
			}
			note(own)
		}
	}
	for id, e := range t.members {
		if e.turn != t.turn {
			t.set(id, nil)
			ops = append(ops, op{before: e})
		}
	}
	for _, f := range t.early.facts {
		note(f)
	}
	t.early, t.whole, t.kept = early{}, false, false
	again := t.state == live
	t.state = live
	if len(ops) > 0 || !again {
		t.tell(ops, Snapshot)
	}
	t.keep(ops)
}

// Event takes a member's coming or going, which may be the second copy of it.
func (t *tracker) Event(name string, payload []byte) {
	t.order.Lock()
	defer t.order.Unlock()
	if t.ended {
		return
	}
	f, fault := readMember(unwrap(payload), t.channel)
	switch {
	case fault != "":
		t.strange(1, name)
		return
	case strings.HasSuffix(name, ":member_added"):
	case strings.HasSuffix(name, ":member_removed"):
		f.gone, f.info = true, nil
	default:
		t.strange(1, name)
		return
	}
	if t.state != live {
		if dropped := t.early.add(f); dropped > 0 {
			t.counts.dropped.Add(dropped)
			t.kept = false
		}
		return
	}
	o, ok := t.apply(f)
	if !ok {
		t.counts.repeated.Add(1)
		return
	}
	ops := append(t.ops[:0], o)
	t.tell(ops, Diff)
	t.keep(ops)
}

// apply takes a fact into the roster. It reports false for one that changes nothing: a second copy, a leave of somebody
// who is not there, a leave of this client, which is there while it is subscribed.
func (t *tracker) apply(f fact) (op, bool) {
	before := t.members[f.id]
	switch {
	case f.gone && (before == nil || f.id == t.me):
		return op{}, false
	case f.gone:
		t.set(f.id, nil)
		return op{before: before}, true
	case before != nil && (f.info == nil || sameInfo(before.info, f.info)):
		return op{}, false
	}
	after := &entry{id: f.id, info: f.info}
	t.set(f.id, after)
	return op{before: before, after: after}, true
}

// set puts an entry in the roster, or takes one off for nil.
func (t *tracker) set(id string, e *entry) {
	if old := t.members[id]; old != nil {
		t.size -= old.size()
	}
	if e == nil {
		delete(t.members, id)
		return
	}
	t.size += e.size()
	t.members[id] = e
}

// Down keeps the roster, stale.
func (t *tracker) Down() {
	t.order.Lock()
	defer t.order.Unlock()
	t.stopGrace()
	t.early, t.whole, t.kept = early{}, t.state == live, false
	if t.state == live && !t.ended {
		t.state = stale
		t.tell(nil, Stale)
	}
}

// Resumed says that the service restored the lost session: who was there still is, but for what it tells from here on. It
// counts where the confirmation then brings no roster.
func (t *tracker) Resumed() {
	t.order.Lock()
	defer t.order.Unlock()
	t.kept = t.whole
}

// End ends the rooms.
func (t *tracker) End(err error) {
	t.order.Lock()
	defer t.order.Unlock()
	t.end(err)
}

func (t *tracker) end(err error) {
	if t.ended {
		return
	}
	t.stopGrace()
	t.ended, t.err = true, err
	for _, f := range t.followers() {
		f.finish(err)
	}
}

func (t *tracker) stopGrace() {
	if t.grace != nil {
		t.grace.Stop()
		t.grace = nil
	}
}

// tell tells every room.
func (t *tracker) tell(ops []op, kind Kind) {
	for _, f := range t.followers() {
		t.tellOne(f, ops, kind)
	}
	clear(t.list)
}

func (t *tracker) tellOne(f follower, ops []op, kind Kind) {
	if err := f.fits(len(t.members), t.size); err != nil {
		f.finish(err)
		return
	}
	f.follow(ops, kind, t.me)
}

// followers returns the rooms; one that is closed meanwhile takes nothing.
func (t *tracker) followers() []follower {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = t.list[:0]
	for f := range t.rooms {
		t.list = append(t.list, f)
	}
	return t.list
}

// keep keeps the space of ops for the next ones, and none of the entries.
func (t *tracker) keep(ops []op) {
	clear(ops)
	if cap(ops) <= 1024 {
		t.ops = ops[:0]
	}
}

// strange counts n parts of a message of no known form, and logs the first of each kind.
func (t *tracker) strange(n int, kind string) {
	if n == 0 {
		return
	}
	t.counts.unknown.Add(uint64(n))
	if !t.warned[kind] {
		if t.warned == nil {
			t.warned = make(map[string]bool)
		}
		t.warned[kind] = true
		t.log.Warn("presence: a message is of no known form; further ones are only counted", "channel", t.channel, "message", kind)
	}
}
