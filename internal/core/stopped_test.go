package core

import (
	"errors"
	"testing"
	"time"
)

// A process that stood still reads late what came meanwhile: the loss that follows is told from
// before it stood still, in whatever order it finds things out. Otherwise a loss is told from a
// little before the last byte.
func TestALossAfterTheProcessStoodStill(t *testing.T) {
	const stood = 6 * time.Second
	for _, tt := range []struct {
		name string
		// lose is called at the moment at which the process goes on.
		lose func(m *Machine, ch *Channel, now time.Time)
		stop time.Duration
	}{
		{name: "the reader is first", stop: stood, lose: func(m *Machine, _ *Channel, now time.Time) {
			m.Ended(now, End{LastHeard: now})
		}},
		{name: "the clocks are compared first", stop: stood, lose: func(m *Machine, _ *Channel, now time.Time) {
			m.Poll(now, Signs{Silence: stood, WallSilence: stood})
			m.Ended(now, End{LastHeard: now.Add(time.Millisecond)})
		}},
		{name: "the clocks are compared in between", stop: stood, lose: func(m *Machine, _ *Channel, now time.Time) {
			m.Poll(now, Signs{})
			m.Ended(now, End{LastHeard: now})
		}},
		{name: "the end is found by the silence", stop: stood, lose: func(m *Machine, _ *Channel, now time.Time) {
			silence := time.Duration(0)
			for ; silence < pingInterval+pingTimeout; silence += lookEvery {
				m.Poll(now.Add(silence), Signs{Silence: silence, WallSilence: silence})
			}
			m.Ended(now.Add(silence), End{LastHeard: now})
		}},
		{name: "the machine slept", stop: time.Hour, lose: func(m *Machine, _ *Channel, now time.Time) {
			m.Ended(now, End{LastHeard: now.Round(0)})
		}},
		{name: "the service takes the channel away", stop: time.Hour, lose: func(m *Machine, ch *Channel, now time.Time) {
			m.Refused(now, ch, Internal, errors.New("no"), true, 0)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, now := newTestMachine()
			ch := NewChannel("a", false)
			m.Hold(ch)
			m.Poll(now, Signs{})
			m.Confirmed(now, ch, Internal)
			for range 10 {
				now = now.Add(lookEvery)
				m.Poll(now, Signs{Silence: time.Second, WallSilence: time.Second})
			}
			tt.lose(m, ch, now.Add(tt.stop)) // it stands still from now on
			if ch.loss == nil {
				t.Fatal("no loss")
			}
			if late := ch.loss.Since.Sub(now); late > 0 {
				t.Errorf("told from %s after the process stood still", late)
			}
			if early := now.Sub(ch.loss.Since); tt.stop == stood && early > 2*lookEvery {
				t.Errorf("told from %s before the process stood still", early)
			}
		})
	}
}

// A process that runs tells a loss from the last but one comparison of the clocks before the last
// byte, whatever the end was found by.
func TestALossIsToldFromALittleBefore(t *testing.T) {
	m, now := newTestMachine()
	ch := NewChannel("a", false)
	m.Hold(ch)
	m.Poll(now, Signs{})
	m.Confirmed(now, ch, Internal)
	heard := now.Add(22 * time.Second)
	for range 12 {
		now = now.Add(lookEvery)
		last := now
		if now.After(heard) {
			last = heard
		}
		m.Poll(now, Signs{Silence: now.Sub(last), WallSilence: now.Sub(last)})
	}
	m.Ended(now, End{LastHeard: heard})
	if early := heard.Sub(ch.loss.Since); early != 7*time.Second { // compared at 15 s and at 20 s
		t.Errorf("told from %s before the last byte", early)
	}
}
