package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
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

func gapName(g rtx.Gap) string {
	switch {
	case g.Reconnected:
		return "reconnected"
	case g.Ended:
		return "ended"
	}
	return fmt.Sprintf("dropped%d/malformed%d", g.Dropped, g.Malformed)
}

func publish(s *rtxtest.Server, channel string, ns ...int) {
	for _, n := range ns {
		s.Publish(channel, "n", numbered{n})
	}
	synctest.Wait()
}

func TestGapStandsWhereTheLinkWasDown(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1, 2)
		s.DropAll(rtxtest.Reset)
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
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		time.Sleep(time.Minute)
		down := time.Now()
		s.DropAll(rtxtest.Reset)
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
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		old := opened[numbered](t, c.Channel("a"), "n")
		s.Stop()
		time.Sleep(time.Second)
		young := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
		s.Resume(rtxtest.Forget)
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
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		states := c.States(t.Context())
		await(t, states, rtx.Connected)
		for round := range 3 {
			s.DropAll(rtxtest.Reset)
			publish(s, "a", 2+round)
			if st := await(t, states, rtx.Connected); !st.Recovered {
				t.Fatalf("round %d: %+v", round, st)
			}
			synctest.Wait()
		}
		publish(s, "a", 9)
		if got := outline(stream); got != "1 2 3 4 9" {
			t.Errorf("got %s", got)
		}
		if n := len(s.ReceivedOn(rtxtest.KindSubscribe, "a")); n != 4 {
			t.Errorf("%d subscriptions, want one after each CONNECT", n)
		}
	}, rtxtest.WithRecovery(time.Minute))
}

func TestUnsubscribedDuringARecoveredOutage(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		keep := opened[numbered](t, c.Channel("b"), "n")
		publish(s, "b", 1)
		s.DropAll(rtxtest.Reset)
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
	}, rtxtest.WithRecovery(time.Minute))
}

func TestPolitelyEndedSessionIsNotRecovered(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		s.DropAll(rtxtest.Disconnect)
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
	}, rtxtest.WithRecovery(time.Minute))
}

// The deaf connection: recovered, heartbeats go on, nothing else arrives.
func TestDeafConnectionIsFoundByAProbe(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		states := c.States(t.Context())
		await(t, states, rtx.Connected)
		s.DropAll(rtxtest.Reset)
		if st := await(t, states, rtx.Connected); !st.Recovered {
			t.Fatalf("got %+v", st)
		}
		time.Sleep(time.Second)
		deafSince := time.Now()
		s.Connections()[0].Deafen()
		st := await(t, states, rtx.Connected)
		if st.Recovered {
			t.Error("it came back as recovered")
		}
		// The probe goes out 45 s after the recovery, and is waited for 20 s.
		if d := st.At.Sub(deafSince); d < 63*time.Second || d > 66*time.Second {
			t.Errorf("healed after %v", d)
		}
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", 2)
		if got := outline(stream); got != "1 reconnected 2" {
			t.Errorf("got %s", got)
		}
	}, rtxtest.WithRecovery(time.Minute))
}

// A service that never answered a ping is not deaf for not answering one.
func TestServiceThatAnswersNoPingsIsLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		s.DropAll(rtxtest.Reset)
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
	}, rtxtest.WithRecovery(time.Minute), rtxtest.WithoutPong())
}

func TestReconnectNow(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		s.RefuseNext(8)
		s.DropAll(rtxtest.Reset)
		time.Sleep(10 * time.Second) // somewhere in a long delay
		s.RefuseNext(0)
		start := time.Now()
		c.Reconnect()
		synctest.Wait()
		if c.State() != rtx.Connected || time.Since(start) != 0 {
			t.Errorf("state %v after %v", c.State(), time.Since(start))
		}
		old := c.SocketID()
		c.Reconnect()
		synctest.Wait()
		if c.State() != rtx.Connected || c.SocketID() == old || len(s.Connections()) != 1 {
			t.Errorf("state %v, %d connections", c.State(), len(s.Connections()))
		}
		publish(s, "a", 1)
		if got := outline(stream); got != "reconnected 1" {
			t.Errorf("got %s", got)
		}
	})
}

func TestDrain(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s, signing(s))
		plain := opened[numbered](t, c.Channel("a"), "n")
		grown := opened[numbered](t, c.Channel("a"), "n", rtx.Buffer(1), rtx.Overflow(rtx.Grow(1<<20)))
		room := c.Channel("private-a")
		if err := room.Subscribe(t.Context()); err != nil {
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
