package core

import "time"

// A message that is larger than the client takes ends the connection. If it comes again after each
// return (the roster in a channel's confirmation, the last event that a service repeats to whoever
// subscribes), it must cost that one channel and nothing else: after the second end that a
// channel's message caused, the channel is refused.
//
// The message names its channel in most cases. Where it does not, or only where a member could have
// written it, the machine finds out: after two such ends it is careful, and has one request under
// way at a time. What ends the connection then is the answer to that one, or what comes soon after
// it: the channel is on trial for a while, and the next one waits. Once all were asked for and the
// connection is stable, it is careful no longer.

const (
	maxOversize = 2
	trial       = 250 * time.Millisecond // longer than what a service sends together takes to come
)

// careful reports whether channels are asked for one at a time.
func (m *Machine) careful() bool { return m.oversize >= maxOversize }

// asking reports whether a request is under way. It is asked only of a careful machine.
func (m *Machine) asking() bool { return m.suspect() != nil }

// suspect is the channel whose answer is due, be it one that was left since; the first, if there
// are several; else the one that is on trial.
func (m *Machine) suspect() *Channel {
	for _, ch := range m.order {
		if ch == nil || ch.due.IsZero() {
			continue
		}
		switch ch.phase {
		case Requested, Refreshing, Leaving:
			return ch
		}
	}
	return m.tried
}

// try puts ch, which was confirmed, on trial.
func (m *Machine) try(now time.Time, ch *Channel) {
	if m.careful() && ch.phase == Joined {
		m.tried, m.trialEnds = ch, now.Add(trial)
	}
}

// acquit ends a trial whose time is over.
func (m *Machine) acquit(now time.Time) {
	if m.tried != nil && !now.Before(m.trialEnds) {
		m.tried, m.trialEnds = nil, time.Time{}
	}
}

// relax ends carefulness once there is nobody left to suspect. It returns when to look again; zero:
// not before the next input.
func (m *Machine) relax(now time.Time) (next time.Time) {
	switch stable := m.since.Add(m.cfg.StableAfter); {
	case !m.careful() || len(m.queue) > 0 || m.asking():
		return m.trialEnds
	case now.Before(stable):
		return stable
	default:
		m.oversize = 0
		return time.Time{}
	}
}

// blame names the channel whose message was too large, before the channels lose the connection, and
// counts.
func (m *Machine) blame(e *End, stable bool) {
	switch {
	case !e.TooLarge:
		if stable {
			m.oversize = 0
		}
	case e.Culprit != nil:
	case m.careful():
		if e.Culprit = m.suspect(); e.Culprit != nil {
			e.Culprit.oversize = maxOversize - 1 // the ends before were its own
		}
	default:
		m.oversize++
	}
}

// refuse ends the subscription of the channel that is to blame, if it is not the first time.
func (m *Machine) refuse(e End) {
	m.tried, m.trialEnds = nil, time.Time{}
	ch := e.Culprit
	if ch == nil || ch.holds == 0 {
		return
	}
	if ch.oversize++; ch.oversize >= maxOversize {
		m.oversize = 0
		m.fail(ch, e.Blame)
	}
}
