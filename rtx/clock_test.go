package rtx

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
)

// jumping is a wall clock that is ahead of the synctest clock by what was set.
type jumping struct{ ahead atomic.Int64 }

func (j *jumping) now() time.Time          { return time.Now().Add(time.Duration(j.ahead.Load())) }
func (j *jumping) set(ahead time.Duration) { j.ahead.Store(int64(ahead)) }

// pingOn pings a session every 20 s, for d.
func pingOn(s *scripted, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(20 * time.Second)
		s.session().ping()
	}
}

// A wall clock that is set back, by however much, ends nothing. One that is set forward past the
// link timeout looks like a sleep for as long as nothing has come since: it costs one reconnection,
// and none after it.
func TestClockJumps(t *testing.T) {
	for name, tt := range map[string]struct {
		jumps []time.Duration // the clock's lead, one after the other, each for 10 minutes
		dials int
	}{
		"back and forth":       {[]time.Duration{-2 * time.Hour, 0, -24 * time.Hour, 0}, 1},
		"by less than a limit": {[]time.Duration{20 * time.Second, 0, 20 * time.Second}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t)
				clock := new(jumping)
				s.c.wall = clock.now
				s.connect()
				for _, ahead := range tt.jumps {
					clock.set(ahead)
					pingOn(s, 10*time.Minute)
				}
				if s.count() != tt.dials || s.c.State() != StateConnected {
					t.Errorf("%d connections, %v; want %d", s.count(), s.c.State(), tt.dials)
				}
			})
		})
	}
}

// Each sleep costs one reconnection, at the next look at the clocks, and the times in between none.
func TestSleepsOfADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		// What a session heard has the wall clock's time: it is ahead from the next session on.
		clock := new(jumping)
		s.c.wall = clock.now
		s.dial = func(context.Context, int, *scriptedSession) error { clock.set(0); return nil }
		s.connect()
		states := s.c.States(t.Context())
		<-states.C
		for day := 1; day <= 3; day++ {
			pingOn(s, 8*time.Hour)
			if s.count() != day {
				t.Fatalf("day %d: %d connections", day, s.count())
			}
			clock.set(16 * time.Hour)
			start := time.Now()
			st := <-states.C
			var slept *core.DeadLinkError
			if st.State != StateReconnecting || !errors.Is(st.Err, ErrLinkDead) || !errors.As(st.Err, &slept) || !slept.Slept {
				t.Errorf("day %d: %+v", day, st)
			}
			if took := st.At.Sub(start); took > 5*time.Second {
				t.Errorf("day %d: found %v after it woke", day, took)
			}
			if st := <-states.C; st.State != StateConnected {
				t.Errorf("day %d: %+v", day, st)
			}
		}
	})
}

// A machine that sleeps while the client waits to try again, or in the middle of an attempt, goes on
// where it was: the timers stand with the monotonic clock.
func TestSleepWhileConnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t, WithBackoff(time.Second, 30*time.Second), WithConnectRetry())
		clock := new(jumping)
		s.c.wall = clock.now
		var up atomic.Bool
		s.dial = func(context.Context, int, *scriptedSession) error {
			if clock.ahead.Load() == 0 {
				time.Sleep(3 * time.Second)
				clock.set(16 * time.Hour) // asleep in the middle of it
				return errNoRoute
			}
			if !up.Load() {
				return errNoRoute // the network is not back yet
			}
			clock.set(0)
			return nil
		}
		done := make(chan error, 1)
		go func() { done <- s.c.Connect(t.Context()) }()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if s.c.State() != StateConnecting || len(done) != 0 {
			t.Fatalf("%v", s.c.State())
		}
		up.Store(true)
		start := time.Now()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("back %v after the network", took)
		}
	})
}
