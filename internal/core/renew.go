package core

import "time"

// Renew has a channel left that nothing holds any more, now and with no grace, because who is about to hold it is somebody else:
// the service is to hear of both. A signature that is being asked for is of no use then. Without an
// Established connection it does nothing.
func (m *Machine) Renew(now time.Time, ch *Channel) {
	if ch.holds > 0 || m.conn != Established {
		return
	}
	switch ch.phase {
	case Authorizing:
		m.terms++
		ch.term = m.terms
	case Parked, Backoff, Requested, Joined, Refreshing:
		if ch.phase == Requested || ch.phase.Live() || ch.answers.due > 0 {
			m.do(Action{Op: Unsubscribe, Channel: ch})
		}
		ch.answers.left()
		m.move(ch, Leaving)
		m.alarm(ch, now.Add(2*m.cfg.SubscribeTimeout))
		m.look(ch)
	}
}
