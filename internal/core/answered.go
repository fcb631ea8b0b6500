package core

import "time"

// What an answer of the service, or a request that could not be written, means for a channel.

// joined takes a confirmation. From here on everything arrives, so what was missed before is told
// here.
func (m *Machine) joined(now time.Time, ch *Channel) {
	if l := ch.loss; l != nil {
		ch.loss = nil
		m.do(Action{Op: TellLoss, Channel: ch, Loss: *l})
	}
	m.confirm(now, ch)
}

func (m *Machine) confirm(now time.Time, ch *Channel) {
	m.move(ch, Joined)
	m.do(Action{Op: Confirmed, Channel: ch})
	if ch.holds == 0 && m.keeps(ch) {
		m.setTimer(ch, now.Add(m.cfg.LeaveGrace))
	}
}

// Confirmed takes a confirmation of the service.
func (m *Machine) Confirmed(now time.Time, ch *Channel, n Name) {
	m.use(ch)[n] = used
	current, awaited := ch.answers.take(n, confirms)
	switch ch.phase {
	case Requested:
		if current {
			m.joined(now, ch)
		}
	case Parked, Backoff: // an earlier request was refused, and this one was on its way
		if awaited {
			m.joined(now, ch)
			m.look(ch)
		}
	case Refreshing:
		if current && !ch.due.IsZero() { // else it is a copy: the request is not written yet
			m.confirm(now, ch)
		}
	case Leaving:
		m.look(ch)
	}
	m.try(now, ch)
}

// Copied takes a confirmation that says again, under another form, what the service has said.
func (m *Machine) Copied(ch *Channel, n Name) {
	m.use(ch)[n] = used
	ch.answers.copies[n] = 0
	if ch.phase == Leaving {
		m.look(ch)
	}
}

// Refused takes a refusal of the service. retryable says that it may pass; after is what the
// service asked to wait.
func (m *Machine) Refused(now time.Time, ch *Channel, n Name, err error, retryable bool, after time.Duration) {
	m.use(ch)[n] = used
	if current, _ := ch.answers.take(n, refuses); !current || ch.phase != Requested && !ch.phase.Live() {
		if ch.phase == Leaving {
			m.look(ch)
		}
		return
	}
	switch {
	case retryable:
	case ch.phase == Refreshing && ch.due.IsZero():
		// It was restored with the session, as an answer to that of several requests which is not
		// known: the service may have taken a later one.
		m.Evict(ch, err)
		return
	default:
		m.fail(ch, err)
		return
	}
	if ch.phase.Live() && ch.holds > 0 { // the service took it away
		m.takenAway(now, ch)
	}
	m.backoff(now, ch, err, after)
}

// Fail ends the subscription of ch for all who hold it, because it can't be asked for: nothing was
// written.
func (m *Machine) Fail(ch *Channel, err error) {
	if ch.phase == Requested || ch.phase == Refreshing {
		ch.answers.unwritten()
	}
	switch {
	case ch.phase == Refreshing, ch.phase == Requested && ch.answers.lost: // the service has it for us, or may
		m.Evict(ch, err)
	case ch.phase == Requested:
		m.fail(ch, err)
	}
}

// fail ends the subscription of ch, which the service does not have for us, for all who hold it.
func (m *Machine) fail(ch *Channel, err error) {
	held := ch.holds > 0
	if held {
		m.evictHolders(ch, err)
	}
	if ch.phase != Parked {
		m.move(ch, Parked)
	}
	m.unheld(ch)
}
