package core

import (
	"errors"
	"testing"
	"time"
)

// A channel that was asked for once more is asked for twice like any other when the service has
// refused it for a while.
func TestRequestsAreCountedByPhase(t *testing.T) {
	m, at := newTestMachine()
	ch := NewChannel("a", false)
	m.Hold(ch)
	m.Poll(at, Signs{})
	m.Confirmed(at, ch, Internal)
	m.Refresh(ch)
	m.Poll(at, Signs{})
	m.Refused(at, ch, Internal, errors.New("for now"), true, 0)
	m.Release(at, ch, ch.Generation())
	m.Hold(ch)
	for range 3 {
		at = at.Add(time.Minute)
		m.Poll(at, Signs{})
		if ch.Phase() == Requested {
			break
		}
	}
	if ch.Phase() != Requested || !ch.Early() {
		t.Errorf("%s, asked for %d times", ch.Phase(), ch.asks)
	}
}
