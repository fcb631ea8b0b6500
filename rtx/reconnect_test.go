package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// outline drains what a stream has, as "1 2 gap 3".
func outline(s *rtx.Stream[numbered]) string {
	var parts []string
	for {
		select {
		case v, ok := <-s.C:
			for g := range s.Gaps() {
				parts = append(parts, gapName(g))
			}
			if !ok {
				return strings.Join(append(parts, "end"), " ")
			}
			parts = append(parts, fmt.Sprint(v.N))
		default:
			for g := range s.Gaps() {
				parts = append(parts, gapName(g))
			}
			return strings.Join(parts, " ")
		}
	}
}

func gapName(g *rtx.Gap) string {
	switch {
	case g.Reconnected:
		return "reconnected"
	case g.Ended:
		return "ended"
	}
	return fmt.Sprintf("dropped%d/malformed%d", g.Dropped, g.Malformed)
}

func publish(s *testserver.Server, channel string, ns ...int) {
	for _, n := range ns {
		s.Publish(channel, "n", numbered{n})
	}
	synctest.Wait()
}

func TestGapStandsWhereTheLinkWasDown(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1, 2)
		s.DropAll(testserver.Reset)
		publish(s, "a", 3) // reaches nobody
		time.Sleep(time.Second)
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", 4)
		if got := outline(stream); got != "1 2 reconnected 4" {
			t.Errorf("got %s", got)
		}
	})
}

func TestGapWakesAStreamOnWhichNothingElseHappens(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		time.Sleep(time.Minute)
		down := time.Now()
		s.DropAll(testserver.Reset)
		select {
		case <-stream.Lost:
		case <-time.After(time.Minute):
			t.Fatal("no wake-up")
		}
		for g := range stream.Gaps() {
			if g.Channel != "a" || !g.Reconnected || g.Since.After(down) || down.Sub(g.Since) > 25*time.Second || g.Until.Before(down) || g.Until.Sub(down) > 250*time.Millisecond {
				t.Errorf("got %+v, down since %v", g, down)
			}
			return
		}
		t.Error("no gap")
	})
}

// A stream that is opened while the link is down has missed nothing that was promised to it.
func TestNoGapForAStreamOpenedDuringTheOutage(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		old := opened[numbered](t, c.Channel("a"), "n")
		s.Stop()
		time.Sleep(time.Second)
		young := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
		s.Resume(testserver.Forget)
		if err := young.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", 1)
		if got := outline(old); got != "reconnected 1" {
			t.Errorf("the old stream got %s", got)
		}
		if got := outline(young); got != "1" {
			t.Errorf("the young stream got %s", got)
		}
	})
}

func TestRecoveredOutageHasNoGap(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		states := c.States(t.Context())
		await(t, states, rtx.StateConnected)
		for round := range 3 {
			s.DropAll(testserver.Reset)
			publish(s, "a", 2+round)
			if st := await(t, states, rtx.StateConnected); !st.Recovered {
				t.Fatalf("round %d: %+v", round, st)
			}
			synctest.Wait()
		}
		publish(s, "a", 9)
		if got := outline(stream); got != "1 2 3 4 9" {
			t.Errorf("got %s", got)
		}
		if n := len(s.ReceivedOn(testserver.KindSubscribe, "a")); n != 4 {
			t.Errorf("%d subscriptions, want one after each CONNECT", n)
		}
	}, testserver.WithRecovery(time.Minute))
}

func TestUnsubscribedDuringARecoveredOutage(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		keep := opened[numbered](t, c.Channel("b"), "n")
		publish(s, "b", 1)
		s.DropAll(testserver.Reset)
		synctest.Wait()
		stream.Close()
		time.Sleep(time.Second)
		if n := s.Stats().Recoveries; n != 1 {
			t.Fatalf("%d recoveries", n)
		}
		s.WaitUnsubscribed("a")
		publish(s, "b", 2)
		if got := outline(keep); got != "1 2" {
			t.Errorf("got %s", got)
		}
	}, testserver.WithRecovery(time.Minute))
}

func TestPolitelyEndedSessionIsNotRecovered(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		s.DropAll(testserver.Disconnect)
		s.WaitSubscribed("a")
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", 2)
		if got := outline(stream); got != "1 reconnected 2" {
			t.Errorf("got %s", got)
		}
		if n := s.Stats().Recoveries; n != 0 {
			t.Errorf("%d recoveries", n)
		}
	}, testserver.WithRecovery(time.Minute))
}

// The deaf connection: recovered, heartbeats go on, nothing else arrives.
func TestDeafConnectionIsFoundByAProbe(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		states := c.States(t.Context())
		await(t, states, rtx.StateConnected)
		s.DropAll(testserver.Reset)
		if st := await(t, states, rtx.StateConnected); !st.Recovered {
			t.Fatalf("got %+v", st)
		}
		time.Sleep(time.Second)
		deafSince := time.Now()
		s.Connections()[0].Deafen()
		st := await(t, states, rtx.StateConnected)
		if st.Recovered {
			t.Error("it came back as recovered")
		}
		// The probe goes out 45 s after the recovery, and is waited for 20 s.
		if d := st.At.Sub(deafSince); d < 63*time.Second || d > 66*time.Second {
			t.Errorf("reconnected after %v", d)
		}
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", 2)
		if got := outline(stream); got != "1 reconnected 2" {
			t.Errorf("got %s", got)
		}
	}, testserver.WithRecovery(time.Minute))
}

// What is missing of a deaf connection is missing since before the last heartbeat: the gap begins
// with the last proof that it was not deaf.
func TestGapOfADeafConnectionBeginsBeforeItWasDeaf(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		states := c.States(t.Context())
		await(t, states, rtx.StateConnected)
		time.Sleep(100 * time.Second) // probed, and answered
		s.Connections()[0].Deafen()
		deafSince := time.Now()
		publish(s, "a", 2)
		await(t, states, rtx.StateConnected)
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		for g := range stream.Gaps() {
			t.Errorf("a gap before the values: %+v", g)
		}
		<-stream.C
		for g := range stream.Gaps() {
			if g.Since.After(deafSince) {
				t.Errorf("the gap begins %v after the connection was deaf", g.Since.Sub(deafSince))
			}
			if d := deafSince.Sub(g.Since); d > 100*time.Second {
				t.Errorf("the gap begins %v before the connection was deaf, though it was probed since", d)
			}
			return
		}
		t.Error("no gap")
	}, testserver.WithRecovery(time.Minute))
}

// A service that never answered a ping is not deaf for not answering one.
func TestServiceThatAnswersNoPingsIsLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Hour)
		if n := s.Stats().Connects; n != 2 {
			t.Errorf("%d connects", n)
		}
		publish(s, "a", 2)
		if got := outline(stream); got != "1 2" {
			t.Errorf("got %s", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Ping: %v", err)
		}
	}, testserver.WithRecovery(time.Minute), testserver.WithoutPong())
}

func TestReconnectNow(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		s.RefuseNext(8)
		s.DropAll(testserver.Reset)
		time.Sleep(10 * time.Second) // somewhere in a long delay
		s.RefuseNext(0)
		start := time.Now()
		c.Reconnect()
		synctest.Wait()
		if c.State() != rtx.StateConnected || time.Since(start) != 0 {
			t.Errorf("state %v after %v", c.State(), time.Since(start))
		}
		old := c.SocketID()
		c.Reconnect()
		synctest.Wait()
		if c.State() != rtx.StateConnected || c.SocketID() == old || len(s.Connections()) != 1 {
			t.Errorf("state %v, %d connections", c.State(), len(s.Connections()))
		}
		publish(s, "a", 1)
		if got := outline(stream); got != "reconnected 1" {
			t.Errorf("got %s", got)
		}
	})
}

func TestDrain(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s))
		plain := opened[numbered](t, c.Channel("a"), "n")
		grown := opened[numbered](t, c.Channel("a"), "n", rtx.WithBuffer(1), rtx.WithOverflow(rtx.Grow(1<<20)))
		room := c.Channel("private-a")
		if _, err := room.Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", 1, 2, 3)
		drained := make(chan error, 1)
		go func() { drained <- c.Drain(t.Context()) }()
		synctest.Wait()
		if got := outline(plain); got != "1 2 3 end" || plain.Err() != nil {
			t.Errorf("got %s, %v", got, plain.Err())
		}
		select {
		case <-drained:
			t.Error("Drain returned before the spill was out")
		default:
		}
		for want := 1; want <= 3; want++ {
			if v := next(t, grown); v.N != want {
				t.Errorf("got %v, want %d", v, want)
			}
		}
		if err := <-drained; err != nil || grown.Err() != nil {
			t.Errorf("Drain %v, Err %v", err, grown.Err())
		}
		s.WaitUnsubscribed("a")
		if err := room.Trigger(t.Context(), "client-n", 1); err != nil {
			t.Errorf("Trigger after Drain: %v", err)
		}
		_ = auth.Member{}
	})
}
