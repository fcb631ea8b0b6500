package core

import (
	"fmt"
	"slices"
	"time"
)

// A step is one thing that happens in a world. Its name is its verb, and what it concerns.
type step struct {
	verb *verb
	ch   int8 // which channel; -1: none
	n    int8 // which of several
}

func (w *world) name(s step) string {
	name := s.verb.name
	if s.ch >= 0 {
		name += " " + w.cfg.channels[s.ch]
	}
	if s.n > 0 {
		name += fmt.Sprint(" ", s.n+1)
	}
	return name
}

// A verb is a kind of step.
type verb struct {
	name    string
	late    bool // the machine is not polled before it
	program bool // the machine is not polled afterwards: the program may do more before that
	can     func(w *world) int
	canOn   func(w *world, i int) int // for one of a channel
	do      func(w *world, i, n int)
}

// yes is how many there are of what can happen once.
func yes(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

// refusable reports whether the service may refuse the next request.
func (w *world) refusable() bool {
	return w.processing() && w.link.c2s[0].kind == sub && w.faulty() && !(w.cfg.steady && w.service.has(int(w.link.c2s[0].ch)))
}

// verbs are all that there are, in an order that does not change.
var verbs = []*verb{
	// What programs do.
	{name: "hold", program: true,
		canOn: func(w *world, i int) int { return yes(len(w.holders[i]) < w.cfg.holders && !w.over()) },
		do:    func(w *world, i, _ int) { w.hold(i) }},
	{name: "release", program: true,
		canOn: func(w *world, i int) int { return len(w.holders[i]) },
		do: func(w *world, i, n int) {
			h := w.holders[i][n]
			w.holders[i] = slices.Delete(slices.Clone(w.holders[i]), n, n+1)
			if ch := w.chans[i]; len(w.holders[i]) == 0 && ch.phase.Live() && !w.unheld[i] {
				w.graced[i] = w.now.Add(w.cfg.grace)
			}
			w.m.Release(w.now, w.chans[i], h.generation)
		}},
	{name: "release late", program: true, // what was evicted
		canOn: func(w *world, i int) int { return yes(w.lateRelease[i] != nil && w.chans[i] != nil) },
		do: func(w *world, i, _ int) {
			generation := *w.lateRelease[i]
			w.lateRelease[i] = nil
			w.m.Release(w.now, w.chans[i], generation)
		}},
	{name: "evict", program: true,
		canOn: func(w *world, i int) int { return yes(w.chans[i] != nil) },
		do:    func(w *world, i, _ int) { w.evict(i) }},
	{name: "renew", program: true, // somebody else is about to hold it
		canOn: func(w *world, i int) int { return yes(w.chans[i] != nil && len(w.holders[i]) == 0 && !w.over()) },
		do: func(w *world, i, _ int) {
			w.graced[i] = time.Time{}
			w.m.Renew(w.now, w.chans[i])
		}},
	{name: "refresh", program: true,
		canOn: func(w *world, i int) int { return yes(len(w.holders[i]) > 0) },
		do:    func(w *world, i, _ int) { w.m.Refresh(w.chans[i]) }},
	{name: "connect",
		can: func(w *world) int { return yes(w.waiters < 2) },
		do:  func(w *world, _, _ int) { w.connect(false) }},
	{name: "connect with retries",
		can: func(w *world) int { return yes(w.waiters < 2) },
		do:  func(w *world, _, _ int) { w.connect(true) }},
	{name: "give up",
		can: func(w *world) int { return yes(w.waiters > 0) },
		do:  func(w *world, _, _ int) { w.waiters--; w.m.GiveUp(w.now, errGivenUp) }},
	{name: "reconnect",
		can: func(w *world) int { return 1 },
		do:  func(w *world, _, _ int) { w.m.Reconnect(w.now) }},
	{name: "close",
		can: func(w *world) int { return yes(!w.over()) },
		do:  func(w *world, _, _ int) { w.m.Close(w.now) }},

	// What becomes of an attempt to connect.
	{name: "dialed",
		can: func(w *world) int { return yes(w.attempt != nil) },
		do:  func(w *world, _, _ int) { w.dialed() }},
	{name: "established",
		can: func(w *world) int { return yes(w.m.conn == Up && !w.link.half) },
		do:  func(w *world, _, _ int) { w.established(w.m.session.SocketID) }},
	{name: "established as another",
		can: func(w *world) int { return yes(w.m.conn == Up && !w.link.half) },
		do:  func(w *world, _, _ int) { w.established(w.m.session.SocketID + "'") }},
	{name: "ok", // both at once, when it is time
		can: func(w *world) int { return yes(w.attempt != nil && !w.attempt.cancelled || w.m.conn == Waiting) },
		do: func(w *world, _, _ int) {
			if w.m.conn == Waiting {
				w.now = w.m.due
				w.poll(w.signs())
			}
			w.dialed()
			if w.m.conn == Up {
				w.established(w.m.session.SocketID)
			}
		}},
	{name: "dial fails",
		can: func(w *world) int { return yes(w.attempt != nil) },
		do:  func(w *world, _, _ int) { w.dialFailed(Failure{Err: errLink}) }},
	{name: "dial fails slowly",
		can: func(w *world) int { return yes(w.attempt != nil) },
		do:  func(w *world, _, _ int) { w.dialFailed(Failure{Err: errLink, Verdict: Slowly, After: 3 * time.Second}) }},
	{name: "dial refused",
		can: func(w *world) int { return yes(w.attempt != nil) },
		do:  func(w *world, _, _ int) { w.dialFailed(Failure{Err: errNo, Verdict: Refused}) }},
	{name: "dial cut", // the service restored the session all the same
		can: func(w *world) int { return yes(w.attempt != nil && w.attempt.resume && w.service.entry != nil) },
		do: func(w *world, _, _ int) {
			w.service.restore()
			w.dialFailed(Failure{Err: errLink})
		}},

	// What becomes of the connection.
	{name: "half-open",
		can: func(w *world) int { return yes(w.link.open()) },
		do: func(w *world, _, _ int) {
			w.service.cut(&w.link, w.now)
			w.link.half, w.link.s2c = true, nil
		}},
	{name: "reset", // and the service does not know
		can: func(w *world) int { return yes(w.link.up && !w.link.ending) },
		do:  func(w *world, _, _ int) { w.ended(End{KeepsSession: true}) }},
	{name: "service closes",
		can: func(w *world) int { return yes(w.link.open() && w.service.holds && !w.link.ending) },
		do: func(w *world, _, _ int) {
			w.service.notice(true)
			w.ended(End{PeerKnows: true, KeepsSession: true})
		}},
	{name: "service leaves", // and the client will see it
		can: func(w *world) int { return yes(w.link.open() && w.service.holds) },
		do:  func(w *world, _, _ int) { w.leave() }},
	{name: "fin",
		can: func(w *world) int { return yes(w.link.fin) },
		do:  func(w *world, _, _ int) { w.ended(End{PeerKnows: true, KeepsSession: true}) }},
	{name: "disconnected", // by a packet that says so: nothing is kept of it, nor taken away
		can: func(w *world) int { return yes(w.link.open() && w.service.holds && !w.link.ending) },
		do: func(w *world, _, _ int) {
			w.service.holds, w.service.rooms = false, rooms{}
			w.ended(End{PeerKnows: true})
		}},
	{name: "ended", // as the client was told
		can: func(w *world) int { return yes(w.link.ending) },
		do:  func(w *world, _, _ int) { w.endedOnRequest() }},
	{name: "ended alone", // without a word of the service
		can: func(w *world) int { return yes(w.link.ending && !w.link.half) },
		do:  func(w *world, _, _ int) { w.ended(End{KeepsSession: true}) }},
	{name: "noticed",
		can: func(w *world) int { return yes(w.service.holds && (w.link.half || !w.link.up)) },
		do:  func(w *world, _, _ int) { w.service.notice(true) }},
	{name: "noticed late",
		can: func(w *world) int { return yes(w.service.olds > 0) },
		do:  func(w *world, _, _ int) { w.service.notice(false) }},
	{name: "expired",
		can: func(w *world) int { return yes(w.service.entry != nil) },
		do:  func(w *world, _, _ int) { w.service.entry = nil }},
	{name: "restarted",
		can: func(w *world) int { return yes(w.service.holds || w.service.entry != nil) },
		do: func(w *world, _, _ int) {
			open := w.link.open()
			if open {
				w.leave()
			}
			w.service.holds, w.service.rooms, w.service.entry, w.service.olds = false, rooms{}, nil, 0
			w.service.log = nil
		}},

	// What the service does with requests, and events.
	{name: "publish",
		canOn: func(w *world, i int) int { return yes(w.underWay(i) < 2) },
		do:    func(w *world, i, _ int) { w.service.publish(&w.link, w.now, int8(i), event) }},
	{name: "publish too much",
		canOn: func(w *world, i int) int { return yes(w.link.open() && w.service.rooms.in[i] && w.underWay(i) < 2) },
		do:    func(w *world, i, _ int) { w.service.publish(&w.link, w.now, int8(i), big) }},
	{name: "accept",
		can: func(w *world) int { return yes(w.processing()) },
		do:  func(w *world, _, _ int) { w.service.process(&w.link, w.now, accept) }},
	{name: "accept too much",
		can: func(w *world) int { return yes(w.processing() && w.link.c2s[0].kind == sub && w.link.c2s[0].ch == 0) },
		do:  func(w *world, _, _ int) { w.service.process(&w.link, w.now, acceptVast) }},
	{name: "refuse",
		can: func(w *world) int { return yes(w.refusable()) },
		do:  func(w *world, _, _ int) { w.faults++; w.service.process(&w.link, w.now, deny) }},
	{name: "refuse for now",
		can: func(w *world) int { return yes(w.refusable()) },
		do:  func(w *world, _, _ int) { w.faults++; w.service.process(&w.link, w.now, denyHeal) }},
	{name: "do not answer",
		can: func(w *world) int { return yes(w.processing() && w.link.c2s[0].kind != unsub && w.faulty()) },
		do:  func(w *world, _, _ int) { w.faults++; w.service.process(&w.link, w.now, silent) }},
	{name: "overlook",
		can: func(w *world) int { return yes(w.processing() && w.link.c2s[0].kind == sub && w.faulty()) },
		do:  func(w *world, _, _ int) { w.faults++; w.service.process(&w.link, w.now, overlooked) }},
	{name: "deliver",
		can: func(w *world) int { return yes(len(w.link.s2c) > 0) },
		do:  func(w *world, _, _ int) { w.next_() }},
	{name: "drain", // all that is under way
		can: func(w *world) int { return yes(len(w.link.c2s)+len(w.link.s2c) > 0) },
		do:  func(w *world, _, _ int) { w.drain() }},
	{name: "can't write", program: true,
		canOn: func(w *world, i int) int { return yes(!w.tooBig[i] && len(w.holders[i]) > 0) },
		do:    func(w *world, i, _ int) { w.tooBig[i] = true }},

	// What the authorizer says.
	{name: "grant",
		can: func(w *world) int { return len(w.auth) },
		do:  func(w *world, _, n int) { q := w.answered(n); w.granted(q) }},
	{name: "auth fails",
		can: func(w *world) int { return len(w.auth) },
		do:  func(w *world, _, n int) { q := w.answered(n); w.m.AuthFailed(w.now, q.ch, q.ticket, errLink, 0) }},
	{name: "deny",
		can: func(w *world) int { return len(w.auth) },
		do:  func(w *world, _, n int) { q := w.answered(n); w.denied(q) }},

	// Health, and time.
	{name: "ping", program: true,
		can: func(w *world) int { return yes(len(w.calls) < 2 && w.m.conn == Established) },
		do: func(w *world, _, _ int) {
			p := new(Ping)
			w.calls = append(slices.Clip(w.calls), call{p: p})
			if !w.m.Ping(p) {
				w.fail("a ping is refused, and few wait")
			}
		}},
	{name: "abandon", program: true,
		can: func(w *world) int { return len(w.calls) },
		do: func(w *world, _, n int) {
			c := w.calls[n]
			w.calls = slices.Delete(slices.Clone(w.calls), n, n+1)
			w.m.Abandon(c.p)
		}},
	{name: "sleep",
		can: func(w *world) int { return yes(w.m.conn == Established) },
		do:  func(w *world, _, _ int) { w.poll(Signs{WallSilence: time.Hour}) }},
	{name: "poll",
		can: func(w *world) int { return yes(!w.polled) },
		do:  func(w *world, _, _ int) {}},
	{name: "poll late", late: true, // what was due meanwhile is due with what the program did
		can: func(w *world) int { return yes(!w.polled && w.next.After(w.now) && w.prompt(w.next)) },
		do:  func(w *world, _, _ int) { w.now = w.next }},
	{name: "wait",
		can: func(w *world) int { return yes(!w.over()) },
		do:  func(w *world, _, _ int) { w.wait() }},
}

func (w *world) faulty() bool { return w.faults < w.cfg.faults }

// processing reports whether the service has a request to take.
func (w *world) processing() bool { return len(w.link.c2s) > 0 && w.link.open() && w.service.holds }

// underWay counts the events of a channel that may still come.
func (w *world) underWay(i int) (n int) {
	list := w.link.s2c
	if w.service.recovery {
		list = w.service.log
	}
	for _, m := range list {
		if !m.own() && int(m.ch) == i {
			n++
		}
	}
	return n
}

func (w *world) hold(i int) {
	if w.chans[i] == nil {
		w.chans[i] = NewChannel(w.cfg.channels[i], w.signed(i))
		w.entries++
		w.first[i] = w.entries
	}
	w.m.Hold(w.chans[i])
	w.evicted[i] = false
	if !w.chans[i].phase.Live() { // it waits for a confirmation, and there is no grace without one
		w.graced[i] = time.Time{}
	}
	h := holder{generation: w.chans[i].Generation(), epoch: w.m.Epoch()}
	w.holders[i] = append(slices.Clip(w.holders[i]), h)
}

func (w *world) evict(i int) {
	w.evicted[i], w.unheld[i], w.graced[i] = true, true, time.Time{}
	w.m.Evict(w.chans[i], errNo)
}

func (w *world) connect(retry bool) {
	if w.m.conn != Established && !w.over() {
		w.waiters++
	}
	w.m.Connect(w.now, retry)
}

func (w *world) dialFailed(f Failure) {
	f.Resumed = w.attempt.resume
	if w.attempt.cancelled && f.Verdict == Soon {
		f.Err = errGivenUp
	}
	w.doomed = w.doomed || f.Resumed
	w.attempt = nil
	w.m.DialFailed(w.now, f)
	w.settle()
}

// leave has the service end the connection, or notice that it ended.
func (w *world) leave() {
	w.service.notice(true)
	w.service.cut(&w.link, w.now)
	w.link.fin = true
}

// endedOnRequest ends the session: over a link that is open the service learns of it, after all
// that was written.
func (w *world) endedOnRequest() {
	known := w.link.fin
	if w.link.open() {
		for w.processing() {
			w.service.process(&w.link, w.now, accept)
		}
		if w.service.holds {
			w.service.notice(true)
		}
		known = true
	}
	w.ended(End{PeerKnows: known, KeepsSession: true})
}

// next_ delivers the next message. One that is too big ends the connection.
func (w *world) next_() {
	m := w.link.s2c[0]
	if m.kind != big && m.kind != vast {
		w.link.s2c = w.link.s2c[1:]
		w.deliver(m)
		w.settle()
		return
	}
	if w.service.holds {
		w.service.notice(true)
	}
	i, e := m.ch, End{Err: errTooBig, PeerKnows: true, KeepsSession: true, TooLarge: true, Blame: errTooBig}
	if m.kind == big {
		if e.Culprit = w.chans[i]; e.Culprit == nil { // it is known, and left by now
			e.Culprit = NewChannel(w.cfg.channels[i], w.signed(int(i)))
		}
	}
	if len(w.holders[i]) > 0 {
		w.burdens[i]++
	}
	w.ended(e)
	if w.burdens[i] > 4 {
		w.fail("messages of %s end one connection after the other", w.cfg.channels[i])
	}
}

func (w *world) drain() {
	for range 20 {
		for w.processing() {
			w.service.process(&w.link, w.now, accept)
		}
		if len(w.link.s2c) == 0 {
			break
		}
		for len(w.link.s2c) > 0 {
			w.next_()
		}
		w.poll(w.signs())
	}
}

// answered takes one question from those that the authorizer is at work on.
func (w *world) answered(n int) question {
	q := w.auth[n]
	w.auth = slices.Delete(slices.Clone(w.auth), n, n+1)
	return q
}

// granted takes a signature to the machine. It is for those who held the channel when it was asked
// for.
func (w *world) granted(q question) {
	if w.m.Granted(q.ch, q.ticket) && q.ticket.Generation != q.ch.Generation() {
		w.fail("a signature for others is taken")
	}
}

// denied takes a no to the machine. It is for those who held the channel when it was asked for.
func (w *world) denied(q question) {
	i := w.find(q.ch)
	others := q.ticket.Generation != q.ch.Generation() && i >= 0 && len(w.holders[i]) > 0
	w.m.Denied(q.ch, q.ticket, errNo)
	w.settle()
	if others && len(w.holders[i]) == 0 {
		w.fail("a no to others is taken")
	}
}

// horizon is how long nothing happens at most.
const horizon = 5 * time.Minute

// latest is how late an answer comes at most: one that is later is not told from that to a later
// request.
const latest = 2*subscribeTimeout - time.Second

// prompt reports whether all answers under way have come in time if they come then.
func (w *world) prompt(at time.Time) bool {
	oldest := w.link.oldest()
	return oldest.IsZero() || at.Before(oldest.Add(latest))
}

// wait lets time pass until something happens.
func (w *world) wait() {
	w.poll(w.signs())
	was := w.digest()
	for until := w.now.Add(horizon); w.bad == "" && w.now.Before(until); {
		if at := w.link.oldest(); !at.IsZero() {
			until = earliest(until, at.Add(latest))
		}
		if w.next.IsZero() || w.next.After(until) {
			w.now = until
			return
		}
		w.now = w.next
		w.poll(w.signs())
		if w.digest() != was {
			return
		}
	}
}

// digest changes when something happens.
func (w *world) digest() (d struct {
	conn   Conn
	phases [maxChannels]Phase
	asks   [maxChannels]int
	c2s    int
	auth   int
	pings  int32
	ending bool
	half   bool
}) {
	d.conn, d.c2s, d.auth, d.pings, d.ending = w.m.conn, len(w.link.c2s), len(w.auth), w.pings, w.link.ending
	for i, ch := range w.chans {
		if ch != nil {
			d.phases[i], d.asks[i] = ch.phase, int(ch.asks)
		}
	}
	return d
}

// steps are all that can happen next.
func (w *world) steps(buf []step, list []*verb) []step {
	for _, v := range list {
		if v.canOn == nil {
			for n := range v.can(w) {
				buf = append(buf, step{v, -1, int8(n)})
			}
			continue
		}
		for i := range w.cfg.channels {
			for n := range v.canOn(w, i) {
				buf = append(buf, step{v, int8(i), int8(n)})
			}
		}
	}
	return buf
}

// do has one thing happen, and holds the world against the invariants.
func (w *world) do(s step) {
	if !s.verb.program && !s.verb.late && !w.polled {
		w.poll(w.signs())
	}
	if w.bad == "" {
		w.do_(s)
	}
	w.check()
}

func (w *world) do_(s step) {
	if ok := s.verb.canOn; ok != nil && ok(w, int(s.ch)) <= int(s.n) || ok == nil && s.verb.can(w) <= int(s.n) {
		return // what was decided before makes it impossible
	}
	w.polled = false
	s.verb.do(w, int(s.ch), int(s.n))
	w.settle()
	if !s.verb.program {
		w.poll(w.signs())
	}
}
