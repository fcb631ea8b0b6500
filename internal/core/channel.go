package core

import "time"

// A Channel is one channel that something holds, or that the service may still have for us. Its
// fields belong to the machine, but for Name and Signed, which never change. Whoever holds it
// remembers the Generation of that moment.
type Channel struct {
	Name   string
	Signed bool // the service wants a signature for it

	phase   Phase
	parting parting // how the last that held it went
	queued  bool    // in the machine's queue
	answers answers

	holds      int32
	generation uint64 // of those who hold it; it changes when all are evicted
	loss       *Loss  // confirmed before, and what was missed since is not told yet
	asks       int32  // requests of this phase
	tries      int32  // failures in a row
	oversize   int32  // connections in a row that ended on a message of this channel
	ticket     uint64 // the question to the authorizer that is under way
	grantFor   string // the socket id that there is a signature for
	due        time.Time
	place      int // in the machine's order
}

// A parting is how the last that held a channel went.
type parting uint8

const (
	released parting = iota // as it liked: the channel is kept for the leave grace
	evicted                 // on request: the channel is left at once
)

// NewChannel makes a channel that is Unwanted.
func NewChannel(name string, signed bool) *Channel { return &Channel{Name: name, Signed: signed} }

// Phase returns how far its subscription has come.
func (ch *Channel) Phase() Phase { return ch.phase }

// Holds returns how many hold it.
func (ch *Channel) Holds() int { return int(ch.holds) }

// Held returns how many channels are held.
func (m *Machine) Held() int { return m.held }

// Generation changes when all who held the channel are evicted.
func (ch *Channel) Generation() uint64 { return ch.generation }

// Early reports whether what the service tells of its members may come before the first
// confirmation: it has been asked for once on this connection, and nothing of an earlier
// subscription can still come.
func (ch *Channel) Early() bool {
	return ch.phase == Requested && ch.asks == 1 && ch.answers.stale == 0
}

// Missed returns what is told once the channel is confirmed again, and whether there is anything.
func (ch *Channel) Missed() (Loss, bool) {
	if ch.loss == nil {
		return Loss{}, false
	}
	return *ch.loss, true
}

// move changes the phase, and resets what belongs to the one that is left. It is the only place
// where either happens.
func (m *Machine) move(ch *Channel, to Phase) {
	from := ch.phase
	if m.hooks.moved != nil {
		m.hooks.moved(from, to)
	}
	ch.phase, ch.due = to, time.Time{}
	if from == Authorizing {
		ch.ticket = 0
	}
	if from != to {
		ch.asks = 0
	}
	switch to {
	case Unwanted:
		ch.loss, ch.grantFor, ch.tries, ch.oversize = nil, "", 0, 0
		ch.answers = answers{}
	case Leaving:
		ch.loss, ch.grantFor, ch.tries = nil, "", 0
	case Joined:
		ch.tries = 0
		m.do(Action{Op: Changed, Channel: ch})
	}
}

// Hold adds one that holds ch.
func (m *Machine) Hold(ch *Channel) {
	ch.holds++
	if ch.holds > 1 {
		return
	}
	m.held++
	switch ch.phase {
	case Unwanted:
		m.generations++
		ch.generation = m.generations // a hold of an earlier channel of that name can't be taken for one of this
		ch.place = len(m.order)
		m.order = append(m.order, ch)
		m.move(ch, Parked)
		m.look(ch)
	case Parked, Leaving:
		m.look(ch)
	case Joined:
		ch.due = time.Time{} // of the leave grace
	case Refreshing:
		if ch.answers.lost { // nobody knows whether the service still has it
			m.unproven(ch)
		}
	}
}

// unproven makes a restored channel one that waits for its confirmation.
func (m *Machine) unproven(ch *Channel) {
	if due := ch.due; due.IsZero() {
		m.move(ch, Parked)
	} else { // it is asked for already
		m.move(ch, Requested)
		ch.asks = 1
		m.setTimer(ch, due)
	}
	m.do(Action{Op: Changed, Channel: ch})
	m.look(ch)
}

// Release takes one that held ch in that generation away.
func (m *Machine) Release(now time.Time, ch *Channel, generation uint64) {
	if generation != ch.generation {
		return // evicted before
	}
	ch.holds--
	if ch.holds > 0 {
		return
	}
	m.held--
	ch.parting = released
	m.do(Action{Op: Changed, Channel: ch})
	if m.cfg.LeaveGrace > 0 {
		switch ch.phase {
		case Joined:
			m.setTimer(ch, now.Add(m.cfg.LeaveGrace))
			return
		case Requested, Refreshing: // the grace begins with the answer
			return
		}
	}
	m.unheld(ch)
}

// unheld sees to a channel that nothing holds any more. One that the service cannot have for us is
// gone at once.
func (m *Machine) unheld(ch *Channel) {
	if (ch.phase == Parked || ch.phase == Backoff) && !ch.answers.lost && !m.expecting(ch) {
		m.drop(ch)
		return
	}
	m.look(ch)
}

// Refresh asks for the confirmation once more, because a room needs the roster in it.
func (m *Machine) Refresh(ch *Channel) {
	if ch.phase == Joined && ch.holds > 0 {
		m.move(ch, Refreshing)
		m.look(ch)
	}
}

// Evict evicts all who hold ch, on request. What the service has of it is left, with no grace, also
// if the grace of those who held it before has begun, and also if the service has yet to restore
// it.
func (m *Machine) Evict(ch *Channel, err error) {
	ch.parting = evicted
	if ch.holds > 0 {
		m.evictHolders(ch, err)
	}
	switch ch.phase {
	case Unwanted:
		return
	case Joined:
		ch.due = time.Time{} // of the leave grace
	}
	m.unheld(ch)
}

// evict takes off all who hold ch.
func (m *Machine) evictHolders(ch *Channel, err error) {
	m.generations++
	was := Ticket{Generation: ch.generation}
	ch.holds, ch.generation = 0, m.generations
	m.held--
	a := Action{Op: EvictHolders, Channel: ch, Ticket: was, Err: err, Joined: ch.phase.Live() || ch.loss != nil}
	if ch.loss != nil {
		a.Loss, ch.loss = *ch.loss, nil
	}
	m.do(a)
	m.do(Action{Op: Changed, Channel: ch})
}

// drop forgets ch.
func (m *Machine) drop(ch *Channel) {
	m.move(ch, Unwanted)
	m.order[ch.place] = nil
	if m.gone++; m.gone > 32 && m.gone > len(m.order)/2 {
		m.compact()
	}
	m.do(Action{Op: Forget, Channel: ch})
}

// compact closes the gaps in the order.
func (m *Machine) compact() {
	live := make([]*Channel, 0, len(m.order)-m.gone)
	for _, ch := range m.order {
		if ch != nil {
			ch.place = len(live)
			live = append(live, ch)
		}
	}
	m.order, m.gone = live, 0
}

// lose takes the connection from every channel: the one reset that there is.
func (m *Machine) lose(e End, stable bool) {
	for _, ch := range m.order { // drop may compact: this is the order as it was
		if ch == nil {
			continue
		}
		ch.answers = answers{lost: ch.answers.lost || ch.phase == Refreshing && ch.answers.due > 0}
		if stable && ch != e.Culprit {
			ch.oversize = 0
		}
		switch {
		case ch.phase.Live():
			if ch.holds > 0 {
				ch.loss = &Loss{Epoch: m.epoch, Since: e.LastHeard}
			}
			m.move(ch, Suspended)
		case ch.holds == 0 && ch.phase == Leaving:
			m.drop(ch)
		case ch.phase != Parked:
			m.move(ch, Parked)
			fallthrough
		default:
			if ch.holds == 0 {
				m.drop(ch)
			}
		}
	}
	m.timers = nil // every time was of this connection
	m.epoch++
	m.do(Action{Op: Stale})
}

// resume takes a new connection to every channel, in the order in which they were first held.
func (m *Machine) resume(recovered bool) {
	for _, ch := range m.queue {
		ch.queued = false
	}
	m.queue = nil
	for _, ch := range m.order {
		if ch == nil {
			continue
		}
		switch {
		case ch.phase != Suspended:
		case recovered:
			// The service kept the room and sends what was missed: events flow from the first
			// packet on. It is asked for again all the same, which changes nothing for the user.
			ch.loss = nil
			m.move(ch, Refreshing)
			m.do(Action{Op: Kept, Channel: ch})
		case ch.holds > 0:
			ch.answers.lost = false // a fresh session has no channels
			m.move(ch, Parked)
		default:
			m.drop(ch)
			continue
		}
		m.look(ch)
	}
}

// settle brings the service one step nearer to what is wanted of ch.
func (m *Machine) settle(now time.Time, ch *Channel) {
	if ch.holds == 0 && !m.graced(ch) {
		m.leave(now, ch)
		return
	}
	switch ch.phase {
	case Leaving:
		m.move(ch, Parked)
		fallthrough
	case Parked:
		if m.unsigned(ch) {
			m.authorize(ch)
			return
		}
		m.request(now, ch, Requested)
	case Refreshing:
		if !ch.due.IsZero() {
			return // asked
		}
		if m.unsigned(ch) { // the service names another socket id than it restored; or who holds it now is somebody else
			m.takenAway(now, ch)
			m.do(Action{Op: Unsubscribe, Channel: ch})
			m.move(ch, Parked)
			m.authorize(ch)
			return
		}
		m.request(now, ch, Refreshing)
	}
}

// graced reports whether ch is asked for once more although nothing holds it: its grace begins with
// the answer, and who holds it by then relies on that.
func (m *Machine) graced(ch *Channel) bool {
	return m.keeps(ch) && ch.phase == Refreshing && ch.due.IsZero() && !m.unsigned(ch)
}

// keeps reports whether ch, which nothing holds, is kept for the leave grace.
func (m *Machine) keeps(ch *Channel) bool { return m.cfg.LeaveGrace > 0 && ch.parting == released }

// unsigned reports whether ch needs a signature that there is not.
func (m *Machine) unsigned(ch *Channel) bool { return ch.Signed && ch.grantFor != m.socketID }

// certain is since when what the service sends to the client may be in doubt: what it sent earlier
// has come, or the link would count as dead. A process that stood still learns of it late. What the
// service sent before a session was lost and restored can come after that.
func (m *Machine) certain(now time.Time) time.Time {
	at := earliest(now.Add(-m.session.LinkTimeout()), m.health.before)
	if m.session.Recovered && (m.since.IsZero() || at.Before(m.since)) {
		return earliest(at, m.lastHeard)
	}
	return at
}

// takenAway notes that the service does not have ch for us any more, although the connection goes
// on.
func (m *Machine) takenAway(now time.Time, ch *Channel) {
	ch.loss = &Loss{Epoch: m.epoch, Since: m.certain(now)}
	m.epoch++
	m.do(Action{Op: Stale, Channel: ch})
}

// request writes a subscribe.
func (m *Machine) request(now time.Time, ch *Channel, p Phase) {
	if ch.phase != p {
		ch.answers.heard = 0
	}
	m.move(ch, p)
	ch.asks++
	ch.answers.asked()
	m.setTimer(ch, now.Add(m.cfg.SubscribeTimeout))
	m.do(Action{Op: Subscribe, Channel: ch})
}

// leave brings the service to forget a channel that nothing holds.
func (m *Machine) leave(now time.Time, ch *Channel) {
	switch ch.phase {
	case Unwanted, Authorizing, Suspended: // the authorizer's outcome, or the next connection, comes first
		return
	case Joined:
		if !ch.due.IsZero() { // the leave grace
			return
		}
	case Leaving:
		if !m.expecting(ch) {
			m.drop(ch)
		}
		return
	}
	if ch.phase == Requested || ch.phase.Live() || ch.answers.due > 0 || ch.answers.lost {
		m.do(Action{Op: Unsubscribe, Channel: ch})
	}
	ch.answers.left()
	if !m.expecting(ch) {
		m.drop(ch)
		return
	}
	m.move(ch, Leaving)
	m.setTimer(ch, now.Add(2*m.cfg.SubscribeTimeout))
}

// overdue sees to a channel whose time has come.
func (m *Machine) overdue(now time.Time, ch *Channel) {
	switch ch.phase {
	case Backoff:
		m.move(ch, Parked)
	case Requested:
		switch {
		case ch.holds == 0:
			m.leave(now, ch)
			return
		case ch.asks < 2 || ch.answers.heard > 0:
			if ch.asks > 1 {
				ch.answers.heard = 0 // one of these was the answer, or this one will be: it is not believed unseen
			}
			m.do(Action{Op: Retrying, Channel: ch, Err: ErrSubscribeTimeout})
			m.request(now, ch, Requested)
			return
		case ch.loss != nil:
			m.backoff(now, ch, ErrSubscribeTimeout, 0)
		default:
			m.fail(ch, ErrSubscribeTimeout)
			return
		}
	case Refreshing:
		switch {
		case ch.holds == 0:
			m.move(ch, Joined)
		case m.session.Recoverable:
			// Answers and events go the same way: as with an unanswered probe. To ask again would
			// only hide what was lost.
			m.deaf()
			m.move(ch, Joined)
			return
		default:
			m.request(now, ch, Refreshing)
			return
		}
	case Leaving: // what has not come by now will not come
		m.unanswered(ch)
		if ch.holds == 0 {
			m.drop(ch)
			return
		}
		m.move(ch, Parked)
	}
	m.look(ch)
}

// backoff has ch tried again later.
func (m *Machine) backoff(now time.Time, ch *Channel, err error, after time.Duration) {
	m.move(ch, Backoff)
	delay := m.cfg.Pace.Retry(int(ch.tries), after)
	ch.tries++
	m.setTimer(ch, now.Add(delay))
	m.do(Action{Op: Retrying, Channel: ch, Err: err, After: delay})
}
