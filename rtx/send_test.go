package rtx_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

func TestTrigger(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
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
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, enough)
		defer cancel()
		if err := held.Trigger(ctx, "client-n", 1); !errors.Is(err, enough) || !strings.Contains(err.Error(), "private-b") {
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
		if c.State() != rtx.StateConnected || s.Stats().Connects != 1 {
			t.Error("the connection did not survive")
		}
	})
}

func TestTriggerContextEndsInMidWrite(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s))
		ch := c.Channel("private-a")
		if _, err := ch.Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.SetLink(testserver.Link{BytesPerSecond: 200_000})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := ch.Trigger(ctx, "client-n", strings.Repeat("x", 900_000)); err != nil {
			t.Logf("Trigger: %v", err)
		}
		time.Sleep(time.Minute)
		if c.State() != rtx.StateConnected || s.Stats().Connects != 1 {
			t.Errorf("the connection did not survive: %+v", s.Stats())
		}
		if n := s.Stats().ClientEvents; n != 1 {
			t.Errorf("%d events arrived", n)
		}
	})
}

func TestPing(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := newClient(t, s)
		if _, err := c.Ping(t.Context()); !errors.Is(err, rtx.ErrNotConnected) {
			t.Errorf("before connecting: %v", err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.SetLink(testserver.Link{Latency: 70 * time.Millisecond})
		if d, err := c.Ping(t.Context()); err != nil || d != 70*time.Millisecond {
			t.Errorf("got %v, %v", d, err)
		}
		s.SetPong(false)
		time.AfterFunc(time.Second, func() { s.DropAll(testserver.Reset) })
		if _, err := c.Ping(t.Context()); !errors.Is(err, rtx.ErrNotConnected) {
			t.Errorf("over a lost link: %v", err)
		}
	})
}
