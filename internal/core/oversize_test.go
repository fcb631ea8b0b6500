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

// Where a message that is too large does not tell its channel, the machine finds out: after two ends it asks for one channel
// at a time, and what ends the connection then is to blame. The others live.
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
			case Expel:
				refused = append(refused, a.Channel.Name)
				if a.Err != blame {
					t.Errorf("expelled with %v", a.Err)
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
