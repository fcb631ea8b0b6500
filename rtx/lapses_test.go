package rtx_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A channel that leaves a stream while the link is dead already, and nobody knows it, has missed
// what was published before.
func TestWhatAChannelMissedBeforeItLeftIsTold(t *testing.T) {
	eachLeaver(t, func(l leaving) {
		l.s.HalfOpenAll()
		time.Sleep(time.Second)
		publish(l.s, "a", 2) // reaches nobody
		l.leave()
		time.Sleep(time.Second)
		l.c.Reconnect()
		expect(l.T, l.story(), "a reconnected", "b reconnected", "b:9")
	})
}

// One that left while the link was alive has missed nothing.
func TestAChannelThatLeftInTimeMissedNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		g := rtx.NewGroup(c.Channel("a"), c.Channel("b"))
		stream := opened[rtx.Message[numbered]](t, g, "n")
		publish(s, "a", 1)
		time.Sleep(time.Second)
		g.Remove(c.Channel("a"))
		s.WaitUnsubscribed("a")
		time.Sleep(time.Second)
		publish(s, "b", 2) // so the link was alive
		time.Sleep(time.Second)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "b", 3)
		expect(t, story(stream, whence), "a:1", "b:2", "b reconnected", "b:3")
	})
}

// Nor has one that left shortly before the service ended the connection: all that it had sent came.
func TestAChannelThatLeftInTimeMissedNothingOfWhatIsRestored(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		g := rtx.NewGroup(c.Channel("a"), c.Channel("b"))
		stream := opened[rtx.Message[numbered]](t, g, "n")
		other := opened[rtx.Message[numbered]](t, c.Channel("a"), "n")
		time.Sleep(time.Second)
		g.Remove(c.Channel("a"))
		time.Sleep(time.Microsecond)
		s.DropAll(testserver.Reset)
		publish(s, "a", 1)
		time.Sleep(time.Minute)
		publish(s, "b", 2)
		expect(t, story(stream, whence), "b:2")
		expect(t, story(other, whence), "a:1")
	}, testserver.WithRecovery(time.Minute))
}

// leavers are the streams that can leave a channel and go on: a group's, and one of the whole client
// when the last hold of the channel is released.
var leavers = map[string]func(t *testing.T, c *rtx.Client) (stream *rtx.Stream[rtx.Message[numbered]], leave func()){
	"group": func(t *testing.T, c *rtx.Client) (*rtx.Stream[rtx.Message[numbered]], func()) {
		g := rtx.NewGroup(c.Channel("a"), c.Channel("b"))
		return opened[rtx.Message[numbered]](t, g, "n"), func() { g.Remove(c.Channel("a")) }
	},
	"client": func(t *testing.T, c *rtx.Client) (*rtx.Stream[rtx.Message[numbered]], func()) {
		held, err := c.Channel("a").Subscribe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := subscribe(t.Context(), c.Channel("b")); err != nil {
			t.Fatal(err)
		}
		return rtx.On[rtx.Message[numbered]](t.Context(), c, "n"), held.Release
	},
}

// A leaving is a scene in which a stream gets an event, and leaves the channel after an outage has
// begun.
type leaving struct {
	*testing.T
	s      *testserver.Server
	c      *rtx.Client
	stream *rtx.Stream[rtx.Message[numbered]]
	leave  func()
}

// eachLeaver plays a scene for each of leavers, up to where the outage begins.
func eachLeaver(t *testing.T, play func(l leaving), opts ...testserver.Option) {
	for name, open := range leavers {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				stream, leave := open(t, c)
				publish(s, "a", 1)
				if got := whence(next(t, stream)); got != "a:1" {
					t.Fatal(got)
				}
				play(leaving{t, s, c, stream, leave})
			}, opts...)
		})
	}
}

// cut ends the connection, and has the next attempts refused.
func (l leaving) cut(refused int) {
	l.s.RefuseNext(refused)
	l.s.DropAll(testserver.Reset)
	for l.c.State() != rtx.StateReconnecting {
		time.Sleep(time.Microsecond)
	}
}

// story lets everything come back, publishes one event more, and returns what the stream has had.
func (l leaving) story() []string {
	time.Sleep(time.Minute)
	publish(l.s, "b", 9)
	time.Sleep(time.Second)
	return story(l.stream, whence)
}

// One that leaves during an outage has missed what was published until then.
func TestAChannelThatLeftDuringAnOutageIsTold(t *testing.T) {
	eachLeaver(t, func(l leaving) {
		l.cut(1)
		publish(l.s, "a", 2) // reaches nobody
		l.leave()
		expect(l.T, l.story(), "a reconnected", "b reconnected", "b:9")
	})
}

// The same after the outage, when the channel is not confirmed yet.
func TestAChannelThatLeftBeforeItWasConfirmedAgainIsTold(t *testing.T) {
	eachLeaver(t, func(l leaving) {
		l.s.HangNext(testserver.StepSubscribe, 2)
		l.cut(0)
		l.s.WaitConnections(1)
		time.Sleep(time.Second)
		publish(l.s, "a", 2) // reaches nobody
		l.leave()
		expect(l.T, l.story(), "a reconnected", "b reconnected", "b:9")
	})
}

// What it missed of an earlier outage is missing for good, whatever becomes of the next connection.
func TestAChannelThatWasNotConfirmedBetweenTwoOutagesIsTold(t *testing.T) {
	eachLeaver(t, func(l leaving) {
		l.s.Restart(testserver.Forget)
		l.s.HangNext(testserver.StepSubscribe, 2)
		l.s.WaitConnections(1)
		time.Sleep(time.Second)
		publish(l.s, "a", 2) // reaches nobody
		l.cut(1)
		l.leave() // before the session is restored, which knows nothing of a
		expect(l.T, l.story(), "a reconnected", "b reconnected", "b:9")
	}, testserver.WithRecovery(time.Minute))
}

// A restored session sends what was missed, so there is nothing to tell if that is nothing.
func TestAChannelThatLeftBeforeARestorationMissedNothing(t *testing.T) {
	eachLeaver(t, func(l leaving) {
		l.cut(1)
		l.leave()
		expect(l.T, l.story(), "b:9")
	}, testserver.WithRecovery(time.Minute))
}

// What a restored session sends of the channel, to nobody or to others, is what the stream missed.
func TestWhatARestorationSendsAfterAChannelLeftIsTold(t *testing.T) {
	for _, others := range []bool{false, true} {
		t.Run(fmt.Sprintf("others hold it: %v", others), func(t *testing.T) {
			eachLeaver(t, func(l leaving) {
				var other *rtx.Stream[rtx.Message[numbered]]
				want := []string{"a reconnected", "b:9"}
				if others {
					other = opened[rtx.Message[numbered]](l.T, l.c.Channel("a"), "n")
					if strings.HasSuffix(l.Name(), "/client") {
						want = []string{"a:2", "b:9"} // it has not left the channel
					}
				}
				l.cut(1)
				publish(l.s, "a", 2)
				l.leave()
				expect(l.T, l.story(), want...)
				if others {
					expect(l.T, story(other, whence), "a:2")
				}
			}, testserver.WithRecovery(time.Minute))
		})
	}
}

// One that comes back in time gets all that the restored session sends.
func TestAChannelThatLeftAndCameBackBeforeARestorationMissedNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		g := rtx.NewGroup(c.Channel("a"), c.Channel("b"))
		stream := opened[rtx.Message[numbered]](t, g, "n")
		s.RefuseNext(1)
		s.DropAll(testserver.Reset)
		for c.State() != rtx.StateReconnecting {
			time.Sleep(time.Microsecond)
		}
		publish(s, "a", 1)
		g.Remove(c.Channel("a"))
		if err := g.Add(c.Channel("a")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		expect(t, story(stream, whence), "a:1")
	}, testserver.WithRecovery(time.Minute))
}

// A channel that is unsubscribed during an outage was missing since that began, and the gap that
// says so begins there.
func TestAChannelThatIsUnsubscribedDuringAnOutageWasMissingBefore(t *testing.T) {
	eachLeaver(t, func(l leaving) {
		began := time.Now()
		l.cut(1)
		publish(l.s, "a", 2) // reaches nobody
		time.Sleep(100 * time.Microsecond)
		if err := l.c.ForceUnsubscribe("a"); err != nil {
			l.Fatal(err)
		}
		select {
		case <-l.stream.Lost:
		default:
			l.Fatal("no gap")
		}
		for g := range l.stream.Gaps() {
			if !g.Ended || g.Channel != "a" || g.Since.After(began) {
				l.Errorf("%v", g)
			}
		}
	})
}

// The same where the link is dead and nobody knows it: that is told when it is known.
func TestAChannelThatIsUnsubscribedOverADeadLinkWasMissingBefore(t *testing.T) {
	eachLeaver(t, func(l leaving) {
		l.s.HalfOpenAll()
		time.Sleep(time.Second)
		publish(l.s, "a", 2) // reaches nobody
		if err := l.c.ForceUnsubscribe("a"); err != nil {
			l.Fatal(err)
		}
		time.Sleep(time.Second)
		l.c.Reconnect()
		expect(l.T, l.story(), "a reconnected", "b reconnected", "b:9")
	})
}

// A channel that is held and released again and again during an outage is remembered once.
func TestAChannelThatLeavesOftenIsRememberedOnce(t *testing.T) {
	eachLeaver(t, func(l leaving) {
		l.s.RefuseNext(1)
		l.s.DropAll(testserver.Reset)
		for l.c.State() != rtx.StateReconnecting {
			time.Sleep(time.Microsecond)
		}
		l.leave()
		for range 1000 {
			rtx.On[numbered](l.Context(), l.c.Channel("a"), "n").Close()
		}
		if n := rtx.TablesOf(l.c)["late leavers"]; n == 0 || n > 65 {
			l.Errorf("%d late leavers", n)
		}
		expect(l.T, l.story(), "a reconnected", "b reconnected", "b:9")
	})
}
