package core

import (
	"container/heap"
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
	// Redial is the delay before the next attempt to connect: not less than after, what the service asked for.
	Redial(slow bool, after time.Duration) time.Duration
	// Reset begins the growth of Redial anew.
	Reset()
	// Retry is the delay before a channel is tried again that has failed tries times in a row, not less than after.
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
	cfg  Config
	out  []Action
	seen [names]bool // the names of answers that this service uses

	connection
	health health

	epoch  uint64 // counts losses
	terms  uint64 // counts expulsions
	serial uint64 // counts questions to the authorizer

	order []*Channel // all but Unwanted ones, in the order in which they were first held; nil where one was
	gone  int        // how many are nil
	queue []*Channel // to be looked at by Poll

	oversize int // connections in a row that ended on a message that was too large, of a channel that is not known
	timers   timers

	hooks hooks
}

// hooks are told of each move; tests set them.
type hooks struct {
	moved      func(from, to Phase)
	entered    func(from, to Conn)
	remembered func(from, to Recovery)
}

// New makes a machine that is Idle.
func New(cfg Config) *Machine { return &Machine{cfg: cfg} }

// Actions hands out what is to be done since the last call. The slice is the caller's.
func (m *Machine) Actions() []Action {
	out := m.out
	m.out = nil
	return out
}

func (m *Machine) do(a Action) { m.out = append(m.out, a) }

// Epoch counts losses: a holder that is added now is not concerned by a [Loss] of an earlier one.
func (m *Machine) Epoch() uint64 { return m.epoch }

// Pending reports whether Poll has something to do now.
func (m *Machine) Pending() bool { return m.waiting() || m.health.waits() }

// waiting reports whether channels wait to be settled now.
func (m *Machine) waiting() bool { return len(m.queue) > 0 && !(m.careful() && m.asking()) }

// Due is when the next time comes that the machine has set; zero: there is none. An input other than Poll can bring it
// nearer than what Poll has returned.
func (m *Machine) Due() time.Time { return earliest(m.timers.next(), m.due) }

// maxSettled bounds the channels of one Poll, so that the first answers are taken meanwhile.
const maxSettled = 1024

// Poll does what is due, and returns when it wants to be called next; the zero time: not before the next input. Only
// Poll asks for something to be written. signs are of the session, if there is one.
func (m *Machine) Poll(now time.Time, signs Signs) (next time.Time) {
	m.pollConnection(now)
	if m.conn == Up || m.conn == Established {
		next = m.pollHealth(now, signs)
	}
	if m.conn == Established {
		m.ring(now)
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
		next = earliest(next, m.timers.next())
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

// A timer has Poll look at a channel when it is due. It is void if the channel's own time is another by then.
type timer struct {
	at time.Time
	ch *Channel
}

// timers is a heap, the earliest first.
type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)        { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = timer{}
	*t = old[:len(old)-1]
	return last
}

// next drops what is void at the front, and returns the time of the first that is not.
func (t *timers) next() time.Time {
	for len(*t) > 0 {
		if first := (*t)[0]; first.at.Equal(first.ch.due) {
			return first.at
		}
		heap.Pop(t)
	}
	return time.Time{}
}

// alarm sets ch's time.
func (m *Machine) alarm(ch *Channel, at time.Time) {
	ch.due = at
	heap.Push(&m.timers, timer{at, ch})
}

// ring has each channel whose time has come see to it.
func (m *Machine) ring(now time.Time) {
	for {
		at := m.timers.next()
		if at.IsZero() || at.After(now) {
			return
		}
		t := heap.Pop(&m.timers).(timer)
		t.ch.due = time.Time{}
		m.overdue(now, t.ch)
	}
}
