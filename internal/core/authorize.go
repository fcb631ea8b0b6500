package core

import "time"

// authorize asks the authorizer. Two questions about one channel are never under way on one
// connection. Those of a connection that is lost are the caller's to give up: their outcome is of
// no use.
func (m *Machine) authorize(ch *Channel) {
	m.move(ch, Authorizing)
	m.serial++
	ch.ticket = m.serial
	m.do(Action{Op: Authorize, Channel: ch, Ticket: Ticket{Serial: m.serial, Generation: ch.generation, SocketID: m.socketID}})
}

// landed takes the authorizer's outcome, and reports whether it is of use.
func (m *Machine) landed(ch *Channel, t Ticket) bool {
	if ch.phase != Authorizing || ch.ticket != t.Serial {
		return false // of a connection that is lost
	}
	if ch.generation != t.Generation || ch.holds == 0 { // whoever asked is gone; a later one asks for itself
		m.move(ch, Parked)
		if ch.holds == 0 {
			m.unheld(ch)
		} else {
			m.look(ch)
		}
		return false
	}
	return true
}

// Granted takes a signature, and reports whether it is of use.
func (m *Machine) Granted(ch *Channel, t Ticket) bool {
	if !m.landed(ch, t) {
		return false
	}
	m.move(ch, Parked)
	ch.grantFor, ch.tries = t.SocketID, 0
	m.look(ch)
	return true
}

// AuthFailed takes an error of the authorizer that can be retried; after is what it asked to wait.
func (m *Machine) AuthFailed(now time.Time, ch *Channel, t Ticket, err error, after time.Duration) {
	if m.landed(ch, t) {
		m.backoff(now, ch, err, after)
	}
}

// Denied takes the authorizer's no.
func (m *Machine) Denied(ch *Channel, t Ticket, err error) {
	if m.landed(ch, t) {
		m.fail(ch, err)
	}
}
