package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A config is a kind of world: what there is in it, and what can happen there.
type config struct {
	name     string
	channels []string // "private-…" is signed
	recovery bool     // the service can restore a session
	pongs    bool     // the service answers pings
	replayed bool     // for schedules alone; it is not explored
	names    []Name   // under which it answers
	refusals []Name   // under which it refuses, if that differs
	steady   bool     // the service does not refuse what it has taken: if it did, and the refusal were lost with the connection, nothing would tell
	grace    time.Duration
	stable   time.Duration // 0: a minute
	holders  int           // of a channel, at most
	faults   int           // lost or refused requests on one path, at most
	moves    []string      // the verbs of what can happen
	start    []string      // what happened already
}

const (
	subscribeTimeout = 10 * time.Second
	establishGrace   = 5 * time.Second
	pingInterval     = 25 * time.Second
	pingTimeout      = 20 * time.Second
)

// evenPace is a Pacer whose delays don't grow.
type evenPace struct{}

func (evenPace) Redial(slow bool, after time.Duration) time.Duration {
	if slow {
		return max(after, 8*time.Second)
	}
	return max(after, time.Second)
}
func (evenPace) Reset() {}
func (evenPace) Retry(_ int, after time.Duration) time.Duration {
	return max(after, 2*time.Second)
}

var (
	errLink    = errors.New("the link broke")
	errNo      = errors.New("no")
	errTooBig  = errors.New("message too large")
	errTooLong = errors.New("request too large")
	errGivenUp = errors.New("the caller gave up")
)

// A holder is one stream: when it was added, and what it was handed.
type holder struct {
	generation, epoch uint64
	live              bool  // its channel was confirmed while it was there: from next on, every event is owed to it
	next              int32 // the first event that it neither got nor was told of
	last              int32 // the last event that it got
	cause             bool  // something happened since that can have cost it events
}

// A question is one that the authorizer is at work on.
type question struct {
	ch     *Channel
	ticket Ticket
	lost   bool // its connection is over: the outcome may come all the same
}

// An attempt is one to connect.
type attempt struct{ resume, cancelled bool }

// A call is one of Ping that waits.
type call struct {
	p    *Ping
	id   int32 // when it was written, which of the written ones; 0: not yet
	gone bool  // abandoned
}

// A world is a machine, its caller, and the service. Whatever breaks an invariant is noted in bad.
type world struct {
	cfg *config
	m   *Machine
	now time.Time

	chans       [maxChannels]*Channel // the caller's table
	holders     [maxChannels][]holder
	lateRelease [maxChannels]*uint64   // the generation of one that was evicted, and releases its hold only now
	asked       [maxChannels]time.Time // when the request that is not answered was written
	graced      [maxChannels]time.Time // until then a channel that was joined stays so
	first       [maxChannels]int       // which channel was held first
	woken       [maxChannels]bool      // who waits for the channel was told to look
	live        [maxChannels]bool
	unheld      [maxChannels]bool // it was evicted since the last Poll: there is no grace
	evicted     [maxChannels]bool // it is to be left at once
	owed        [maxChannels]bool // it was restored, and the service has not confirmed it since
	burdens     [maxChannels]int  // connections in a row that ended on a message of it, while it was held
	tooBig      [maxChannels]bool // the next subscribe can't be written
	auth        []question
	calls       []call
	pings       int32     // how many were written
	shifted     bool      // a pong was too late, and those behind it are taken for later ones
	pingAt      time.Time // when the one under way was; zero: none is
	waiters     int
	entries     int // counts the channels that came into the table
	burst       int // after a connection: the last channel that was asked for; -1: it is over
	attempt     *attempt
	wasIn       bool // it was established once
	doomed      bool // the session must not be asked for again
	deaf        bool // a session was ended as deaf, and no pong has come since
	link        link
	service     service
	sid         int    // counts the service's sessions
	id          string // what the service called the last one
	seen        State
	faults      int
	polled      bool
	next        time.Time

	bad   string
	trace func(format string, args ...any)
}

func newWorld(cfg *config) *world {
	w := &world{cfg: cfg, now: time.Unix(1e9, 0)}
	stable := cfg.stable
	if stable == 0 {
		stable = time.Minute
	}
	w.m = New(Config{
		SubscribeTimeout: subscribeTimeout, EstablishGrace: establishGrace, LeaveGrace: cfg.grace,
		StableAfter: stable, Pace: evenPace{},
	})
	w.service = service{recovery: cfg.recovery, names: cfg.names, refusals: cfg.refusals}
	if cfg.refusals == nil {
		w.service.refusals = cfg.names
	}
	return w
}

// fail notes a broken invariant. The first counts.
func (w *world) fail(format string, args ...any) {
	if w.bad == "" {
		w.bad = fmt.Sprintf(format, args...)
	}
}

func (w *world) signed(i int) bool { return strings.HasPrefix(w.cfg.channels[i], "private-") }

// index finds a channel in the table, -1 if it is not the one there.
func (w *world) index(ch *Channel) int {
	for i, c := range w.chans {
		if c == ch {
			return i
		}
	}
	w.fail("an Action for %s, which is forgotten", ch.Name)
	return -1
}

// over reports whether the client is finished.
func (w *world) over() bool { return w.m.conn == Closed || w.m.conn == Failed }

// settle is what the caller does after each input: it carries out what was decided.
func (w *world) settle() {
	for acts := w.m.Actions(); len(acts) > 0; acts = w.m.Actions() {
		for _, a := range acts {
			w.carry(a)
		}
	}
	for i, ch := range w.chans {
		live := ch != nil && ch.phase.Live()
		if live != w.live[i] && !w.woken[i] && len(w.holders[i]) > 0 {
			w.fail("whether %s is live has changed, and who waits for it is not told to look", w.cfg.channels[i])
		}
		w.live[i], w.woken[i] = live, false
		if !live {
			continue
		}
		for j := range w.holders[i] {
			if h := &w.holders[i][j]; !h.live {
				h.live, h.next = true, w.service.pubs[i]
			}
		}
	}
}

// poll calls Poll until there is nothing to do now.
func (w *world) poll(signs Signs) {
	for n := 0; ; n++ {
		w.next = w.m.Poll(w.now, signs)
		w.settle()
		if !w.m.Unsettled() && (w.next.IsZero() || w.next.After(w.now)) {
			break
		}
		if n > 20 {
			w.fail("Poll wants to be called again at once, for ever")
			break
		}
	}
	w.polled, w.unheld = true, [maxChannels]bool{}
	if w.m.conn == Established {
		w.burst = -1
	}
}

// signs are what is seen of the session.
func (w *world) signs() (s Signs) {
	if !w.link.quiet.IsZero() {
		s.Silence = w.now.Sub(w.link.quiet)
		s.WallSilence = s.Silence
	}
	return s
}

// carry carries out one Action.
func (w *world) carry(a Action) {
	if w.trace != nil {
		w.trace("    %s", describe(a))
	}
	i := -1
	if a.Channel != nil {
		if i = w.index(a.Channel); i < 0 {
			return
		}
	}
	if w.over() {
		switch a.Op {
		case Dial, Subscribe, Unsubscribe, WritePing, Authorize:
			w.fail("%s after the end", a.Op)
		}
	}
	switch a.Op {
	case Changed, Confirmed, EvictHolders, Kept, Forget:
		w.woken[i] = true
	case Stale:
		for j := range w.woken {
			w.woken[j] = w.woken[j] || i < 0 || i == j
		}
	case EndSession, CancelDial:
		if a.Err == errGivenUp && w.waiters > 0 {
			w.fail("%s because one gave up, and another waits", a.Op)
		}
		if a.Err == ErrDeaf {
			w.deafened()
		}
	case Subscribe, Authorize:
		if w.burst >= 0 {
			if w.first[i] < w.burst {
				w.fail("%s was held first, and is asked for later than another", a.Channel.Name)
			}
			w.burst = w.first[i]
		}
	}
	switch a.Op {
	case Dial:
		if w.attempt != nil || w.link.up {
			w.fail("two connections at once")
		}
		if a.Resume && w.doomed {
			w.fail("a session is asked for that must not be asked for again")
		}
		w.attempt = &attempt{resume: a.Resume && w.service.offset}
	case CancelDial:
		if w.attempt == nil {
			w.fail("an attempt is ended that is not under way")
			return
		}
		w.attempt = &attempt{resume: w.attempt.resume, cancelled: true}
	case EndSession:
		if !w.link.up {
			w.fail("a session is ended that is not there")
		}
		w.link.ending = true
	case Show:
		w.show(*a.State)
	case Reached:
		if w.waiters == 0 {
			w.fail("Reached, and nobody waits")
		}
		if a.Err == errGivenUp {
			w.fail("one that waits in Connect is told why another gave up")
		}
		w.waiters = 0
	case Confirmed:
		w.owed[i] = false
	case Subscribe:
		w.subscribe(i, a.Channel)
	case Unsubscribe:
		if w.m.conn != Established {
			w.fail("an unsubscribe for %s is written, and the connection is %s", a.Channel.Name, w.m.conn)
		}
		if w.now.Before(w.graced[i]) && !w.overdue(i) { // the grace begins with the answer, and there is none
			w.fail("%s is left before its grace is over", a.Channel.Name)
		}
		w.asked[i], w.owed[i], w.evicted[i] = time.Time{}, false, false
		w.write(request{kind: unsub, ch: int8(i)})
	case WritePing:
		w.writePing()
	case Authorize:
		if slices.ContainsFunc(w.auth, func(q question) bool { return q.ch == a.Channel && !q.lost }) {
			w.fail("the authorizer is asked twice at once for %s", a.Channel.Name)
		}
		w.auth = append(slices.Clip(w.auth), question{ch: a.Channel, ticket: a.Ticket})
	case TellLoss:
		w.tell(i, a.Loss)
	case EvictHolders:
		w.holdersEvicted(i, a)
	case Kept:
		for j := range w.holders[i] {
			w.holders[i][j].cause = false
		}
		w.owed[i] = true
	case Ponged:
		w.ponged(a)
	case Forget:
		if len(w.holders[i]) > 0 {
			w.fail("%s is held and forgotten", a.Channel.Name)
		}
		w.chans[i] = nil
		w.asked[i], w.burdens[i], w.evicted[i] = time.Time{}, 0, false
	}
}

// write sends a request on its way.
func (w *world) write(r request) {
	switch {
	case w.link.open():
		w.link.c2s = append(slices.Clip(w.link.c2s), r)
	case r.kind == unsub:
		w.service.left[r.ch] = true
	}
}

func (w *world) subscribe(i int, ch *Channel) {
	if w.m.conn != Established {
		w.fail("a subscribe for %s is written, and the connection is %s", ch.Name, w.m.conn)
	}
	if w.tooBig[i] {
		w.tooBig[i] = false
		w.m.Fail(ch, errTooLong)
		return
	}
	if at := w.asked[i]; !at.IsZero() && w.now.Before(at.Add(subscribeTimeout)) {
		w.fail("%s is asked for twice at once", ch.Name)
	}
	if ch.Signed && ch.grantFor != w.m.socketID {
		w.fail("%s is asked for with a signature for another socket id", ch.Name)
	}
	w.asked[i] = w.now
	w.write(request{kind: sub, ch: int8(i), at: w.now})
}

// overdue reports whether a request was not answered in time.
func (w *world) overdue(i int) bool {
	return !w.asked[i].IsZero() && !w.now.Before(w.asked[i].Add(subscribeTimeout))
}

// deafened notes that a session is ended because the service is deaf: for a request that was not
// answered, or for a ping, but not again before the service has answered one.
func (w *world) deafened() {
	for i := range w.asked {
		if w.overdue(i) {
			w.doomed = true
			return
		}
	}
	if !w.cfg.pongs && len(w.cfg.names) > 1 { // for a request too: which one a copy answers can't be known
		w.doomed = true
		return
	}
	if w.deaf {
		w.fail("the service is left for deaf again, and may never answer a ping")
	}
	w.doomed, w.deaf = true, true
}

func (w *world) show(s State) {
	if s.Conn == Established {
		w.wasIn = true
		w.renamed(s.SocketID)
	}
	switch {
	case s.Conn == Failed && w.wasIn:
		w.fail("a client that was in is refused for good")
	case s.Conn != w.m.conn:
		w.fail("%s is shown of a connection that is %s", s.Conn, w.m.conn)
	case w.seen.Conn == Closed || w.seen.Conn == Failed:
		w.fail("%s is shown after the end", s.Conn)
	}
	w.seen = s
	if s.Conn != Closed && s.Conn != Failed {
		return
	}
	for i, ch := range w.chans { // the caller ends its streams itself
		for _, h := range w.holders[i] {
			w.m.Release(w.now, ch, h.generation)
		}
		w.holders[i] = nil
	}
}

// renamed notes that the service calls the session by another name: what was signed was for the one
// before.
func (w *world) renamed(id string) {
	if id == w.id {
		return
	}
	w.id = id
	for i := range w.chans {
		w.concern(i)
		w.service.left[i] = true
	}
}

// tell takes a loss to the holders that it concerns.
func (w *world) tell(i int, l Loss) {
	for j := range w.holders[i] {
		h := &w.holders[i][j]
		if h.epoch > l.Epoch {
			continue
		}
		if !h.cause {
			w.fail("a gap on %s without a cause", w.cfg.channels[i])
		}
		if h.next < w.service.pubs[i] && w.service.pubAt[i][h.next].Before(l.Since) {
			w.fail("a gap on %s is told from %s after the first event that it stands for", w.cfg.channels[i],
				l.Since.Sub(w.service.pubAt[i][h.next]))
		}
		h.cause, h.next = false, w.service.pubs[i]
	}
}

func (w *world) holdersEvicted(i int, a Action) {
	w.graced[i] = time.Time{}
	kept := w.holders[i][:0:0]
	var ended, live int
	for _, h := range w.holders[i] {
		if h.generation != a.Ticket.Generation {
			kept = append(kept, h)
			continue
		}
		ended++
		if h.live {
			live++
		}
	}
	if a.Err == errTooBig && w.burdens[i] == 0 {
		w.fail("%s is evicted for the messages of another", a.Channel.Name)
	}
	if ended == 0 {
		w.fail("%s: an eviction that ends nobody", a.Channel.Name)
	}
	if live > 0 && !a.Joined {
		w.fail("%s: streams are evicted that had events, and it is not said", a.Channel.Name)
	}
	if w.lateRelease[i] == nil {
		w.lateRelease[i] = &a.Ticket.Generation
	}
	w.holders[i], w.burdens[i] = kept, 0
}

func (w *world) writePing() {
	if !w.pingAt.IsZero() && w.now.Before(w.pingAt.Add(pingTimeout)) {
		w.fail("two pings under way")
	}
	w.pings++
	w.pingAt = w.now
	for j := range w.calls {
		if c := &w.calls[j]; c.p == w.m.health.sent {
			c.id = w.pings
		}
	}
	w.write(request{kind: ping, ping: w.pings, at: w.now})
}

func (w *world) ponged(a Action) {
	for j, c := range w.calls {
		if c.p != a.Ping {
			continue
		}
		switch {
		case c.gone:
			w.fail("Ponged for a ping that was abandoned")
		case a.After != w.now.Sub(w.pingAt):
			w.fail("a ping is said to have taken %s", a.After)
		}
		w.calls = slices.Delete(slices.Clone(w.calls), j, j+1)
		return
	}
	w.fail("Ponged for a ping that nobody waits for")
}

// deliver hands the client one message.
func (w *world) deliver(m message) {
	w.service.heard(m)
	i := int(m.ch)
	switch m.kind {
	case event:
		w.event(i, m.seq)
	case confirm:
		w.asked[i] = time.Time{}
		if ch := w.chans[i]; ch != nil {
			w.m.Confirmed(w.now, ch, m.name)
		}
	case refuse, refuseHeal:
		w.asked[i], w.graced[i] = time.Time{}, time.Time{}
		if ch := w.chans[i]; ch != nil {
			w.concern(i)
			w.m.Refused(w.now, ch, m.name, errNo, m.kind == refuseHeal, 0)
		}
	case pong:
		w.pong(m.seq, m.of)
	}
}

// event goes to all who hold the channel, if it is live.
func (w *world) event(i int, seq int32) {
	if ch := w.chans[i]; ch == nil || !ch.phase.Live() {
		return
	}
	for j := range w.holders[i] {
		h := &w.holders[i][j]
		if h.last > seq {
			w.fail("an event on %s comes again", w.cfg.channels[i])
		}
		h.last = seq + 1
		if seq > h.next {
			w.fail("a stream on %s gets event %d after event %d, and was told of no gap", w.cfg.channels[i], seq, h.next-1)
		}
		h.next = max(h.next, seq+1)
	}
}

// pong takes a pong to the machine. Pongs have no number: one that is later than the ping timeout
// can't be told from others.
func (w *world) pong(id int32, written time.Time) {
	other := w.m.health.sent != nil && id != w.pings
	w.shifted = w.shifted || other && w.now.Sub(written) >= pingTimeout
	if other && !w.shifted {
		w.fail("the pong of ping %d is taken for that of %d", id, w.pings)
	}
	w.shifted = w.shifted && w.link.pinging()
	w.deaf = false
	w.m.Pong(w.now)
	w.settle()
	w.pingAt = time.Time{}
}

// concern notes that what happens now can cost the holders of a channel events.
func (w *world) concern(i int) {
	if !w.live[i] {
		return
	}
	for j := range w.holders[i] {
		w.holders[i][j].cause = w.holders[i][j].live
	}
}

// ended tells the client that its connection is over.
func (w *world) ended(e End) {
	w.service.cut(&w.link, w.now)
	e.LastHeard = w.link.quiet
	if e.Err == nil {
		e.Err = errLink
	}
	for i := range w.chans {
		w.asked[i], w.graced[i], w.owed[i] = time.Time{}, time.Time{}, false
		w.concern(i)
		if ch := w.chans[i]; w.service.has(i) && (ch == nil || !ch.phase.Live()) {
			w.service.left[i] = true // if it is restored, the client does not know
		}
	}
	w.auth = slices.Clone(w.auth)
	for i := range w.auth {
		w.auth[i].lost = true
	}
	w.auth = w.auth[max(0, len(w.auth)-2):] // the earlier ones were given up in time
	w.link = link{}
	w.calls, w.pingAt, w.shifted = nil, time.Time{}, false
	w.m.Ended(w.now, e)
	w.settle()
}

// dialed has the attempt succeed: the service restores the session, or makes a fresh one. The
// client gets what it missed before anything else.
func (w *world) dialed() {
	a := w.attempt
	w.attempt = nil
	if w.over() {
		w.service.fresh()
		w.service.notice(true)
		return
	}
	var missed []message
	recovered := a.resume && w.service.entry != nil
	if recovered {
		missed = w.service.restore()
		for _, m := range missed {
			if m.kind == big || m.kind == vast { // it can't be taken this time either
				w.doomed = true
				w.m.DialFailed(w.now, Failure{Err: errTooBig, Verdict: Slowly, Resumed: true})
				w.settle()
				return
			}
		}
	} else {
		w.sid++
		w.service.fresh()
	}
	w.link, w.burst, w.doomed = link{up: true}, 0, false
	w.m.Dialed(w.now, Session{
		SocketID: fmt.Sprint("s", w.sid), Recoverable: w.cfg.recovery, Recovered: recovered,
		PingInterval: pingInterval, PingTimeout: pingTimeout,
	})
	w.settle()
	for _, m := range missed {
		w.deliver(m)
		w.settle()
	}
}

// established has the service name the socket id.
func (w *world) established(id string) {
	w.service.offset = w.service.recovery
	w.m.Established(w.now, id)
	w.settle()
}
