package rtx

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// linkTimeout is that of scripted sessions: how long nothing may come.
const linkTimeout = 45 * time.Second

func TestPongAtEachPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		sess := s.connect()
		for n := range 50 {
			time.Sleep(25 * time.Second)
			sess.ping()
			synctest.Wait()
			if at := sess.pongTimes(); len(at) != n+1 || !at[n].Equal(time.Now()) {
				t.Fatalf("pongs at %v, want the last one at once", at)
			}
		}
		if s.count() != 1 {
			t.Errorf("%d attempts", s.count())
		}
	})
}

// A pong goes out before whatever else is due, and is not kept up by what there is to write.
func TestPongComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		sess := s.connect()
		sess.ping()
		_ = On[int](t.Context(), s.c.Channel("a"), "n")
		synctest.Wait()
		if len(sess.pongTimes()) != 1 || len(sess.packets(`2["realtimex:subscribe"`)) != 1 {
			t.Errorf("%d pongs, sent %v", len(sess.pongTimes()), sess.packets(""))
		}
	})
}

// The link is dead exactly its limit after the last sign of life.
func TestDeadLink(t *testing.T) {
	for _, last := range []time.Duration{0, 7 * time.Second, 44_999 * time.Millisecond} {
		t.Run(fmt.Sprint(last), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t)
				sess := s.connect()
				states := s.c.States(t.Context())
				time.Sleep(last)
				sess.heard()
				time.Sleep(linkTimeout - time.Nanosecond)
				synctest.Wait()
				if got := phrase(story(states)); got != "connected" {
					t.Fatalf("states %s: too early", got)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				var dead *LostError
				if st := <-states.C; st.State != StateReconnecting || !errors.As(st.Err, &dead) || !errors.Is(st.Err, ErrLinkDead) ||
					dead.Silence != linkTimeout || st.At.Sub(s.start) != last+linkTimeout {
					t.Errorf("got %+v after %v", st, st.At.Sub(s.start))
				}
				var cause *transport.DeadLinkError // which the session cuts at once, without a close frame
				if !errors.As(sess.cause(), &cause) || cause.Slept || cause.Silence != linkTimeout {
					t.Errorf("closed with %v", sess.cause())
				}
			})
		})
	}
}

// A machine that slept has a wall clock far ahead of the monotonic one. The next look at the
// clocks, after 15 s here, finds it.
func TestDeadAfterSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.c.wall = func() time.Time {
			now := time.Now()
			if now.Sub(s.start) >= 12*time.Second && s.count() == 1 {
				now = now.Add(time.Hour)
			}
			return now
		}
		sess := s.connect()
		states := s.c.States(t.Context())
		<-states.C
		time.Sleep(20 * time.Second)
		st := <-states.C
		var dead *LostError
		var slept *core.DeadLinkError
		if !errors.As(st.Err, &dead) || dead.Silence != time.Hour+15*time.Second || !errors.As(st.Err, &slept) || !slept.Slept {
			t.Errorf("got %+v", st)
		}
		if at := st.At.Sub(s.start); at != 15*time.Second {
			t.Errorf("told after %v, want 15s", at)
		}
		var cause *transport.DeadLinkError
		if !errors.As(sess.cause(), &cause) || !cause.Slept {
			t.Errorf("closed with %v", sess.cause())
		}
		if s.count() != 2 || s.c.State() != StateConnected {
			t.Errorf("%d attempts, state %v", s.count(), s.c.State())
		}
	})
}

// A clock that is corrected, however far back, or a little forward, is nothing.
func TestClockCorrectionIsHarmless(t *testing.T) {
	for _, by := range []time.Duration{-3 * time.Hour, 20 * time.Second} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t)
				s.c.wall = func() time.Time { return time.Now().Add(by) }
				sess := s.connect()
				for range 100 {
					time.Sleep(24 * time.Second)
					sess.ping()
				}
				if s.count() != 1 || sess.cause() != nil {
					t.Errorf("%d attempts, closed with %v", s.count(), sess.cause())
				}
			})
		})
	}
}

// A service that reads nothing while the client has something to write: the write's own time limit
// finds it before the silence does, and the channel that was to be subscribed comes with the next
// session.
func TestHalfOpenWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.dial = func(_ context.Context, n int, sess *scriptedSession) error {
			if n == 1 {
				sess.writeTime, sess.writeErr = 10*time.Second, transport.ErrWriteTimeout
			}
			return nil
		}
		sess := s.connect()
		states := s.c.States(t.Context())
		<-states.C
		time.Sleep(3 * time.Second)
		stream := On[int](t.Context(), s.c.Channel("a"), "n")
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		st := <-states.C
		if at := st.At.Sub(s.start); !errors.Is(st.Err, transport.ErrWriteTimeout) || at != 13*time.Second {
			t.Errorf("got %+v after %v, want it after 3s and the 10s of the write", st, at)
		}
		if !errors.Is(sess.cause(), transport.ErrWriteTimeout) {
			t.Errorf("closed with %v", sess.cause())
		}
	})
	t.Run("pong", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t)
			s.dial = func(_ context.Context, n int, sess *scriptedSession) error {
				if n == 1 {
					sess.writeTime, sess.writeErr = 10*time.Second, transport.ErrWriteTimeout
				}
				return nil
			}
			sess := s.connect()
			sess.ping()
			time.Sleep(11 * time.Second)
			if s.count() != 2 || s.c.State() != StateConnected {
				t.Errorf("%d attempts, state %v", s.count(), s.c.State())
			}
		})
	})
}

// Pings that come while no pong can be written are answered by one, and events go on meanwhile.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		sess := s.connect()
		stream := On[int](t.Context(), s.c.Channel("a"), "n")
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		sess.set(func() { sess.writeTime = 3 * time.Second })
		start := time.Now()
		for range 10_000 {
			sess.ping()
		}
		sess.publish("a", "n", "1")
		if v := <-stream.C; v != 1 || time.Since(start) != 0 {
			t.Errorf("got %d after %v", v, time.Since(start))
		}
		time.Sleep(time.Minute / 2)
		if n := len(sess.pongTimes()); n < 1 || n > 2 || s.count() != 1 {
			t.Errorf("%d pongs, %d attempts", n, s.count())
		}
	})
}

// A connected client has two goroutines, however much hangs on it; one that waits for its next
// attempt has one; one that nobody uses, or that is closed, has none.
func TestGoroutinesOfAClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		count := func(what string, want int) {
			t.Helper()
			synctest.Wait()
			if g := goroutines(); len(g) != want {
				t.Errorf("%s: %d goroutines, want %d:\n%s", what, len(g), want, g)
			}
		}
		count("unused", 0)
		sess := s.connect()
		count("connected", 2)
		var streams []*Stream[int]
		for i := range 100 {
			streams = append(streams, On[int](t.Context(), s.c.Channel(fmt.Sprint("c", i)), "n"))
			_ = s.c.States(t.Context())
		}
		count("with a hundred streams", 2)
		sess.ping()
		if _, err := s.c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		count("after pings", 2)
		s.dial = unreachable
		sess.end(transport.ErrServerClose)
		time.Sleep(time.Minute)
		count("waiting for the next attempt", 1)
		s.dial = nil
		s.c.Reconnect()
		count("connected again", 2)
		for _, stream := range streams {
			stream.Close()
		}
		count("without a stream", 2)
		_ = s.c.Close()
		count("closed", 0)
	})
	t.Run("not wanted any more", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t)
			s.dial = unreachable
			_ = s.c.Connect(t.Context())
			synctest.Wait()
			if g := goroutines(); len(g) != 0 {
				t.Errorf("%d goroutines of an idle client", len(g))
			}
		})
	})
}
