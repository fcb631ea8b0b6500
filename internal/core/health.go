package core

import "time"

// The health of a connection. Three things can be wrong with one that looks open:
//
//   - The link is dead: nothing came for the service's ping interval and ping timeout together.
//   - The machine slept: the wall clock says so, the monotonic one stood still.
//   - The service is deaf to it: heartbeats go on and no event is answered. It happens where a
//     session was restored while the service, or a middlebox that lied about an end, still held the
//     connection before it. So a connection that can be recovered is probed with an
//     application-level ping: at once, to learn whether this service answers any; once the link
//     timeout has passed; and now and then. No answer means deaf only if the service has answered
//     one before. An unanswered refresh of a channel means the same.
//
// A process that was stopped, or a machine that slept, reads late what came meanwhile, and can't
// tell when it came. It came after the clocks were compared for the last time before the stop. The
// first comparison after the stop may come before the reader has taken all that waited. So what was
// read is dated by the last but one comparison before it.
//
// Pongs carry nothing that tells whose they are. So one ping is under way at a time, and the others
// wait. One that its caller gave up stays under way until its pong comes, or until the service's
// ping timeout has passed: a late pong is then not taken for that of a later ping, and one that
// never comes holds up the next no longer than that.
type health struct {
	answered bool    // this service has answered a ping, ever
	sent     *Ping   // under way; nil: none is
	waiting  []*Ping // not written yet
	sentAt   time.Time
	probeAt  time.Time // when to probe next; zero: not on this connection
	proven   time.Time // until then the service was not deaf: when a ping was written that it answered, or this began
	deaf     bool      // it is, by now

	looked time.Time // when the clocks were compared last
	before time.Time // and when before that: the date of what is read now
	sure   time.Time // that of what was read by then: it is not later than when that came
}

// A Ping is one call that waits for a pong. The probe's has no caller.
type Ping struct{ abandoned bool }

// MaxPings bounds the pings that wait.
const MaxPings = 64

// lookEvery is how often the clocks are compared. A loss is told from at most twice that before the
// last byte.
const lookEvery = 5 * time.Second

// probeEvery is how many link timeouts lie between two probes.
const probeEvery = 4

// Signs are what is seen of a session: how long ago the last proof of life came, by the monotonic
// clock and by the wall's.
type Signs struct{ Silence, WallSilence time.Duration }

func (h *health) begin(now time.Time) {
	*h = health{answered: h.answered, looked: now, before: now, sure: now}
}

// look compares the clocks, every lookEvery. heard is when the last proof of life was read.
func (h *health) look(now, heard time.Time) {
	if now.Sub(h.looked) < lookEvery {
		return
	}
	if !heard.Before(h.looked) {
		h.sure = h.before
	}
	h.before, h.looked = h.looked, now
}

func (h *health) established(now time.Time, s Session) {
	h.proven = now
	switch {
	case !s.Recoverable:
	case h.answered:
		h.probeAt = now.Add(s.LinkTimeout())
	default:
		h.probeAt = now
	}
}

// waits reports whether a ping can be written.
func (h *health) waits() bool { return h.sent == nil && len(h.waiting) > 0 }

// Ping has a ping written. It reports false if too many wait already.
func (m *Machine) Ping(p *Ping) bool {
	if len(m.health.waiting) >= MaxPings {
		return false
	}
	m.health.waiting = append(m.health.waiting, p)
	return true
}

// Abandon takes back a ping that its caller does not wait for any more.
func (m *Machine) Abandon(p *Ping) {
	p.abandoned = true
	for i, w := range m.health.waiting {
		if w == p {
			m.health.waiting = append(m.health.waiting[:i:i], m.health.waiting[i+1:]...)
			return
		}
	}
}

// Pong takes an answer to a ping.
func (m *Machine) Pong(now time.Time) {
	h := &m.health
	h.answered = true
	if h.sent == nil {
		return // later than the service's ping timeout, or not asked for
	}
	if !h.sent.abandoned {
		m.do(Action{Op: Ponged, Ping: h.sent, After: now.Sub(h.sentAt)})
	}
	h.sent, h.proven = nil, h.sentAt
}

// pollHealth ends a connection that is not healthy, and writes the ping that is due.
func (m *Machine) pollHealth(now time.Time, signs Signs) (next time.Time) {
	h, limit := &m.health, m.session.LinkTimeout()
	h.look(now, now.Add(-signs.Silence))
	next = h.looked.Add(lookEvery)
	if limit > 0 {
		if signs.Silence >= limit {
			return m.unhealthy(&DeadLinkError{Silence: signs.Silence})
		}
		if signs.WallSilence > limit {
			return m.unhealthy(&DeadLinkError{Silence: signs.WallSilence, Slept: true})
		}
		next = earliest(next, now.Add(limit-signs.Silence))
	}
	if m.conn != Established {
		return next
	}
	if h.sent != nil && !now.Before(h.sentAt.Add(m.session.PingTimeout)) {
		switch {
		case m.session.Recoverable && h.answered:
			h.answered = false // to be learned anew, or a service that answers no more would be left again and again
			return m.deaf()
		case h.sent.abandoned:
			h.sent = nil
		default:
			return next // its caller waits on
		}
	}
	if h.sent == nil {
		m.writePing(now)
	}
	if h.sent != nil {
		return earliest(next, h.sentAt.Add(m.session.PingTimeout))
	}
	return earliest(next, h.probeAt)
}

// writePing writes the next ping that waits, or the probe if it is due.
func (m *Machine) writePing(now time.Time) {
	h := &m.health
	probe := !h.probeAt.IsZero() && !now.Before(h.probeAt)
	switch {
	case len(h.waiting) > 0:
		h.sent, h.waiting = h.waiting[0], h.waiting[1:]
	case probe:
		h.sent = &Ping{abandoned: true}
	default:
		return
	}
	if probe { // whichever it is, it probes
		h.probeAt = now.Add(probeEvery * m.session.LinkTimeout())
	}
	h.sentAt = now
	m.do(Action{Op: WritePing})
}

// deaf ends a session that must not be asked for again.
func (m *Machine) deaf() (next time.Time) {
	m.remember(None)
	m.health.deaf = true
	return m.unhealthy(ErrDeaf)
}

// Missing is since when something may be missing if the connection has ended, and last is when its
// last byte was read: since a little before that, or where heartbeats may have been all that came,
// since that was last known not to be so.
func (m *Machine) Missing(last time.Time) time.Time {
	h := &m.health
	since := h.sure
	if !last.Before(h.looked) {
		since = h.before
	}
	since = earliest(last, since)
	if h.deaf || m.session.Recovered {
		since = earliest(since, h.proven)
	}
	return since
}

// unhealthy ends the session, once.
func (m *Machine) unhealthy(err error) (next time.Time) {
	if m.intent == none {
		m.halt(ill, EndSession, err)
	}
	return time.Time{}
}
