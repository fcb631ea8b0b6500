package core

import "slices"

// check holds the world against what must be true at any time.
func (w *world) check() {
	if w.bad != "" {
		return
	}
	w.checkConnection()
	held := 0
	for i, ch := range w.chans {
		w.checkChannel(i, ch)
		if ch != nil && ch.holds > 0 {
			held++
		}
	}
	if held != w.m.Held() {
		w.fail("%d channels are held, and the machine counts %d", held, w.m.Held())
	}
}

func (w *world) checkConnection() {
	m := w.m
	if m.waiters != w.waiters {
		w.fail("%d wait in Connect, and the machine knows of %d", w.waiters, m.waiters)
	}
	if w.waiters > 0 && (m.conn == Idle || m.conn == Established || w.over()) {
		w.fail("somebody waits in Connect, and the connection is %s", m.conn)
	}
	switch m.conn {
	case Closed:
		if w.attempt != nil && !w.attempt.cancelled || w.link.up && !w.link.ending {
			w.fail("the connection is Closed, and what is under way is not ended")
		}
	case Idle, Waiting:
		if w.attempt != nil || w.link.up {
			w.fail("the connection is %s, and one is under way", m.conn)
		}
		if m.conn == Waiting && m.due.IsZero() {
			w.fail("the connection waits for nothing")
		}
	case Dialing:
		if w.attempt == nil {
			w.fail("the connection is Dialing, and no attempt is under way")
		}
	case Up, Established:
		switch {
		case !w.link.up:
			w.fail("the connection is %s, and there is none", m.conn)
		case m.intent != none && !w.link.ending:
			w.fail("the session should end, and nobody ends it")
		case m.conn == Up && m.due.IsZero() && m.intent == none:
			w.fail("the socket id is never settled")
		}
	}
	if !m.succeeded && w.waiters == 0 && w.polled {
		idle := m.conn == Idle || w.over()
		halted := m.intent == giveUp
		if !idle && !halted {
			w.fail("nobody wants a connection, and it is %s", m.conn)
		}
	}
	if shown := w.seen.Conn; shown != m.conn && m.conn != Up && (m.conn != Dialing || shown != Waiting && shown != Dialing) {
		w.fail("%s is shown, and the connection is %s", shown, m.conn)
	}
}

func (w *world) checkChannel(i int, ch *Channel) {
	if ch == nil {
		if len(w.holders[i]) > 0 {
			w.fail("%s is held and not in the table", w.cfg.channels[i])
		}
		return
	}
	if int(ch.holds) != len(w.holders[i]) {
		w.fail("%s: the machine counts %d holds, and there are %d", ch.Name, ch.holds, len(w.holders[i]))
	}
	for _, h := range w.holders[i] {
		if h.generation != ch.generation {
			w.fail("%s: a stream holds it in generation %d, and that is %d", ch.Name, h.generation, ch.generation)
		}
	}
	if ch.holds > 0 && !slices.Contains(w.m.order, ch) {
		w.fail("%s is held and forgotten", ch.Name)
	}
	if ch.phase.Live() && ch.loss != nil {
		w.fail("%s is live with an untold loss", ch.Name)
	}
	up := w.m.conn == Up || w.m.conn == Established
	if ch.phase == Suspended && up {
		w.fail("%s is Suspended on a connection", ch.Name)
	}
	if !up && !w.over() && ch.phase != Parked && ch.phase != Suspended {
		w.fail("%s is %s without a connection", ch.Name, ch.phase)
	}
	if w.m.conn == Established && w.polled {
		w.checkProgress(i, ch)
	}
	if ch.phase == Joined && ch.holds > 0 && w.m.conn == Established && w.m.intent == none && w.polled {
		w.checkTruth(i, ch)
	}
}

// checkProgress holds that what is wanted, and what is not, has something under way or due.
func (w *world) checkProgress(i int, ch *Channel) {
	if ch.queued && w.m.careful() && w.m.asking() && (ch.phase == Parked || ch.holds == 0) {
		return // one at a time
	}
	if ch.holds == 0 && w.evicted[i] && (ch.phase == Requested || ch.phase.Live()) {
		w.fail("%s is %s and not left, and should be at once", ch.Name, ch.phase)
	}
	switch ch.phase {
	case Unwanted, Parked, Suspended:
		w.fail("%s is %s, held by %d, and nothing is under way", ch.Name, ch.phase, ch.holds)
	case Authorizing:
		if !slices.ContainsFunc(w.auth, func(q question) bool { return q.ch == ch && q.ticket.Serial == ch.ticket }) {
			w.fail("%s is Authorizing, and the authorizer is not asked", ch.Name)
		}
	case Backoff, Requested, Refreshing, Leaving:
		if ch.due.IsZero() {
			w.fail("%s is %s, and nothing is due", ch.Name, ch.phase)
		}
	case Joined:
		if ch.holds == 0 && ch.due.IsZero() {
			w.fail("%s is Joined, nothing holds it, and it is not left", ch.Name)
		}
	}
}

// checkTruth holds that a channel which is confirmed here is one that the service has for us.
func (w *world) checkTruth(i int, ch *Channel) {
	s := &w.service
	if !w.link.open() || w.link.ending || s.holds && s.rooms.own && s.rooms.in[i] {
		return
	}
	for _, r := range w.link.c2s {
		if r.kind == sub && int(r.ch) == i {
			return
		}
	}
	for _, m := range w.link.s2c {
		if (m.kind == refuse || m.kind == refuseHeal) && int(m.ch) == i {
			return
		}
	}
	w.fail("%s is Joined, and the service sends none of its events", ch.Name)
}
