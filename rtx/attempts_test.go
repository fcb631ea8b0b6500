package rtx

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestEachConnectMakesOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.dial = unreachable
		states := s.c.States(t.Context())
		for n := 1; n <= 3; n++ {
			var failed *DialError
			if err := s.c.Connect(t.Context()); !errors.As(err, &failed) || failed.Step != StepDial || !failed.Retryable {
				t.Errorf("got %#v", err)
			}
			if s.count() != n || time.Since(s.start) != 0 {
				t.Errorf("%d attempts after %v, want %d", s.count(), time.Since(s.start), n)
			}
		}
		all := story(states)
		if got, want := phrase(all), "idle connecting idle connecting idle connecting idle"; got != want {
			t.Errorf("states %s, want %s", got, want)
		}
		for _, st := range all {
			if st.State == StateConnecting && st.Attempt != 1 {
				t.Errorf("attempt %d", st.Attempt)
			}
		}
		if err := s.c.Close(); err != nil || s.c.Err() != nil {
			t.Errorf("Close %v, Err %v", err, s.c.Err())
		}
		if err := s.c.Connect(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// A session whose socket id is not settled is no success: its end is the error of Connect.
func TestUpIsNotEstablished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.dial = func(_ context.Context, _ int, sess *scriptedSession) error {
			sess.greets = false
			time.AfterFunc(time.Second/2, func() { sess.end(transport.ErrServerDisconnect) })
			return nil
		}
		states := s.c.States(t.Context())
		if err := s.c.Connect(t.Context()); !errors.Is(err, ErrServerDisconnect) {
			t.Errorf("err = %v", err)
		}
		if got := phrase(story(states)); got != "idle connecting idle" {
			t.Errorf("states %s", got)
		}
	})
}

// Calls share an attempt, and one that gives up takes it from nobody: not from the machine, not
// from what is shown.
func TestOneOfSeveralConnectsGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.dial = func(context.Context, int, *scriptedSession) error { time.Sleep(3 * time.Second); return nil }
		states := s.c.States(t.Context())
		results := make(chan error, 4)
		for range 4 {
			go func() { results <- s.c.Connect(t.Context()) }()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var interrupted *InterruptedError
		err := s.c.Connect(ctx)
		if !errors.As(err, &interrupted) || !errors.Is(err, context.DeadlineExceeded) || interrupted.Last != nil {
			t.Errorf("err = %v", err)
		}
		if d := time.Since(s.start); d != time.Second {
			t.Errorf("gave up after %v", d)
		}
		if st := s.c.State(); st != StateConnecting {
			t.Errorf("state %v while others wait", st)
		}
		for range 4 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if err := s.c.Connect(t.Context()); err != nil {
			t.Error(err)
		}
		if got := phrase(story(states)); got != "idle connecting connected" || s.count() != 1 {
			t.Errorf("states %s, %d attempts", got, s.count())
		}
	})
}

// A Connect that gives up as the last takes its attempt with it, waits for that, and leaves a
// client that can be used.
func TestAbandonedConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t, WithConnectRetry())
		s.dial = func(ctx context.Context, n int, _ *scriptedSession) error {
			if n > 1 {
				return nil
			}
			<-ctx.Done()
			time.Sleep(time.Second) // what Dial needs to leave nothing behind
			return &transport.HandshakeError{Step: "open", Code: -1, Err: context.Cause(ctx)}
		}
		states := s.c.States(t.Context())
		why := errors.New("no more time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, why)
		defer cancel()
		if err := s.c.Connect(ctx); !errors.Is(err, why) || time.Since(s.start) != 6*time.Second {
			t.Errorf("%v after %v", err, time.Since(s.start))
		}
		if err := s.c.Connect(ctx); !errors.Is(err, why) || s.count() != 1 {
			t.Errorf("with an ended context: %v, and %d attempts", err, s.count())
		}
		if err := s.c.Connect(t.Context()); err != nil {
			t.Error(err)
		}
		if got := phrase(story(states)); got != "idle connecting idle connecting connected" || s.count() != 2 {
			t.Errorf("states %s, %d attempts", got, s.count())
		}
	})
}

// One that gives up while the session is up takes it with it.
func TestAbandonedWhileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.dial = func(_ context.Context, _ int, sess *scriptedSession) error {
			sess.greets, sess.closeTime = false, time.Second
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if err := s.c.Connect(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(s.start) != 1500*time.Millisecond {
			t.Errorf("%v after %v, want the context's end and the time to close", err, time.Since(s.start))
		}
		if err := s.session().cause(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closed with %v", err)
		}
		time.Sleep(time.Hour)
		if st := s.c.State(); st != StateIdle || s.count() != 1 {
			t.Errorf("state %v, %d attempts", st, s.count())
		}
	})
}

// Whoever comes while an attempt that was given up ends gets one of his own, or that session if it
// comes to be after all.
func TestConnectWhileAnotherIsAbandoned(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprint("late success ", late), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t)
				s.dial = func(ctx context.Context, n int, _ *scriptedSession) error {
					if n > 1 {
						return nil
					}
					<-ctx.Done()
					time.Sleep(2 * time.Second)
					if late {
						return nil
					}
					return errNoRoute
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				first := make(chan error, 1)
				go func() { first <- s.c.Connect(ctx) }()
				time.Sleep(2 * time.Second)
				if err := s.c.Connect(t.Context()); err != nil {
					t.Errorf("the second: %v", err)
				}
				if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the first: %v", err)
				}
				time.Sleep(time.Minute)
				if st := s.c.State(); st != StateConnected {
					t.Errorf("state %v", st)
				}
			})
		})
	}
}

func TestContextOfConnectEndsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		ctx, cancel := context.WithCancel(t.Context())
		if err := s.c.Connect(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(30 * time.Second)
		if s.c.State() != StateConnected || s.session().cause() != nil || s.count() != 1 {
			t.Errorf("state %v, closed with %v, %d attempts", s.c.State(), s.session().cause(), s.count())
		}
	})
}

func TestRefusedAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t, WithConnectRetry())
		s.dial = func(context.Context, int, *scriptedSession) error {
			return &transport.ConnectError{Message: "Invalid API key", Code: 4001}
		}
		states := s.c.States(t.Context())
		err := s.c.Connect(t.Context())
		var refused *ConnectError
		if !errors.As(err, &refused) || refused.Code != 4001 || !refused.Final {
			t.Fatalf("err = %v", err)
		}
		<-s.c.Done()
		if s.c.Err() != err {
			t.Errorf("Err = %v", s.c.Err())
		}
		if again := s.c.Connect(t.Context()); again != err || s.count() != 1 {
			t.Errorf("again: %v, with %d attempts", again, s.count())
		}
		if got := phrase(story(states)); got != "idle connecting failed" {
			t.Errorf("states %s: idle means that Connect may be called again", got)
		}
		_ = s.c.Close()
		if s.c.Err() != err {
			t.Errorf("Err after Close = %v", s.c.Err())
		}
	})
}

// A refusal after a success is retried, but never faster than the slowest pace, and Connect waits
// for the outcome.
func TestRefusedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.dial = func(_ context.Context, n int, _ *scriptedSession) error {
			if n == 1 || n == 8 {
				return nil
			}
			return &transport.ConnectError{Message: "Invalid API key", Code: 4001}
		}
		states := s.c.States(t.Context())
		s.connect().end(transport.ErrServerDisconnect)
		synctest.Wait()
		if err := s.c.Connect(t.Context()); err != nil {
			t.Errorf("Connect while down: %v", err)
		}
		if s.count() != 8 {
			t.Errorf("%d attempts", s.count())
		}
		refusals := 0
		for _, st := range story(states) {
			if _, ok := errors.AsType[*ConnectError](st.Err); !ok {
				continue
			}
			if refusals++; st.State != StateReconnecting || st.Delay < 15*time.Second || st.Delay > 30*time.Second {
				t.Errorf("%v in %v, want reconnecting in 15 s to 30 s", st.State, st.Delay)
			}
		}
		if refusals != 6 {
			t.Errorf("%d refusals were told", refusals)
		}
	})
}

// Whatever ends a session, the next one follows at once, and only after it.
func TestSessionsFollowOneAnother(t *testing.T) {
	ends := map[string]struct {
		by error
		is func(error) bool
	}{
		"41":          {transport.ErrServerDisconnect, func(err error) bool { return errors.Is(err, ErrServerDisconnect) }},
		"1":           {transport.ErrServerClose, func(err error) bool { return errors.Is(err, ErrServerDisconnect) }},
		"close frame": {&transport.CloseError{Code: 1001, Reason: "restart"}, is[*CloseError]},
		"cut":         {&transport.LostError{Err: errors.New("reset")}, is[*LostError]},
		"bad frame":   {&transport.ProtocolError{Fault: "x"}, func(err error) bool { return errors.Is(err, ErrProtocol) }},
	}
	for name, e := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t)
				s.dial = func(_ context.Context, _ int, sess *scriptedSession) error {
					sess.set(func() { sess.closeTime = 100 * time.Millisecond })
					return nil
				}
				states := s.c.States(t.Context())
				s.connect()
				for range 5 {
					time.Sleep(20 * time.Second)
					s.session().end(e.by)
					time.Sleep(time.Second)
				}
				all := story(states)
				var want strings.Builder
				want.WriteString("idle connecting connected")
				for range 5 {
					want.WriteString(" reconnecting connected")
				}
				if got := phrase(all); got != want.String() || s.count() != 6 {
					t.Errorf("states %s, %d attempts", got, s.count())
				}
				for _, st := range all {
					if st.State != StateReconnecting {
						continue
					}
					if st.Attempt != 1 || st.Delay < 0 || st.Delay > 250*time.Millisecond || !e.is(st.Err) {
						t.Errorf("got %+v", st)
					}
				}
			})
		})
	}
}

func is[E error](err error) bool { return errors.As(err, new(E)) }

// Reconnect makes an attempt at once, whatever is under way, and counts as no failure.
func TestReconnectInEachPhase(t *testing.T) {
	forever := func(ctx context.Context) error {
		<-ctx.Done()
		return &transport.HandshakeError{Step: "open", Code: -1, Err: context.Cause(ctx)}
	}
	t.Run("idle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t)
			s.c.Reconnect()
			time.Sleep(time.Minute)
			if s.count() != 0 || s.c.State() != StateIdle {
				t.Errorf("%d attempts, state %v", s.count(), s.c.State())
			}
		})
	})
	t.Run("dialing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t)
			s.dial = func(ctx context.Context, n int, _ *scriptedSession) error {
				if n == 1 {
					return forever(ctx)
				}
				return nil
			}
			time.AfterFunc(5*time.Second, s.c.Reconnect)
			if err := s.c.Connect(t.Context()); err != nil || time.Since(s.start) != 5*time.Second || s.count() != 2 {
				t.Errorf("%v after %v, %d attempts", err, time.Since(s.start), s.count())
			}
		})
	})
	t.Run("up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t)
			s.dial = func(_ context.Context, n int, sess *scriptedSession) error {
				sess.greets = n > 1
				return nil
			}
			time.AfterFunc(time.Second/2, s.c.Reconnect)
			if err := s.c.Connect(t.Context()); err != nil || time.Since(s.start) != time.Second/2 || s.count() != 2 {
				t.Errorf("%v after %v, %d attempts", err, time.Since(s.start), s.count())
			}
		})
	})
	t.Run("connected", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t)
			s.connect()
			for n := 2; n <= 4; n++ {
				time.Sleep(time.Second)
				old := s.session()
				s.c.Reconnect()
				synctest.Wait()
				// Not ErrClosed: by the DISCONNECT of that the service would forget the session.
				if !errors.Is(old.cause(), transport.ErrReconnect) {
					t.Errorf("closed with %v", old.cause())
				}
				if s.count() != n || s.c.State() != StateConnected {
					t.Errorf("%d attempts, want %d at once; state %v", s.count(), n, s.c.State())
				}
			}
		})
	})
	t.Run("waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t, WithConnectRetry(), WithBackoff(100*time.Hour, 100*time.Hour))
			s.dial = func(_ context.Context, n int, _ *scriptedSession) error {
				if n == 1 {
					return errNoRoute
				}
				return nil
			}
			time.AfterFunc(time.Millisecond, s.c.Reconnect)
			if err := s.c.Connect(t.Context()); err != nil || time.Since(s.start) != time.Millisecond {
				t.Errorf("%v after %v", err, time.Since(s.start))
			}
		})
	})
	t.Run("closed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t)
			s.connect()
			_ = s.c.Close()
			s.c.Reconnect()
			time.Sleep(time.Minute)
			if s.count() != 1 || s.c.State() != StateClosed {
				t.Errorf("%d attempts, state %v", s.count(), s.c.State())
			}
		})
	})
}
