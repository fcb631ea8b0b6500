package core

import (
	"errors"
	"testing"
	"time"
)

// even is a Pacer without chance.
type even struct{}

func (even) Redial(bool, time.Duration) time.Duration { return time.Second }
func (even) Reset()                                   {}
func (even) Retry(int, time.Duration) time.Duration   { return time.Second }

// Where a message that is too large does not tell its channel, the machine finds out: after two
// ends it asks for one channel at a time, and what ends the connection then is to blame. The others
// live.
func TestCulpritThatIsNotKnownIsFound(t *testing.T) {
	m := New(Config{SubscribeTimeout: 10 * time.Second, EstablishGrace: time.Second, StableAfter: 10 * time.Second, Pace: even{}})
	chs := []*Channel{NewChannel("a", false), NewChannel("bad", false), NewChannel("b", false)}
	for _, ch := range chs {
		m.Hold(ch)
	}
	now, blame := time.Unix(0, 0), errors.New("too large")
	var refused []string
	ends, dials := 0, 0
	take := func(acts []Action) (asked []*Channel) {
		for _, a := range acts {
			switch a.Op {
			case Dial:
				dials++
				m.Dialed(now, Session{SocketID: "s"})
				m.Established(now, "s")
			case Subscribe:
				asked = append(asked, a.Channel)
			case EvictHolders:
				refused = append(refused, a.Channel.Name)
				if a.Err != blame {
					t.Errorf("evicted with %v", a.Err)
				}
			}
		}
		return asked
	}
	m.Connect(now, true)
	for range 50 {
		asked := take(m.Actions())
		for _, ch := range asked { // the service answers in order; the answer for bad ends the connection
			if ch == chs[1] {
				ends++
				m.Ended(now, End{Err: errors.New("frame too big"), TooLarge: true, Blame: blame, LastHeard: now})
				break
			}
			m.Confirmed(now, ch, Internal)
		}
		if next := m.Poll(now, Signs{}); next.After(now) && len(m.out) == 0 {
			now = now.Add(time.Second)
		}
	}
	if len(refused) != 1 || refused[0] != "bad" {
		t.Errorf("refused: %v", refused)
	}
	if ends != 3 || dials != 4 {
		t.Errorf("%d ends, %d dials", ends, dials)
	}
	for _, ch := range []*Channel{chs[0], chs[2]} {
		if ch.Phase() != Joined {
			t.Errorf("%s is %v", ch.Name, ch.Phase())
		}
	}
}

// It asks for one channel at a time only until all were asked for on a connection that lasts.
func TestCarefulnessEnds(t *testing.T) {
	m := New(Config{SubscribeTimeout: 10 * time.Second, EstablishGrace: time.Second, StableAfter: 10 * time.Second, Pace: even{}})
	a, b := NewChannel("a", false), NewChannel("b", false)
	m.Hold(a)
	m.Hold(b)
	now := time.Unix(0, 0)
	up := func() {
		m.Dialed(now, Session{SocketID: "s"})
		m.Established(now, "s")
	}
	m.Connect(now, true)
	up()
	for range maxOversize {
		m.Ended(now, End{Err: errors.New("frame too big"), TooLarge: true, LastHeard: now})
		now = now.Add(time.Second)
		m.Poll(now, Signs{})
		up()
	}
	began := now
	for range 100 {
		next := m.Poll(now, Signs{})
		if a.Phase() == Requested && b.Phase() == Requested {
			t.Fatal("two are asked for at once")
		}
		for _, ch := range []*Channel{a, b} {
			if ch.Phase() == Requested {
				m.Confirmed(now, ch, Internal)
				next = earliest(now.Add(trial), m.Due())
			}
		}
		if !m.careful() {
			break
		}
		if !next.After(now) {
			t.Fatalf("nothing is due after %v", now.Sub(began))
		}
		now = next
	}
	if a.Phase() != Joined || b.Phase() != Joined || m.careful() || now.Sub(began) != 10*time.Second {
		t.Errorf("%v and %v, careful: %v after %v", a.Phase(), b.Phase(), m.careful(), now.Sub(began))
	}
}
