package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A channel that was confirmed before, and is refused later with a code that can be retried, is
// asked for again while it is held: its stream goes on, with one gap.
func TestRetryableRefusalEndsNoStream(t *testing.T) {
	for _, code := range []int{429, 503, 4100, 4150, 4200, 4299} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				stream := opened[numbered](t, c.Channel("a"), "n")
				whole := rtx.On[numbered](t.Context(), c, "n")
				publish(s, "a", 1)
				s.DenyNext("a", 4, "busy", code)
				s.DropAll(testserver.Reset)
				time.Sleep(time.Millisecond)
				if err := stream.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				publish(s, "a", 2)
				for _, got := range []string{outline(stream), outline(whole)} {
					if got != "1 reconnected 2" {
						t.Errorf("got %s", got)
					}
				}
				asked := s.ReceivedOn(testserver.KindSubscribe, "a")
				if len(asked) != 6 {
					t.Fatalf("asked %d times", len(asked))
				}
				for i, bound := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second} {
					if d := asked[i+2].At.Sub(asked[i+1].At); d > bound {
						t.Errorf("the %d. delay is %v, beyond %v", i+1, d, bound)
					}
				}
			})
		})
	}
}

// The first time, too, such a refusal is no verdict; one that can't pass is, at once.
func TestFirstRefusalOfAChannel(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		s.DenyNext("a", 2, "busy", 4150)
		if _, err := c.Channel("a").Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.DenyNext("b", 1, "not for you", 4009)
		var refused *rtx.SubscribeError
		if _, err := c.Channel("b").Subscribe(t.Context()); !errors.As(err, &refused) || refused.Code != 4009 {
			t.Errorf("got %v", err)
		}
		if n := len(s.ReceivedOn(testserver.KindSubscribe, "b")); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// Nothing is asked for any more once nothing holds the channel.
func TestRefusedChannelIsNotAskedForOnceReleased(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		s.Deny("a", "busy", 503)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if _, err := c.Channel("a").Subscribe(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		n := len(s.ReceivedOn(testserver.KindSubscribe, "a"))
		if n < 20 || n > 100 {
			t.Errorf("asked %d times in ten minutes, want every 15 s or so", n)
		}
		time.Sleep(10 * time.Minute)
		if again := len(s.ReceivedOn(testserver.KindSubscribe, "a")); again != n {
			t.Errorf("asked %d times more", again-n)
		}
	})
}

// A channel that was confirmed before, and gets no answer after a reconnection, waits on: the
// connection lives, and in a storm of reconnections a service answers late.
func TestUnansweredAfterAReconnectionEndsNoStream(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		s.HangNext(testserver.StepSubscribe, 7)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		if err := stream.Ready(ctx); !errors.Is(err, rtx.ErrSubscribeTimeout) {
			t.Errorf("Ready meanwhile: %v", err)
		}
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", 2)
		if got := outline(stream); got != "1 reconnected 2" {
			t.Errorf("got %s", got)
		}
		if n := s.Stats().Connects; n != 2 {
			t.Errorf("%d connects", n)
		}
	})
}
