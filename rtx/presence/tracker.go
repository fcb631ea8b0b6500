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

// rosterGrace is how long the tracker waits for a roster after a confirmation without one.
const rosterGrace = 2 * time.Second

// A tracker keeps the roster of one channel as the service sent it, and passes changes on to the
// channel's rooms, whatever their T. It alone decides what is a change; a room only decodes it.
type tracker struct {
	channel string
	counts  counts

	inbox inbox

	// order is held while a message is applied and passed on to all rooms, decoding included, so
	// that rooms see the same changes in the same order. It guards the fields below.
	order      sync.Mutex
	state      state
	members    map[string]*entry
	first      *entry // of the members, in the order of joining
	last       *entry
	size       int    // bytes of ids and infos
	generation uint32 // counts rosters
	limit      config // the largest limits of the rooms
	me         string
	own        own
	partial    bool // the roster is incomplete
	early      early
	// whole: the roster was complete when the connection broke; if the session is recovered it
	// still is.
	whole  bool
	kept   bool // the session was recovered while whole
	grace  *time.Timer
	ended  bool
	err    error
	log    *slog.Logger
	ask    func() // asks the service for the roster once more
	warned map[string]bool
	reader reader
	ops    []op
	list   []follower

	rooms followers
}

var _ observe.Observer = (*tracker)(nil)

// Figures adds the figures of the open rooms.
func (t *tracker) Figures(add func(observe.Figures)) {
	for _, f := range t.rooms.appendTo(nil) {
		if figures, open := f.figures(); open {
			add(figures)
		}
	}
}

// A state says how current the roster is.
type state uint8

const (
	untold state = iota // there is no roster yet
	live
	stale
)

// counts are the figures of Stats that all rooms of a channel share.
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
		ask:     func() {},
	}
}

// attach adds a room, and gives it the roster if there is one. log and ask may be nil.
func (t *tracker) attach(f follower, log *slog.Logger, ask func()) {
	t.order.Lock()
	defer t.order.Unlock()
	if t.ended {
		f.finish(t.err)
		return
	}
	if log != nil {
		t.log = log
	}
	if ask != nil {
		t.ask = ask
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

// allow raises the limits up to which a roster is read to those of a room.
func (t *tracker) allow(c config) {
	t.limit.maxMembers = max(t.limit.maxMembers, c.maxMembers)
	t.limit.maxBytes = max(t.limit.maxBytes, c.maxBytes)
}

// confirm handles a confirmation, which may be a second copy. If it has a roster, that replaces
// the known one, and the difference is passed on.
func (t *tracker) confirm(payload, channelData []byte) {
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

// tooLarge ends the rooms. What was read of the roster exceeds a limit of each of them.
func (t *tracker) tooLarge(s *settling) {
	for _, f := range t.followers() {
		f.finish(f.fits(s.named, s.size))
	}
	option, limit := "WithMaxMembers", s.limit.maxMembers
	if s.named <= limit {
		option, limit = "WithMaxBytes", s.limit.maxBytes
	}
	t.members, t.first, t.last, t.size = make(map[string]*entry), nil, nil, 0
	t.end(&LimitError{Channel: t.channel, Option: option, Limit: limit})
}

// alone starts the roster with this client only, because the service did not send one in time.
// timer is the timer that called it. If t.grace is another one or nil by now, a roster has come.
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
			e.generation, e.op = t.generation, 0
		}
	} else {
		t.log.Info("presence: the service did not say who is there; the roster grows from here", "channel", t.channel)
	}
	t.settle(s, &c)
}

// settle finishes a whole roster, whose members s has. Facts that came before the roster are
// applied on top, the last one of each member last: the server may have taken its roster snapshot
// before them.
func (t *tracker) settle(s *settling, c *confirmation) {
	t.stopGrace()
	has := func(id string) bool { e := t.members[id]; return e != nil && e.generation == t.generation }
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
		if e.generation != t.generation {
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

// member handles a join or a leave, which may be a second copy.
func (t *tracker) member(name string, payload []byte) {
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

// apply applies a fact to the roster. It reports false if that changes nothing: a second copy, a
// leave of a member who is not there, or a leave of this client, which is a member while it is
// subscribed.
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

// down keeps the roster, stale.
func (t *tracker) down() {
	t.stopGrace()
	t.early, t.whole, t.kept = early{}, t.state == live, false
	t.own.named = ""
	if t.state == live && !t.ended {
		t.state = stale
		t.tell(nil, Stale)
	}
}

// resumed notes that the service restored the lost session: the roster still holds, but for the
// changes that follow. That matters if the next confirmation has no roster.
func (t *tracker) resumed() {
	t.kept = t.whole
}

// end ends the rooms.
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

// tell passes changes on to every room.
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

// keep keeps the memory of ops for the next changes, and drops its entries.
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
