package rtx_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// Within the leave grace a channel is held again with no traffic and no wait. It is left when the
// grace is over, which begins anew with each release.
func TestLeaveGrace(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		const grace = 10 * time.Second
		c := connect(t, s, rtx.WithLeaveGrace(grace))
		ch := c.Channel("a")
		for range 5 {
			stream := rtx.On[numbered](t.Context(), ch, "n")
			if err := stream.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			stream.Close()
			if ch.State() != rtx.ChannelUnsubscribed {
				t.Errorf("%v though nothing holds it", ch.State())
			}
			time.Sleep(grace - time.Nanosecond)
		}
		asked, left := s.ReceivedOn(testserver.KindSubscribe, "a"), s.ReceivedOn(testserver.KindUnsubscribe, "a")
		if len(asked) != 1 || len(left) != 0 {
			t.Errorf("asked for %d times and left %d times within the grace", len(asked), len(left))
		}
		again := rtx.On[numbered](t.Context(), ch, "n")
		if ch.State() != rtx.ChannelSubscribed {
			t.Errorf("%v: there is a wait", ch.State())
		}
		publish(s, "a", 1)
		if got := outline(again); got != "1" {
			t.Errorf("got %s", got)
		}
		again.Close()
		released := time.Now()
		time.Sleep(grace)
		synctest.Wait()
		left = s.ReceivedOn(testserver.KindUnsubscribe, "a")
		if len(left) != 1 || left[0].At.Sub(released) != grace {
			t.Errorf("left %+v after %v", left, left[0].At.Sub(released))
		}
	})
}

// Unsubscribe leaves at once, whatever is held of the grace: nothing holds the channel, or a room
// asked for it once more.
func TestUnsubscribeWithinTheLeaveGrace(t *testing.T) {
	for name, before := range map[string]func(*testing.T, *testserver.Server, *rtx.Client){
		"released": func(t *testing.T, _ *testserver.Server, c *rtx.Client) {
			opened[numbered](t, c.Channel("a"), "n").Close()
		},
		"released before it was confirmed": func(t *testing.T, s *testserver.Server, c *rtx.Client) {
			s.HangNext(testserver.StepSubscribe, 1)
			stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
			synctest.Wait()
			stream.Close()
		},
		"released while it is asked for once more": func(t *testing.T, s *testserver.Server, c *rtx.Client) {
			stream := opened[numbered](t, c.Channel("a"), "n")
			s.HangNext(testserver.StepSubscribe, 1)
			s.DropAll(testserver.Reset)
			time.Sleep(time.Second)
			stream.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s, rtx.WithLeaveGrace(time.Hour))
				before(t, s, c)
				synctest.Wait()
				if n := len(s.ReceivedOn(testserver.KindUnsubscribe, "a")); n != 0 {
					t.Fatalf("left %d times within the grace", n)
				}
				if err := c.ForceUnsubscribe("a"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if n := len(s.ReceivedOn(testserver.KindUnsubscribe, "a")); n != 1 {
					t.Errorf("left %d times after Unsubscribe", n)
				}
				opened[numbered](t, c.Channel("a"), "n")
			}, testserver.WithRecovery(time.Minute))
		})
	}
}

// The same during an outage after which the service restores the session.
func TestUnsubscribeBeforeARestorationWithLeaveGrace(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, rtx.WithLeaveGrace(time.Hour))
		other := opened[numbered](t, c.Channel("b"), "n")
		opened[numbered](t, c.Channel("a"), "n")
		s.DropAll(testserver.Reset)
		synctest.Wait()
		if err := c.ForceUnsubscribe("a"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := other.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		for g := range other.Gaps() {
			t.Errorf("the session was not restored: %v", g)
		}
		asked, left := s.ReceivedOn(testserver.KindSubscribe, "a"), s.ReceivedOn(testserver.KindUnsubscribe, "a")
		if len(asked) != 1 || len(left) != 1 {
			t.Errorf("asked for %d times and left %d times", len(asked), len(left))
		}
	}, testserver.WithRecovery(time.Hour))
}
