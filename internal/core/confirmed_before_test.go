package core

import (
	"slices"
	"testing"
	"time"
)

// A channel that was confirmed once is not given up because the service leaves two requests
// unanswered: its holders have a loss to learn of. One that never was is.
func TestAChannelConfirmedBeforeIsNotGivenUp(t *testing.T) {
	for _, before := range []bool{false, true} {
		now := time.Unix(1000, 0)
		m := New(Config{Pace: even{}, SubscribeTimeout: 10 * time.Second, EstablishGrace: time.Second})
		session := Session{SocketID: "s", PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second}
		ch := NewChannel("a", false)
		m.Hold(ch)
		up(m, now, session)
		if before {
			m.Confirmed(now, ch, Internal)
			m.Ended(now, End{LastHeard: now})
			up(m, now, session)
		}
		m.Actions()
		var acts []Action
		for range 2 {
			now = now.Add(10 * time.Second)
			m.Poll(now, Signs{})
			acts = append(acts, m.Actions()...)
		}
		evicted := slices.ContainsFunc(acts, func(a Action) bool { return a.Op == EvictHolders })
		if evicted == before || before && ch.Phase() != Backoff {
			t.Errorf("confirmed before %t: evicted %t, %v", before, evicted, ch.Phase())
		}
	}
}
