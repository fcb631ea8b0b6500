package rtx_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

func TestSubscribeTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		s.HangNext(testserver.StepSubscribe, 2)
		start := time.Now()
		stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
		_, err := c.Channel("a").Subscribe(t.Context())
		var refused *rtx.SubscribeError
		if !errors.Is(err, rtx.ErrSubscribeTimeout) || !errors.As(err, &refused) || refused.Channel != "a" {
			t.Fatalf("got %v", err)
		}
		if d := time.Since(start); d != 20*time.Second {
			t.Errorf("given up after %v", d)
		}
		if _, ok := <-stream.C; ok || !errors.Is(stream.Err(), rtx.ErrSubscribeTimeout) {
			t.Errorf("the stream: %v", stream.Err())
		}
		if n := len(s.ReceivedOn(testserver.KindSubscribe, "a")); n != 2 {
			t.Errorf("asked %d times", n)
		}
		if _, err := c.Channel("a").Subscribe(t.Context()); err != nil {
			t.Errorf("the next Subscribe: %v", err)
		}
	})
}

func TestHeldConfirmation(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		release := s.HoldConfirmations()
		ch := c.Channel("a")
		stream := rtx.On[numbered](t.Context(), ch, "n")
		synctest.Wait()
		if st := ch.State(); st != rtx.ChannelSubscribing {
			t.Errorf("state %v", st)
		}
		publish(s, "a", 1) // before the confirmation: not promised
		release()
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := ch.State(); st != rtx.ChannelSubscribed {
			t.Errorf("state %v", st)
		}
		publish(s, "a", 2)
		if got := outline(stream); got != "2" {
			t.Errorf("got %s", got)
		}
	})
}

func TestStormOfJoinsAndLeavesSettlesOnTheLast(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		ch := c.Channel("a")
		for range 1000 {
			rtx.On[numbered](t.Context(), ch, "n").Close()
		}
		synctest.Wait()
		s.WaitUnsubscribed("a")
		for range 1000 {
			rtx.On[numbered](t.Context(), ch, "n").Close()
		}
		stream := opened[numbered](t, ch, "n")
		s.WaitSubscribed("a")
		publish(s, "a", 1)
		if got := outline(stream); got != "1" {
			t.Errorf("got %s", got)
		}
		if c.Stats().Channels != 1 || c.Stats().Streams != 1 {
			t.Errorf("got %+v", c.Stats())
		}
	})
}

func TestRefusedChannel(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s))
		s.Deny("private-a", "not for you", 4009)
		stream := rtx.On[numbered](t.Context(), c.Channel("private-a"), "n")
		group := rtx.NewGroup(c.Channel("private-a"), c.Channel("b"))
		both := rtx.On[numbered](t.Context(), group, "n")
		_, err := c.Channel("private-a").Subscribe(t.Context())
		for _, err := range []error{err, stream.Ready(t.Context()), stream.Err(), both.Ready(t.Context())} {
			var refused *rtx.SubscribeError
			if !errors.As(err, &refused) || refused.Channel != "private-a" || refused.Code != 4009 || refused.Message != "not for you" {
				t.Errorf("got %v", err)
			}
		}
		if _, err := c.Channel("b").Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "b", 1)
		if got := outline(both); got != "ended 1" {
			t.Errorf("the group's stream got %s", got)
		}
		s.Allow("private-a")
		again := opened[numbered](t, c.Channel("private-a"), "n")
		publish(s, "private-a", 2)
		if got := outline(again); got != "2" {
			t.Errorf("got %s", got)
		}
	})
}

func TestRefusedOnReconnect(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s))
		whole := rtx.On[numbered](t.Context(), c, "n")
		stream := opened[numbered](t, c.Channel("private-a"), "n")
		publish(s, "private-a", 1)
		s.Deny("private-a", "no more", 1)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		if got := outline(stream); got != "1 end" {
			t.Errorf("got %s", got)
		}
		if _, ok := errors.AsType[*rtx.SubscribeError](stream.Err()); !ok {
			t.Errorf("ended with %v", stream.Err())
		}
		if got := outline(whole); got != "ended 1" { // C was empty when it asked, after taking the 1
			t.Errorf("the client's stream got %s", got)
		}
	})
}
