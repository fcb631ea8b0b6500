package core

import (
	"fmt"
	"testing"
	"time"
)

// newTestMachine is a machine that is Established.
func newTestMachine() (m *Machine, now time.Time) {
	m, now = New(Config{SubscribeTimeout: subscribeTimeout, EstablishGrace: establishGrace, Pace: evenPace{}}), time.Unix(1e9, 0)
	m.Connect(now, false)
	m.Dialed(now, Session{SocketID: "s1", Recoverable: true, PingInterval: pingInterval, PingTimeout: pingTimeout})
	m.Established(now, "s1")
	m.Actions()
	return m, now
}

// Channels that come and go without a connection leave nothing behind.
func TestQueueIsBoundedWithoutConnection(t *testing.T) {
	m := New(Config{Pace: evenPace{}})
	now := time.Unix(1e9, 0)
	for i := range 10_000 {
		ch := NewChannel(fmt.Sprint(i), false)
		m.Hold(ch)
		m.Release(now, ch, ch.Generation())
		m.Actions()
	}
	if len(m.queue) > 200 || len(m.order) > 200 {
		t.Errorf("%d in the queue and %d in the order, of channels that are gone", len(m.queue), len(m.order))
	}
}

// One Poll asks for so many channels at most, and wants to be called again at once until all are
// asked for.
func TestPollIsBounded(t *testing.T) {
	m, now := newTestMachine()
	const n = 3*maxSettled + 1
	for i := range n {
		m.Hold(NewChannel(fmt.Sprint(i), false))
	}
	asked, polls := 0, 0
	for next := now; next.Equal(now); polls++ {
		next = m.Poll(now, Signs{})
		burst := 0
		for _, a := range m.Actions() {
			if a.Op == Subscribe {
				burst++
			}
		}
		if burst > maxSettled {
			t.Errorf("one Poll asks for %d channels", burst)
		}
		asked += burst
	}
	if asked != n || polls != 4 {
		t.Errorf("%d channels are asked for in %d calls", asked, polls)
	}
}

// More pings than that don't wait.
func TestPingsAreBounded(t *testing.T) {
	m, _ := newTestMachine()
	for range MaxPings {
		if !m.Ping(new(Ping)) {
			t.Fatal("a ping is refused, and few wait")
		}
	}
	if m.Ping(new(Ping)) {
		t.Errorf("%d pings wait", MaxPings+1)
	}
}

// Times that are void by now leave nothing behind either, whatever time stands before them.
func TestTimersAreBounded(t *testing.T) {
	m, now := newTestMachine()
	slow := NewChannel("slow", false)
	m.Hold(slow)
	m.Poll(now, Signs{}) // asked for, and not answered: its time stands first
	for i := range 10_000 {
		ch := NewChannel(fmt.Sprint(i), false)
		m.Hold(ch)
		m.Poll(now, Signs{})
		m.Confirmed(now, ch, Internal)
		m.Release(now, ch, ch.Generation())
		m.Poll(now, Signs{})
		m.Actions()
	}
	if len(m.timers) > 200 || len(m.queue) > 200 || len(m.order) > 200 {
		t.Errorf("%d times, %d in the queue and %d in the order, of channels that are gone", len(m.timers), len(m.queue), len(m.order))
	}
	if m.Due() != slow.due || slow.due.IsZero() {
		t.Errorf("due at %v, want %v", m.Due(), slow.due)
	}
}
