package relay

import (
	"slices"
	"strings"
	"time"
)

// maxBatchBytes bounds the events that one Publish has, and more than one only.
const maxBatchBytes = 256 << 10

// Kind says what an Action asks for.
type Kind uint8

// The actions. A channel has at most one under way.
const (
	None    Kind = iota
	Look         // read the last record of the channel on the bus, then call Looked
	Ask          // ask all peers for Query, then call Answered for each, and AnsweredAll
	Settle       // make sure that whatever the service has sent until now was received, then call Settled
	Publish      // publish Entries, or the first few of them, or the gap record Gap, then call Acked
)

// An Action is what the caller has to do. Its outcome is given back with the same Token.
type Action struct {
	Kind  Kind
	Token uint64

	Query Query // Ask

	Entries []Entry // Publish: events that follow each other; none if Gap is set
	Gap     *Hole   // Publish: the gap record
	After   string  // Publish: the id of the event that the gap record follows
	Seq     uint64  // Publish: the sequence of the channel's last record on the bus, as a condition
}

// A Query asks a peer for a run.
type Query struct {
	After string // the run follows this event
	Until string // the run is to reach this event; "" for as far as the peer can see

	// Lead is the event with which this replica goes on if nobody knows what follows After. A peer
	// that has what leads up to it makes the gap smaller.
	Lead string

	// Proof asks the peer to make sure first that it has received whatever the service has sent
	// until now. It is set if there is no event that the run could reach.
	Proof bool
}

// A Last is the last record of the channel on the bus.
type Last struct {
	Failed bool // it could not be read
	Found  bool // there is one
	Seq    uint64
	ID     string    // the event's, or for a gap record that of the event that it follows
	At     time.Time // when it was received, or published for a gap record
	Gap    uint64    // the token of a gap record that this replica has published
}

// An Ack is the outcome of a Publish. All of its first N events are on the bus, or none is.
type Ack struct {
	N         int    // how many events were published; 0 counts as 1
	Seq       uint64 // of the last one
	Duplicate bool   // the bus had the event already
	Conflict  bool   // the condition did not hold: somebody else has published
	Failed    bool   // it is not known what happened
	TooLarge  bool   // the bus takes no record of that size
}

// Limits are the times after which a Channel does not wait any longer.
type Limits struct {
	Fill    time.Duration // for peers to fill a hole
	Ask     time.Duration // from one question to the next
	Retry   time.Duration // from a failure to the next attempt
	Publish time.Duration // for the outcome of an action
}

// Counts are what a Channel has done.
type Counts struct {
	Published, Duplicates, Gaps, Filled, Fenced, Looks, Asks, Refused uint64
}

// LocalPrefix begins the ids that a replica makes for events without one. The ids of the service are
// escaped so that none begins with it.
const LocalPrefix = "~"

func local(id string) bool { return strings.HasPrefix(id, LocalPrefix) }

// A Channel decides for one channel. Its methods return the next action, if there is one.
type Channel struct {
	Ring   Ring
	Limits Limits
	Counts Counts
	Most   int // events that one Publish may have; 0 counts as 1

	leading bool
	token   uint64
	op      op
	wait    time.Time // nothing begins before

	known    bool   // last and seq are those of the bus
	bus      string // the last event on the bus
	last     string // the event whose successor is wanted: bus, or one before it that the bus has too
	lastAt   time.Time
	seq      uint64
	located  bool      // next is the slot that follows last
	next     uint64    // number of a slot
	backlog  []Entry   // what directly follows last, from a peer
	deadline time.Time // for peers to say what follows last
	settled  string    // the last event on the bus when it was made sure that nothing is on its way
	checked  bool      // the bus was reached after the deadline
	lost     uint64    // how many holes there were
	unsure   *told     // a gap record that may be on the bus
	warms    int       // how often a standby still tries to close the hole behind its newest event
}

type op struct {
	Action
	by    time.Time
	best  []Entry
	older int     // of best
	whole int     // peers that miss nothing
	lead  []Entry // the longest one that a peer has; of a gap record, what is published after it
	end   uint64  // of the ring when it began
	lost  uint64
	told  told
}

// told is a hole that a gap record is published for.
type told struct {
	hole  *Hole
	at    uint64
	token uint64
}

// New returns a Channel that has just begun to receive.
func New(bytes int, age time.Duration, l Limits, now time.Time) *Channel {
	c := &Channel{Limits: l, Ring: Ring{Bytes: bytes, Age: age}}
	c.Ring.base = 1
	c.Ring.dig(1, &Hole{Began: true, Since: now, Until: now})
	return c
}

// Leading tells whether the replica publishes the channel.
func (c *Channel) Leading() bool { return c.leading }

// Idle tells whether everything received is on the bus, as far as this replica is to publish it.
func (c *Channel) Idle() bool {
	return !c.leading || c.op.Kind == None && c.known && len(c.backlog) == 0 && (c.last == "" && c.Ring.Len() == 0 ||
		c.located && c.next == c.Ring.End() && c.Ring.tail == nil)
}

// Backlog returns how many events wait to be published by this replica.
func (c *Channel) Backlog() int {
	if !c.leading {
		return 0
	}
	if !c.located {
		return len(c.backlog) + c.Ring.Len()
	}
	return len(c.backlog) + int(c.Ring.End()-max(c.next, c.Ring.base))
}

// Lead says whether the replica publishes the channel from now on.
func (c *Channel) Lead(now time.Time, on bool) Action {
	if c.leading == on {
		return Action{}
	}
	c.leading = on
	if c.op.Kind == Publish && c.op.Gap != nil {
		c.unsure = &c.op.told
	}
	if t := c.unsure; t != nil {
		c.Ring.dig(t.at, t.hole)
		c.unsure = nil
	}
	c.op, c.known, c.located, c.backlog, c.deadline, c.wait, c.bus = op{}, false, false, nil, time.Time{}, time.Time{}, ""
	c.settled, c.warms = "", 0
	return c.advance(now)
}

// Received adds an event.
func (c *Channel) Received(now time.Time, e Entry) Action {
	c.Ring.Add(e)
	if !c.leading {
		return Action{}
	}
	if c.known && !c.located && len(c.backlog) == 0 && e.ID == c.last {
		c.stand(c.Ring.End())
		c.op = op{} // whatever it was, it was to find the place
	}
	return c.advance(now)
}

// Lost notes that events may be missing after the last one received.
func (c *Channel) Lost(now time.Time, h Hole) Action {
	c.lost++
	c.Ring.dig(c.Ring.End(), &h)
	return c.advance(now)
}

// Looked gives the outcome of a Look.
func (c *Channel) Looked(now time.Time, token uint64, l Last) Action {
	if !c.done(Look, token) {
		return Action{}
	}
	if l.Failed {
		c.wait = now.Add(c.Limits.Retry)
		return Action{}
	}
	if t := c.unsure; t != nil {
		if l.Gap != t.token {
			c.Ring.dig(t.at, t.hole)
		}
		c.unsure = nil
	}
	c.known, c.seq = true, l.Seq
	switch {
	case !l.Found || l.ID == c.bus:
	case c.inBacklog(l.ID) >= 0:
		c.bus, c.lastAt = l.ID, l.At
		for range c.inBacklog(l.ID) + 1 {
			c.passed(c.backlog[0].ID)
		}
	default:
		c.bus, c.last, c.lastAt, c.settled = l.ID, l.ID, l.At, ""
		c.located, c.backlog, c.deadline = false, nil, time.Time{}
	}
	return c.advance(now)
}

// inBacklog returns the place of an event in the backlog, or -1.
func (c *Channel) inBacklog(id string) int {
	return slices.IndexFunc(c.backlog, func(e Entry) bool { return e.ID == id })
}

// Settled says whether whatever the service had sent was received when Settle was asked for.
func (c *Channel) Settled(now time.Time, token uint64, ok bool) Action {
	if !c.done(Settle, token) {
		return Action{}
	}
	if ok {
		c.settled = c.last
	} else {
		c.wait = now.Add(c.Limits.Retry)
	}
	return c.advance(now)
}

// Acked gives the outcome of a Publish.
func (c *Channel) Acked(now time.Time, token uint64, a Ack) Action {
	o := c.op
	if !c.done(Publish, token) {
		return Action{}
	}
	switch {
	case a.TooLarge && o.Gap == nil:
		c.Counts.Refused++
		e := o.Entries[0]
		return c.tell(now, &Hole{Dropped: 1, Since: e.At, Until: e.At, Err: "the event is too large for the bus"}, c.next, e.ID)
	case a.Conflict || a.Failed || a.TooLarge:
		if o.Gap != nil {
			c.unsure = &o.told
		}
		c.known = false
		if a.Conflict {
			c.Counts.Fenced++
		} else {
			c.wait = now.Add(c.Limits.Retry)
		}
		return c.advance(now)
	}
	c.seq = max(c.seq, a.Seq)
	switch {
	case o.Gap == nil:
		for _, e := range o.Entries[:max(a.N, 1)] {
			if a.Duplicate {
				c.Counts.Duplicates++
			} else {
				c.Counts.Published++
				c.bus, c.lastAt = e.ID, e.At
			}
			c.passed(e.ID)
		}
	case o.After != c.bus: // in place of an event
		c.Counts.Gaps++
		c.bus = o.After
		c.passed(o.After)
	default:
		c.Counts.Gaps++
		c.Counts.Filled += uint64(len(o.lead))
		c.backlog = o.lead
	}
	c.deadline = time.Time{}
	return c.advance(now)
}

// passed notes that an event is on the bus, or a gap record in its place.
func (c *Channel) passed(id string) {
	c.last = id
	if len(c.backlog) == 0 {
		c.next++
		return
	}
	if c.backlog = c.backlog[1:]; len(c.backlog) > 0 {
		return
	}
	c.backlog = nil
	if n, ok := c.Ring.find(c.last); ok && (!c.located || n >= c.next) {
		c.stand(n + 1)
	}
}

// stand notes that the slot with that number follows the last event on the bus.
func (c *Channel) stand(n uint64) { c.located, c.next, c.deadline = true, n, time.Time{} }

// Poll does what is due.
func (c *Channel) Poll(now time.Time) Action {
	c.Ring.Trim(now)
	if c.op.Kind != None && !now.Before(c.op.by) {
		switch o := c.op; o.Kind {
		case Look:
			return c.Looked(now, o.Token, Last{Failed: true})
		case Settle:
			return c.Settled(now, o.Token, false)
		case Ask:
			return c.AnsweredAll(now, o.Token, -1)
		case Publish:
			return c.Acked(now, o.Token, Ack{Failed: true})
		}
	}
	return c.advance(now)
}

// Expire says that the connection to the bus was lost and made again, so the outcome of what was under
// way is not waited for.
func (c *Channel) Expire(now time.Time) Action {
	if c.op.Kind == None || c.op.Kind == Settle {
		return Action{}
	}
	c.op.by = now
	return c.Poll(now)
}

// done ends the action with that token.
func (c *Channel) done(k Kind, token uint64) bool {
	if c.op.Kind != k || c.op.Token != token {
		return false
	}
	c.op = op{}
	return true
}

func (c *Channel) begin(now time.Time, a Action) Action {
	c.token++
	a.Token = c.token
	c.op = op{Action: a, by: now.Add(c.Limits.Publish), end: c.Ring.End(), lost: c.lost}
	return a
}

// advance decides what comes next.
func (c *Channel) advance(now time.Time) Action {
	if c.op.Kind != None || now.Before(c.wait) {
		return Action{}
	}
	c.wait = time.Time{}
	if !c.leading {
		return c.warm(now)
	}
	switch {
	case !c.known:
		c.Counts.Looks++
		return c.begin(now, Action{Kind: Look})
	case len(c.backlog) > 0:
		n, size := 0, 0
		for n < len(c.backlog) && n < max(c.Most, 1) && size < maxBatchBytes {
			size += c.backlog[n].Size()
			n++
		}
		return c.begin(now, Action{Kind: Publish, Entries: c.backlog[:n:n], Seq: c.seq})
	case !c.located && !c.locate(now):
		return c.missing(now)
	}
	if c.next < c.Ring.base {
		c.next = c.Ring.base
		c.Ring.dig(c.next, &Hole{Evicted: true, Since: c.lastAt, Until: now})
	}
	s := c.Ring.at(c.next)
	switch {
	case s == nil && c.Ring.tail == nil:
		return Action{}
	case s == nil && c.last == "" && c.Ring.tail.onlyBegan():
		return Action{} // nothing was ever received or published
	case s == nil:
		return c.ask(now, Query{After: c.last, Proof: true})
	case s.before != nil && c.last == "" && !s.before.onlyBegan():
		return c.giveUp(now, true, op{}) // no run could be known to begin early enough
	case s.before != nil:
		return c.ask(now, Query{After: c.last, Until: s.ID})
	}
	return c.begin(now, Action{Kind: Publish, Entries: c.Ring.run(c.next, max(c.Most, 1)), Seq: c.seq})
}

func (h *Hole) onlyBegan() bool {
	return h.Began && !h.Reconnected && !h.Ended && !h.Evicted && h.Dropped == 0 && h.Malformed == 0
}

// Next returns when Poll is to be called again; the zero time if nothing is due.
func (c *Channel) Next() time.Time {
	switch {
	case c.op.Kind != None:
		return c.op.by
	case !c.wait.IsZero():
		return c.wait
	}
	return time.Time{}
}
