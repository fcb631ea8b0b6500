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
			if g.Channel != "a" || !g.Reconnected || !g.Since.Equal(down) || g.Until.Before(down) || g.Until.Sub(down) > 250*time.Millisecond {
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

func TestSubscribeTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		s.HangNext(rtxtest.StepSubscribe, 2)
		start := time.Now()
		stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
		err := c.Channel("a").Subscribe(t.Context())
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
		if n := len(s.ReceivedOn(rtxtest.KindSubscribe, "a")); n != 2 {
			t.Errorf("asked %d times", n)
		}
		if err := c.Channel("a").Subscribe(t.Context()); err != nil {
			t.Errorf("the next Subscribe: %v", err)
		}
	})
}

func TestHeldConfirmation(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		release := s.HoldConfirmations()
		ch := c.Channel("a")
		stream := rtx.On[numbered](t.Context(), ch, "n")
		synctest.Wait()
		if st := ch.State(); st != rtx.Subscribing {
			t.Errorf("state %v", st)
		}
		publish(s, "a", 1) // before the confirmation: not promised
		release()
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := ch.State(); st != rtx.Subscribed {
			t.Errorf("state %v", st)
		}
		publish(s, "a", 2)
		if got := outline(stream); got != "2" {
			t.Errorf("got %s", got)
		}
	})
}

func TestStormOfJoinsAndLeavesSettlesOnTheLast(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
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
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s, signing(s))
		s.Deny("private-a", "not for you", 4009)
		stream := rtx.On[numbered](t.Context(), c.Channel("private-a"), "n")
		group := rtx.Channels(c.Channel("private-a"), c.Channel("b"))
		both := rtx.On[numbered](t.Context(), group, "n")
		err := c.Channel("private-a").Subscribe(t.Context())
		for _, err := range []error{err, stream.Ready(t.Context()), stream.Err(), both.Ready(t.Context())} {
			var refused *rtx.SubscribeError
			if !errors.As(err, &refused) || refused.Channel != "private-a" || refused.Code != 4009 || refused.Message != "not for you" {
				t.Errorf("got %v", err)
			}
		}
		if err := c.Channel("b").Subscribe(t.Context()); err != nil {
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
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s, signing(s))
		whole := rtx.On[numbered](t.Context(), c, "n")
		stream := opened[numbered](t, c.Channel("private-a"), "n")
		publish(s, "private-a", 1)
		s.Deny("private-a", "no more", 1)
		s.DropAll(rtxtest.Reset)
		time.Sleep(time.Minute)
		if got := outline(stream); got != "1 end" {
			t.Errorf("got %s", got)
		}
		var refused *rtx.SubscribeError
		if !errors.As(stream.Err(), &refused) {
			t.Errorf("ended with %v", stream.Err())
		}
		if got := outline(whole); got != "ended 1" { // C was empty when it asked, after taking the 1
			t.Errorf("the client's stream got %s", got)
		}
	})
}

func TestTrigger(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := newClient(t, s, signing(s))
		ch := c.Channel("private-a")
		stream := rtx.On[numbered](t.Context(), ch, "client-n")
		if err := ch.Trigger(t.Context(), "client-n", 1); !errors.Is(err, rtx.ErrNotConnected) {
			t.Errorf("before connecting: %v", err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		// It waits for the confirmation.
		if err := ch.Trigger(t.Context(), "client-n", numbered{1}); err != nil {
			t.Fatal(err)
		}
		release := s.HoldConfirmations()
		held := c.Channel("private-b")
		_ = rtx.On[numbered](t.Context(), held, "client-n")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		if err := held.Trigger(ctx, "client-n", 1); err == nil || err.Error() != "enough" {
			t.Errorf("while the confirmation is held: %v", err)
		}
		release()
		if err := held.Trigger(t.Context(), "client-n", 2); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]error{"": rtx.ErrEventName, "n": rtx.ErrEventName, "client-\x00": rtx.ErrEventName} {
			if err := ch.Trigger(t.Context(), name, 1); !errors.Is(err, want) {
				t.Errorf("%q: %v", name, err)
			}
		}
		if err := ch.Trigger(t.Context(), "client-n", make(chan int)); err == nil {
			t.Error("a channel was encoded")
		}
		if err := ch.Trigger(t.Context(), "client-n", strings.Repeat("x", 1_000_000)); !errors.Is(err, rtx.ErrTooLarge) {
			t.Errorf("too large: %v", err)
		}
		if err := ch.Trigger(canceled(errors.New("late")), "client-n", 3); err == nil {
			t.Error("sent under a context that had ended")
		}
		synctest.Wait()
		if n := s.Stats().ClientEvents; n != 2 {
			t.Errorf("the server relayed %d events", n)
		}
		if got := outline(stream); got != "" {
			t.Errorf("an echo: %s", got)
		}
		if c.State() != rtx.Connected || s.Stats().Connects != 1 {
			t.Error("the connection did not survive")
		}
	})
}

func TestTriggerContextEndsInMidWrite(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s, signing(s))
		ch := c.Channel("private-a")
		if err := ch.Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.SetLink(rtxtest.Link{BytesPerSecond: 200_000})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := ch.Trigger(ctx, "client-n", strings.Repeat("x", 900_000)); err != nil {
			t.Logf("Trigger: %v", err)
		}
		time.Sleep(time.Minute)
		if c.State() != rtx.Connected || s.Stats().Connects != 1 {
			t.Errorf("the connection did not survive: %+v", s.Stats())
		}
		if n := s.Stats().ClientEvents; n != 1 {
			t.Errorf("%d events arrived", n)
		}
	})
}

func TestPing(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := newClient(t, s)
		if _, err := c.Ping(t.Context()); !errors.Is(err, rtx.ErrNotConnected) {
			t.Errorf("before connecting: %v", err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.SetLink(rtxtest.Link{Latency: 70 * time.Millisecond})
		if d, err := c.Ping(t.Context()); err != nil || d != 70*time.Millisecond {
			t.Errorf("got %v, %v", d, err)
		}
		s.SetPong(false)
		time.AfterFunc(time.Second, func() { s.DropAll(rtxtest.Reset) })
		if _, err := c.Ping(t.Context()); !errors.Is(err, rtx.ErrNotConnected) {
			t.Errorf("over a lost link: %v", err)
		}
	})
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

func TestWireFaultsEndTheSessionOnly(t *testing.T) {
	frames := map[string]string{
		"bad JSON in a wanted payload": `42["server-event",{"channel":"a","event":"n","data":{]}]`,
		"no array":                     `42{}`,
		"nameless":                     `42[]`,
		"name is a number":             `42[1]`,
		"empty event":                  `42`,
		"ack without payload":          `43`,
		"unknown type":                 `9`,
		"binary with no count":         `45-["x"]`,
		"too many attachments":         `45999-["x",{"_placeholder":true,"num":0}]`,
		"a second open packet":         `0{"sid":"x","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}`,
		"a second CONNECT":             `40{"sid":"x"}`,
		"invalid UTF-8":                "42[\"server-event\",{\"channel\":\"a\",\"event\":\"n\",\"data\":\"\xff\"}]",
		"deep":                         `42["server-event",{"channel":"a","event":"n","data":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}]`,
		"text where an attachment is due": `451-["server-event",{"channel":"a","event":"n","data":{"_placeholder":true,"num":0}}]` +
			"",
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *rtxtest.Server) {
				c := connect(t, s)
				stream := opened[numbered](t, c.Channel("a"), "n")
				states := c.States(t.Context())
				await(t, states, rtx.Connected)
				s.Inject(frame)
				if strings.HasPrefix(frame, "451") {
					s.Inject(`42["x"]`)
				}
				st := await(t, states, rtx.Reconnecting)
				if st.Err == nil || strings.Contains(st.Err.Error(), "[[[") {
					t.Errorf("the cause is %v", st.Err)
				}
				t.Log(st.Err)
				if err := stream.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				publish(s, "a", 5)
				if got := outline(stream); got != "reconnected 5" {
					t.Errorf("got %s", got)
				}
			})
		})
	}
}

func TestOddEventsEndNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		for _, frame := range []string{
			`42["error",{"message":"an ordinary event"}]`,
			`42["server-event"]`,
			`42["server-event",null]`,
			`42["server-event",{"channel":1,"event":2}]`,
			`42["server-event",{"event":"n","data":1}]`,
			`42["server-event",{"channel":"a","event":"n","data":{"n":1}},"extra",{"more":true}]`,
			`42["server-event", {"data":{"n":2},"event":"n","channel":"a"}]`,
			`42["server-event",{"channel":"a","event":"n","data":{"n":3},"data2":1}]`,
			`42["server-event",{"channel":"\u0061","event":"n","data":{"n":4}}]`,
			`42["server-event",{"channel":"a","event":"n"}]`,
			`42["server-event",{"channel":"a","event":"n","data":"no number"}]`,
			`42["realtimex:connection_established",{"socket_id":7}]`,
			`42["realtimex_internal:subscription_succeeded",{"channel":"b"}]`,
			`42["realtimex_internal:subscription_error",{"channel":"b"}]`,
			`42["realtimex:pong",{}]`,
			`437["an ack"]`,
			`2`,
		} {
			s.Inject(frame)
		}
		publish(s, "a", 9)
		if got := outline(stream); got != "1 2 3 4 0 dropped0/malformed1 9" {
			t.Errorf("got %s", got)
		}
		if s.Stats().Connects != 1 {
			t.Error("the session ended")
		}
		if n := c.Stats().Unknown; n == 0 {
			t.Error("unknown events were not counted")
		}
	})
}
