package core

import (
	"slices"
	"testing"
	"time"
)

// up connects m to a session.
func up(m *Machine, now time.Time, s Session) {
	if m.Conn() == Waiting {
		m.Reconnect(now)
	} else {
		m.Connect(now, true)
	}
	m.Dialed(now, s)
	m.Established(now, s.SocketID)
	m.Poll(now, Signs{})
}

// A restored session keeps its socket id. One that comes back with another is a fresh one: what was
// missed is told.
func TestARestoredSessionOfAnotherIDIsAFreshOne(t *testing.T) {
	for _, id := range []string{"s", "other"} {
		now := time.Unix(1000, 0)
		m := New(Config{Pace: even{}, SubscribeTimeout: 10 * time.Second, EstablishGrace: time.Second})
		session := Session{SocketID: "s", Recoverable: true, PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second}
		ch := NewChannel("a", false)
		m.Hold(ch)
		up(m, now, session)
		m.Confirmed(now, ch, Internal)
		m.Ended(now, End{KeepsSession: true, PeerKnows: true, LastHeard: now})
		m.Actions()

		session.SocketID, session.Recovered = id, true
		up(m, now, session)
		m.Confirmed(now, ch, Internal)
		if got := m.Session().Recovered; got != (id == "s") {
			t.Errorf("back as %s: recovered %t", id, got)
		}
		told := slices.ContainsFunc(m.Actions(), func(a Action) bool { return a.Op == TellLoss && a.Channel == ch })
		if ch.Phase() != Joined || told != (id != "s") {
			t.Errorf("back as %s: %v, loss told %t", id, ch.Phase(), told)
		}
	}
}
