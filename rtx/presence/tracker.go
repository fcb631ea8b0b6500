package presence

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/internal/observe"
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
	first   *entry // of the members, in the order of joining
	last    *entry
	size    int    // bytes of ids and infos
	turn    uint32 // counts rosters
	limit   config // the most that any room allows
	me      string
	own     own
	partial bool // the service did not say in full who is there
	early   early
	whole   bool // stale, but nothing since is missing yet: the roster, and what is early, if the session is recovered
	kept    bool // the session was recovered, and whole
	grace   *time.Timer
	ended   bool
	err     error
	log     *slog.Logger
	warned  map[string]bool
	reader  reader
	ops     []op
	list    []follower

	rooms followers
}

var _ observe.Observer = (*tracker)(nil)

// Take takes one fact of the channel.
func (t *tracker) Take(f observe.Fact) {
	switch f.Kind {
	case observe.Confirmed:
		t.Confirmed(f.Payload, f.ChannelData)
	case observe.Event:
		t.Event(f.Name, f.Payload)
	case observe.Stale:
		t.Down()
	case observe.Kept:
		t.Resumed()
	case observe.Ended:
		t.End(f.Err)
	}
}

// A state is how far the roster can be trusted.
type state uint8

const (
	untold state = iota // there is no roster yet
	live
	stale
)

// counts are what Stats tells of the channel.
type counts struct{ unknown, repeated, dropped atomic.Uint64 }

func (c *counts) add(s *Stats) {
	s.Unknown, s.Repeated, s.Dropped = c.unknown.Load(), c.repeated.Load(), c.dropped.Load()
}

func newTracker(channel string) *tracker {
	return &tracker{
		channel: channel,
		members: make(map[string]*entry),
		reader:  reader{channel: channel},
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
	t.allow(f.limits())
	t.rooms.add(f)
	if t.state == untold {
		return
	}
	ops := make([]op, 0, len(t.members))
	for e := t.first; e != nil; e = e.next {
		ops = append(ops, op{after: e})
	}
	kind := Snapshot
	if t.state == stale {
		kind = 0
	}
	t.tellOne(f, ops, kind)
}

func (t *tracker) detach(f follower) { t.rooms.remove(f) }

// allow has a roster read as far as some room's limits go.
func (t *tracker) allow(c config) {
	t.limit.maxMembers = max(t.limit.maxMembers, c.maxMembers)
	t.limit.maxBytes = max(t.limit.maxBytes, c.maxBytes)
}

// Confirmed takes a confirmation, which may be a copy of one that was taken. One with a roster is the truth of its
// moment: what differs from what was known is told.
func (t *tracker) Confirmed(payload, channelData []byte) {
	t.order.Lock()
	defer t.order.Unlock()
	if t.ended {
		return
	}
	c := t.reader.confirmation(payload)
	if err := t.identify(channelData, c.me); err != nil {
		t.strange(c.unknown, "confirmation")
		t.end(err)
		return
	}
	if s := t.begin(); t.reader.roster(&c, s.take) {
		if s.over() {
			t.tooLarge(s)
			return
		}
		t.settle(s, &c)
	} else if t.state != live && t.grace == nil {
		var timer *time.Timer
		timer = time.AfterFunc(rosterGrace, func() { t.alone(&timer) })
		t.grace = timer
	}
	t.strange(c.unknown, "confirmation")
}

// tooLarge ends the rooms: each has a limit that the part of the roster is over which was read so far.
func (t *tracker) tooLarge(s *settling) {
	for _, f := range t.followers() {
		f.finish(f.fits(s.named, s.size))
	}
	option, limit := "MaxMembers", s.limit.maxMembers
	if s.named <= limit {
		option, limit = "MaxBytes", s.limit.maxBytes
	}
	t.members, t.first, t.last, t.size = make(map[string]*entry), nil, nil, 0
	t.end(&LimitError{Channel: t.channel, Option: option, Limit: limit})
}

// alone begins the roster with this client only, because the service did not tell it. timer is the one that was set for
// it; another one since, or none, means that the question is settled.
func (t *tracker) alone(timer **time.Timer) {
	t.order.Lock()
	defer t.order.Unlock()
	if t.grace != *timer || t.grace == nil || t.ended {
		return
	}
	s := t.begin()
	c := confirmation{incomplete: true}
	if t.kept {
		c.incomplete = t.partial
		for e := t.first; e != nil; e = e.next {
			e.turn, e.op = t.turn, 0
		}
	} else {
		t.log.Info("presence: the service did not say who is there; the roster grows from here", "channel", t.channel)
	}
	t.settle(s, &c)
}

// settle takes a whole roster, whose members s has. What was told before it and not with it is applied on top: each
// member's last word counts, and the roster may have been drawn up before it.
func (t *tracker) settle(s *settling, c *confirmation) {
	t.stopGrace()
	has := func(id string) bool { e := t.members[id]; return e != nil && e.turn == t.turn }
	if t.own.sent != "" && !has(t.own.id) && has(t.own.sent) {
		t.keptExact()
	}
	if t.me != "" && !has(t.me) {
		f := fact{id: []byte(t.me)}
		if t.own.id == t.me {
			f.info = t.own.info
		}
		s.note(f)
	}
	if c.count > s.named {
		c.unknown++
		c.incomplete = true
	}
	for e := t.first; e != nil; {
		next := e.next
		if e.turn != t.turn {
			t.set(e, nil)
			s.ops = append(s.ops, op{before: e})
		}
		e = next
	}
	for _, f := range t.early.facts {
		if o := t.renamed(f); o.before != nil {
			s.ops = append(s.ops, o)
		}
		s.note(f)
	}
	again := t.state == live && t.partial == c.incomplete
	t.early, t.whole, t.kept, t.partial = early{}, false, false, c.incomplete
	t.state = live
	ops := s.changes()
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
	f, fault := t.reader.member(unwrap(payload))
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
	ops := t.ops[:0]
	if o := t.renamed(f); o.before != nil {
		ops = append(ops, o)
	}
	o, ok := t.apply(f)
	if ok {
		ops = append(ops, o)
	}
	if len(ops) == 0 {
		t.counts.repeated.Add(1)
		return
	}
	t.tell(ops, Diff)
	t.keep(ops)
}

// apply takes a fact into the roster. It reports false for one that changes nothing: a second copy, a leave of somebody
// who is not there, a leave of this client, which is there while it is subscribed.
func (t *tracker) apply(f fact) (op, bool) {
	before := t.members[string(f.id)]
	switch {
	case f.gone && (before == nil || f.is(t.me)):
		return op{}, false
	case f.gone:
		t.set(before, nil)
		return op{before: before}, true
	case before != nil && (f.info == nil || len(f.info) > 0 && bytes.Equal(before.info, f.info)):
		return op{}, false
	}
	info := judge(f.info)
	if before != nil && sameInfo(before.info, info) {
		return op{}, false
	}
	after := &entry{info: bytes.Clone(info)}
	if before != nil {
		after.id = before.id
	} else {
		after.id = string(f.id)
	}
	t.set(before, after)
	return op{before: before, after: after}, true
}

// Down keeps the roster, stale.
func (t *tracker) Down() {
	t.order.Lock()
	defer t.order.Unlock()
	t.stopGrace()
	t.early, t.whole, t.kept = early{}, t.state == live, false
	t.own.named = ""
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
	f.follow(ops, kind, t.me, t.partial)
}

// followers returns the rooms, in the order in which they were opened.
func (t *tracker) followers() []follower {
	t.list = t.rooms.appendTo(t.list[:0])
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
