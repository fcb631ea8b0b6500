package core

import "time"

// Renew has a channel left that nothing holds any more, now and with no grace, because who is about
// to hold it is somebody else: the service is to hear of both. A signature that is being asked for
// is of no use then, nor is one that there is already.
func (m *Machine) Renew(now time.Time, ch *Channel) {
	if ch.holds > 0 {
		return
	}
	if m.conn != Established { // if the service restores it, it is left and asked for with a new signature
		ch.grantFor = ""
		return
	}
	switch ch.phase {
	case Authorizing:
		m.generations++
		ch.generation = m.generations
	case Parked, Backoff, Requested, Joined, Refreshing:
		if ch.phase == Requested || ch.phase.Live() || ch.answers.due > 0 {
			m.do(Action{Op: Unsubscribe, Channel: ch})
		}
		ch.answers.left()
		m.move(ch, Leaving)
		m.setTimer(ch, now.Add(2*m.cfg.SubscribeTimeout))
		m.look(ch)
	}
}
