package simulation

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// Faults that the simulation has found, each as the shortest schedule that shows it. The seed is
// the one that did.

// scenario runs f in a bubble with a service that can recover and a connected client whose backend
// signs.
func scenario(t *testing.T, f func(t *testing.T, s *testserver.Server, c *rtx.Client), opts ...testserver.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := testserver.NewPipeServer(t, opts...)
		c, err := rtx.New(s.Key(), rtx.WithURL(s.URL()), rtx.WithHTTPClient(s.HTTPClient()),
			rtx.WithAuth(auth.Endpoint(s.AuthEndpoint(), auth.WithHTTPClient(s.HTTPClient()), auth.WithPlainHTTP())))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = c.Close()
			s.Close()
			time.Sleep(time.Minute) // close timers
		}()
		f(t, s, c)
	})
}

// ready opens a stream of the channel's "e" and waits for it.
func ready(t *testing.T, c *rtx.Client, channel string) *rtx.Stream[ledger.Value] {
	t.Helper()
	s := rtx.On[ledger.Value](t.Context(), c.Channel(channel), "e")
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// has returns what the stream has by now, as "1 gap 3".
func has(s *rtx.Stream[ledger.Value]) string {
	synctest.Wait()
	var words []string
	for len(s.C) > 0 {
		v := <-s.C
		for range s.Gaps() {
			words = append(words, "gap")
		}
		words = append(words, fmt.Sprint(v.N))
	}
	for range s.Gaps() {
		words = append(words, "gap")
	}
	return strings.Join(words, " ")
}

// Seed 9. A connection that could not be recovered is followed by one that is lost before a channel
// was confirmed on it, and that one is recovered: the service has kept the room, but what was
// missed before is missed.
func TestGapSurvivesTheRecoveryOfALaterConnection(t *testing.T) {
	scenario(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		quick, slow := ready(t, c, "quick"), ready(t, c, "private-slow")
		s.Publish("private-slow", "e", ledger.Value{N: 1})
		synctest.Wait()
		s.Auth().Delay(3 * time.Second)
		s.Restart(testserver.Forget)
		s.Publish("private-slow", "e", ledger.Value{N: 2})
		time.Sleep(time.Second) // the quick one is subscribed, the other waits for the backend
		release := s.HoldConfirmations()
		time.Sleep(5 * time.Second)                 // and now for the service
		s.Publish("quick", "e", ledger.Value{N: 1}) // with an offset, without which nothing is recovered
		synctest.Wait()
		s.DropAll(testserver.Reset)
		release()
		time.Sleep(time.Minute)
		if n := s.Stats().Recoveries; n != 1 {
			t.Errorf("%d recoveries", n)
		}
		s.Publish("private-slow", "e", ledger.Value{N: 3})
		if got := has(slow); got != "1 gap 3" {
			t.Errorf("got %q", got)
		}
		if got := has(quick); got != "gap 1" {
			t.Errorf("the other got %q", got)
		}
	}, testserver.WithRecovery(time.Minute))
}

// Seed 1027. The service does not see a recovered connection end, would take the next one for the
// same, and empties its rooms when the heartbeat of the first runs out. So it is not asked for: the
// next connection is a fresh one.
func TestRecoveredConnectionWhoseEndNobodySawIsNotRecovered(t *testing.T) {
	scenario(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		stream := ready(t, c, "a")
		s.Publish("a", "e", ledger.Value{N: 1})
		synctest.Wait()
		s.DropAll(testserver.Reset)
		time.Sleep(10 * time.Second)
		s.HalfOpenAll()
		c.Reconnect()
		s.Publish("a", "e", ledger.Value{N: 2})
		time.Sleep(46 * time.Second) // the service has pinged in vain
		if n := s.Stats().Recoveries; n != 1 {
			t.Fatalf("%d recoveries", n)
		}
		s.Publish("a", "e", ledger.Value{N: 3})
		if got := has(stream); got != "1 gap 3" {
			t.Errorf("got %q", got)
		}
	}, testserver.WithRecovery(5*time.Minute))
}

// Seed 665045468339 of an earlier generator. A pong proves nothing about a service that notices
// late: it answers the probe of a connection whose rooms it empties a minute later.
func TestPongProvesNothing(t *testing.T) {
	scenario(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		stream := ready(t, c, "a")
		s.Publish("a", "e", ledger.Value{N: 1})
		synctest.Wait()
		s.DropAll(testserver.Reset)
		time.Sleep(100 * time.Second) // recovered, and probed
		s.SetHeartbeats(false)
		s.HalfOpenAll()
		time.Sleep(50 * time.Second) // the client gives the link up
		time.Sleep(30 * time.Second)
		s.Publish("a", "e", ledger.Value{N: 2})
		time.Sleep(16 * time.Second)
		s.SetHeartbeats(true)
		time.Sleep(60 * time.Second) // the service notices the old connection
		s.Publish("a", "e", ledger.Value{N: 3})
		s.DropAll(testserver.Reset)
		time.Sleep(10 * time.Second)
		s.Publish("a", "e", ledger.Value{N: 4})
		s.Publish("a", "e", ledger.Value{N: 5})
		if got := has(stream); got != "1 gap 2 3 4 5" {
			t.Errorf("got %q", got)
		}
	}, testserver.WithRecovery(5*time.Minute))
}

// A restoration brings back the rooms of the last end that the service saw: one that was joined
// since is missing.
func TestRoomJoinedAfterARecoveryIsNotForgotten(t *testing.T) {
	scenario(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		_ = ready(t, c, "a")
		s.Publish("a", "e", ledger.Value{N: 1})
		synctest.Wait()
		s.DropAll(testserver.Reset)
		time.Sleep(100 * time.Second) // recovered
		stream := ready(t, c, "b")
		s.Publish("b", "e", ledger.Value{N: 2})
		synctest.Wait()
		s.HalfOpenAll()
		s.Publish("b", "e", ledger.Value{N: 4})
		time.Sleep(time.Second)
		c.Reconnect()
		time.Sleep(10 * time.Second)
		s.Publish("b", "e", ledger.Value{N: 5})
		if got := has(stream); got != "2 gap 5" {
			t.Errorf("got %q", got)
		}
	}, testserver.WithRecovery(5*time.Minute))
}

// A recovered connection whose end the service made, or saw, is recovered like any other.
func TestRecoveredConnectionWhoseEndWasSeenIsRecovered(t *testing.T) {
	scenario(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		stream := ready(t, c, "a")
		s.Publish("a", "e", ledger.Value{N: 1})
		synctest.Wait()
		for range 4 {
			s.DropAll(testserver.Reset)
			s.Publish("a", "e", ledger.Value{N: 2})
			time.Sleep(5 * time.Second)
		}
		if got := has(stream); got != "1 2 2 2 2" {
			t.Errorf("got %q", got)
		}
	}, testserver.WithRecovery(5*time.Minute))
}

// Seeds 271 and 5459. A recovered channel is asked for again, for the roster. Where that is not
// answered, the connection is as good as deaf, and another is made: a room would wait for its
// roster for ever, and to ask once more could bring a lost subscription back without a word about
// what it has missed.
func TestRosterOfARecoveredChannelComes(t *testing.T) {
	scenario(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		room := presence.Watch[info](t.Context(), c.Channel(lobby))
		if err := room.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.HangNext(testserver.StepSubscribe, 1)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		if n := s.Stats().Recoveries; n != 1 {
			t.Errorf("%d recoveries", n)
		}
		s.Join(lobby, auth.Member{ID: "ada"})
		synctest.Wait()
		if _, here := room.Members().Get("ada"); !here {
			t.Error("the room does not know who joined")
		}
	}, testserver.WithRecovery(5*time.Minute))
}
