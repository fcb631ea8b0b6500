package core

import (
	"errors"
	"iter"
	"slices"
	"time"
)

// Config is what the machine goes by.
type Config struct {
	SubscribeTimeout time.Duration // how long the answer to a subscribe may take
	EstablishGrace   time.Duration // how long to wait for the service to name the socket id
	LeaveGrace       time.Duration // how long a channel that nothing holds is kept; 0: not at all
	StableAfter      time.Duration // a connection established this long lets the attempts begin anew
	Pace             Pacer
}

// A Pacer makes the delays.
type Pacer interface {
	// Redial is the delay before the next attempt to connect: not less than after, what the service
	// asked for.
	Redial(slow bool, after time.Duration) time.Duration
	// Reset begins the growth of Redial anew.
	Reset()
	// Retry is the delay before a channel is tried again that has failed tries times in a row, not
	// less than after.
	Retry(tries int, after time.Duration) time.Duration
}

// What the machine itself says of an end.
var (
	ErrClosed           = errors.New("client is closed")
	ErrReconnect        = errors.New("reconnecting on request")
	ErrSubscribeTimeout = errors.New("subscription was not confirmed in time")
	ErrDeaf             = errors.New("the service answers heartbeats but no events")
)

// A Machine decides. Its methods must not be called concurrently.
type Machine struct {
	cfg    Config
	out    []Action
	handed []Action      // the last that Actions returned
	uses   [2][names]use // of each name, for answers to presence channels and to others

	connection
	health health

	epoch       uint64 // counts losses
	generations uint64 // counts evictions
	serial      uint64 // counts questions to the authorizer

	order []*Channel // all but Unwanted ones, in the order in which they were first held; nil where one was
	gone  int        // how many are nil
	queue []*Channel // to be looked at by Poll
	held  int        // how many are held

	oversize  int // connections in a row that ended on a message that was too large, of a channel that is not known
	tried     *Channel
	trialEnds time.Time // zero: no channel is tried

	timers timers

	hooks hooks
}

// hooks are told of each move; tests set them.
type hooks struct {
	moved      func(from, to Phase)
	entered    func(from, to Conn)
	remembered func(from, to Recovery)
}

// New makes a machine that is Idle.
func New(cfg Config) *Machine { return &Machine{cfg: cfg, uses: [2][names]use{1: {unused, unused}}} }

// Actions hands out what is to be done since the last call. The slice is the caller's until the
// next call.
func (m *Machine) Actions() []Action {
	before := m.handed
	m.handed, m.out = m.out, nil
	if cap(before) <= reused {
		clear(before)
		m.out = before[:0]
	}
	return m.handed
}

// reused bounds the slices of Actions that are used again.
const reused = 64

func (m *Machine) do(a Action) { m.out = append(m.out, a) }

// Epoch counts losses: a holder that is added now is not concerned by a [Loss] of an earlier one.
func (m *Machine) Epoch() uint64 { return m.epoch }

// Pending reports whether Poll has something to do now.
func (m *Machine) Pending() bool { return m.waiting() || m.health.waits() }

// Unsettled reports whether channels wait for another Poll: after one, those that could not be
// asked for.
func (m *Machine) Unsettled() bool { return m.conn == Established && m.waiting() }

// waiting reports whether channels wait to be settled now.
func (m *Machine) waiting() bool { return len(m.queue) > 0 && !(m.careful() && m.asking()) }

// Due is when the next time comes that the machine has set; zero: there is none. An input other
// than Poll can bring it nearer than what Poll has returned.
func (m *Machine) Due() time.Time { return earliest(earliest(m.timers.next(), m.due), m.trialEnds) }

// maxSettled bounds the channels of one Poll, so that the first answers are taken meanwhile.
const maxSettled = 1024

// Poll does what is due, and returns when it wants to be called next; the zero time: not before the
// next input. Only Poll asks for something to be written. signs are of the session, if there is
// one.
func (m *Machine) Poll(now time.Time, signs Signs) (next time.Time) {
	m.pollConnection(now)
	if m.conn == Up || m.conn == Established {
		next = m.pollHealth(now, signs)
	}
	if m.conn == Established {
		m.ring(now)
		m.acquit(now)
		for n := 0; n < maxSettled && m.waiting(); n++ {
			ch := m.queue[0]
			m.queue = m.queue[1:]
			ch.queued = false
			m.settle(now, ch)
		}
		if len(m.queue) == 0 {
			m.queue = nil
		}
		if m.waiting() {
			next = now
		}
		next = earliest(earliest(next, m.timers.next()), m.relax(now))
	}
	return earliest(next, m.due)
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// look has the next Poll look at ch.
func (m *Machine) look(ch *Channel) {
	if ch.queued {
		return
	}
	if len(m.queue) > 64 && len(m.queue) > 2*(len(m.order)-m.gone) {
		m.queue = slices.DeleteFunc(m.queue, func(ch *Channel) bool { // those that came and went without a connection
			ch.queued = ch.phase != Unwanted
			return !ch.queued
		})
	}
	ch.queued = true
	m.queue = append(m.queue, ch)
}

// Channels are those that are not Unwanted, in the order in which they were first held.
func (m *Machine) Channels() iter.Seq[*Channel] {
	return func(yield func(*Channel) bool) {
		for _, ch := range m.order {
			if ch != nil && !yield(ch) {
				return
			}
		}
	}
}

// alarm sets ch's time.
func (m *Machine) setTimer(ch *Channel, at time.Time) {
	if len(m.timers) > 64 && len(m.timers) > 2*(len(m.order)-m.gone) { // half of them and more are void
		m.timers.sweep()
	}
	ch.due = at
	m.timers.push(timer{at, ch})
}

// ring has each channel whose time has come see to it.
func (m *Machine) ring(now time.Time) {
	for {
		at := m.timers.next()
		if at.IsZero() || at.After(now) {
			return
		}
		t := m.timers.pop()
		t.ch.due = time.Time{}
		m.overdue(now, t.ch)
	}
}
