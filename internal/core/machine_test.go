package core

import (
	"fmt"
	"slices"
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

// Channels come and go, and those that stay keep their order.
func TestOrderOutlivesChannelsThatGo(t *testing.T) {
	m, now := newTestMachine()
	var stay []*Channel
	for i := range 500 {
		ch := NewChannel(fmt.Sprint(i), false)
		m.Hold(ch)
		m.Poll(now, Signs{})
		m.Confirmed(now, ch, Internal)
		if i%10 == 0 {
			stay = append(stay, ch)
		} else {
			m.Release(now, ch, ch.Term())
			m.Poll(now, Signs{})
		}
	}
	if got := slices.Collect(m.Channels()); !slices.Equal(got, stay) {
		t.Fatalf("%d channels are in the order, and %d should be", len(got), len(stay))
	}
	if len(m.order) > 2*len(stay)+33 {
		t.Errorf("the order has %d places for %d channels", len(m.order), len(stay))
	}
	for _, ch := range stay[:20] { // each finds its own place
		m.Release(now, ch, ch.Term())
		m.Poll(now, Signs{})
	}
	if got := slices.Collect(m.Channels()); !slices.Equal(got, stay[20:]) {
		t.Errorf("%d channels are in the order, and %d should be", len(got), len(stay)-20)
	}
}

// Channels that come and go without a connection leave nothing behind.
func TestQueueIsBoundedWithoutConnection(t *testing.T) {
	m := New(Config{Pace: evenPace{}})
	now := time.Unix(1e9, 0)
	for i := range 10_000 {
		ch := NewChannel(fmt.Sprint(i), false)
		m.Hold(ch)
		m.Release(now, ch, ch.Term())
		m.Actions()
	}
	if len(m.queue) > 200 || len(m.order) > 200 {
		t.Errorf("%d in the queue and %d in the order, of channels that are gone", len(m.queue), len(m.order))
	}
}

// One Poll asks for so many channels at most, and wants to be called again at once until all are asked for.
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

// A session that is restored under another id is none: rooms and signatures are for the id that it had.
func TestRestoredUnderAnotherIDIsFresh(t *testing.T) {
	m, now := newTestMachine()
	ch := NewChannel("a", false)
	m.Hold(ch)
	m.Poll(now, Signs{})
	m.Confirmed(now, ch, Internal)
	m.Ended(now, End{Err: errLink, PeerKnows: true, KeepsSession: true, LastHeard: now})
	m.Poll(now.Add(time.Second), Signs{})
	m.Dialed(now, Session{SocketID: "s2", Recoverable: true, Recovered: true, PingInterval: pingInterval, PingTimeout: pingTimeout})
	m.Established(now, "s2")
	if m.Session().Recovered || ch.Phase().Live() {
		t.Errorf("recovered: %t; the channel is %s", m.Session().Recovered, ch.Phase())
	}
	m.Poll(now, Signs{})
	m.Actions()
	m.Confirmed(now, ch, Internal)
	if acts := m.Actions(); len(acts) == 0 || acts[0].Op != TellLoss {
		t.Errorf("the loss is not told: %v", acts)
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
