package rtx_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// Calls with a context that has ended leave nothing behind: each later one gets its own answer, and
// none is refused.
func TestPingAfterEndedContexts(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		why := errors.New("too late")
		for range 200 {
			if _, err := c.Ping(canceled(why)); !errors.Is(err, why) {
				t.Fatalf("got %v", err)
			}
		}
		s.SetLink(testserver.Link{Latency: 70 * time.Millisecond})
		for range 3 {
			if d, err := c.Ping(t.Context()); err != nil || d != 70*time.Millisecond {
				t.Errorf("got %v, %v", d, err)
			}
		}
	})
}

// 64 may wait behind the one that is under way. Each of them gets an answer of its own, once there
// are any.
func TestPingsThatWait(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		s.SetPong(false)
		ctx, giveUp := context.WithCancel(t.Context())
		given := make(chan error, 1)
		go func() { _, err := c.Ping(ctx); given <- err }()
		synctest.Wait()
		results := make(chan error, 64)
		for range 64 {
			go func() { _, err := c.Ping(t.Context()); results <- err }()
		}
		synctest.Wait()
		if _, err := c.Ping(t.Context()); !errors.Is(err, rtx.ErrPingsUnanswered) {
			t.Errorf("the 66th: %v", err)
		}
		giveUp()
		var wait *rtx.WaitError
		if err := <-given; !errors.As(err, &wait) || !errors.Is(err, context.Canceled) {
			t.Errorf("the one that was given up: %v", err)
		}
		s.SetPong(true)
		start := time.Now()
		for range 64 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("the others waited for %v, want the service's ping timeout at most", d)
		}
		if n := len(receivedPings(s)); n != 65 {
			t.Errorf("%d pings were sent", n)
		}
	})
}

func receivedPings(s *testserver.Server) (pings []testserver.Received) {
	for _, r := range s.Received() {
		if r.Kind == testserver.KindPing {
			pings = append(pings, r)
		}
	}
	return pings
}

// One answer that never comes breaks no later ping, and costs the next one the ping timeout at
// most.
func TestMissingPong(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		for range 5 {
			s.SetPong(false)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
			s.SetPong(true)
			start := time.Now()
			if d, err := c.Ping(t.Context()); err != nil || d != 0 {
				t.Errorf("the next: %v, %v", d, err)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("it waited for %v", d)
			}
		}
		if n := s.Stats().Connects; n != 1 {
			t.Errorf("%d connects", n)
		}
	})
}

// An answer that comes after its caller gave up is not taken for that of the next one.
func TestLatePong(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		s.SetLink(testserver.Link{Latency: 5 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if d, err := c.Ping(t.Context()); err != nil || d != 5*time.Second {
			t.Errorf("the next took %v, %v; its own answer needs 5s", d, err)
		}
	})
}
