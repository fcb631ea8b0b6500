package rtx_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// story is what All gives until the stream has nothing more, as "a:1 b:2 gap".
func story[T any](s *rtx.Stream[T], tell func(T) string) []string {
	s.Close()
	var parts []string
	for v, g := range s.All() {
		switch {
		case g == nil:
			parts = append(parts, tell(v))
		case g.Malformed > 0:
			parts = append(parts, fmt.Sprintf("%s malformed %d", g.Channel, g.Malformed))
		default:
			parts = append(parts, g.Channel+" "+gapName(g))
		}
	}
	return parts
}

func whence(m rtx.Message[numbered]) string { return fmt.Sprintf("%s:%d", m.Channel, m.Value.N) }

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the stream gave %v, want %v", got, want)
	}
}

func TestGroupChangesWhileEventsFlow(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		a, b := c.Channel("a"), c.Channel("b")
		g := rtx.NewGroup(a, a, c.Channel("a"))
		if g.Len() != 1 {
			t.Fatalf("the group has %d channels, one was given three times", g.Len())
		}
		stream := opened[rtx.Message[numbered]](t, g, "n")
		publish(s, "a", 1)
		publish(s, "b", 2)
		if err := g.Add(b, b); err != nil {
			t.Fatal(err)
		}
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", 3)
		publish(s, "b", 4)
		publish(s, "a", 5)
		g.Remove(a)
		s.WaitUnsubscribed("a")
		publish(s, "a", 6)
		publish(s, "b", 7)
		g.Remove(b)
		s.WaitUnsubscribed("b")
		if stream.Err() != nil || c.Stats().Streams != 1 {
			t.Fatalf("the stream of an empty group has ended: %v", stream.Err())
		}
		if err := g.Add(a); err != nil || stream.Ready(t.Context()) != nil {
			t.Fatal(err)
		}
		publish(s, "a", 8)
		expect(t, story(stream, whence), "a:1", "a:3", "b:4", "a:5", "b:7", "a:8")
	})
}

// A refused channel leaves a group's stream with a gap; Add asks for it again; without any the
// stream ends.
func TestRefusalsInAGroup(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		g := rtx.NewGroup(c.Channel("a"), c.Channel("b"))
		s.Deny("b", "no", 1)
		stream := rtx.On[rtx.Message[numbered]](t.Context(), g, "n")
		var refused *rtx.SubscribeError
		if err := stream.Ready(t.Context()); !errors.As(err, &refused) || refused.Channel != "b" {
			t.Fatalf("Ready: %v", err)
		}
		publish(s, "a", 1)
		s.Allow("b")
		if err := g.Add(c.Channel("b")); err != nil {
			t.Fatal(err)
		}
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatalf("Ready remembers a refusal that was overcome: %v", err)
		}
		publish(s, "b", 2)
		_ = c.ForceUnsubscribe("a")
		publish(s, "b", 3)
		_ = c.ForceUnsubscribe("b")
		if err := stream.Err(); !errors.Is(err, rtx.ErrUnsubscribed) {
			t.Fatalf("Err: %v", err)
		}
		expect(t, story(stream, whence), "b ended", "a:1", "b:2", "a ended", "b:3", "b ended")
		opened[numbered](t, g, "n") // the members are what they were
	})
}

// A channel that comes and goes and is refused leaves a stream no more errors than there are
// channels.
func TestRefusalsDoNotPileUp(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		g := rtx.NewGroup(c.Channel("a"), c.Channel("b"))
		stream := opened[numbered](t, g, "n")
		for range 100 {
			_ = c.ForceUnsubscribe("b")
			_ = g.Add(c.Channel("b"))
		}
		_ = c.ForceUnsubscribe("b")
		_ = c.ForceUnsubscribe("a")
		if err, ok := stream.Err().(interface{ Unwrap() []error }); !ok || len(err.Unwrap()) != 2 {
			t.Errorf("Err: %v", stream.Err())
		}
	})
}

func TestGroupIsOfOneClient(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c, other := connect(t, s), connect(t, s)
		g := rtx.NewGroup(c.Channel("a"))
		if g.Add(c.Channel("b"), other.Channel("c")) == nil || g.Add(nil) == nil || g.Add(c.Channel("private-x")) == nil {
			t.Error("Add took what it can't use")
		}
		if g.Len() != 1 {
			t.Errorf("the group has %d channels: a failed Add added some", g.Len())
		}
		g.Remove(other.Channel("a"), nil)
		if g.Len() != 1 {
			t.Error("Remove took another client's channel for the group's")
		}
	})
}

// A stream of the client has the events of every channel that something else holds, and holds none.
func TestClientAsSource(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		all := opened[rtx.Message[numbered]](t, c, "*")
		a := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		b := opened[numbered](t, c.Channel("b"), "n")
		publish(s, "b", 2)
		a.Close()
		s.WaitUnsubscribed("a")
		publish(s, "a", 3)
		publish(s, "b", 4)
		s.DropAll(testserver.Reset)
		s.WaitSubscribed("b")
		synctest.Wait()
		publish(s, "b", 5)
		_ = c.ForceUnsubscribe("b")
		<-b.C
		expect(t, story(all, whence), "a:1", "b:2", "b:4", "b reconnected", "b:5", "b ended")
		s.WaitUnsubscribed("b")
	})
}

// "*" is every event but the service's own, which are bound by their full names.
func TestInternalEventsByTheirNames(t *testing.T) {
	const confirmed = "realtimex_internal:subscription_succeeded"
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		ch := c.Channel("a")
		// Those of the whole client first: they hold nothing, and the confirmation may come as soon
		// as something does.
		whole := rtx.On[rtx.Message[any]](t.Context(), c, confirmed)
		pongs := rtx.On[rtx.Message[any]](t.Context(), c, "realtimex:pong")
		internal := rtx.On[rtx.Message[map[string]any]](t.Context(), ch, confirmed)
		every := rtx.On[rtx.Message[any]](t.Context(), ch, "*")
		if err := every.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Publish("a", "*", 1) // a name as any other
		s.Publish("a", "x", 2)
		if _, err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		name := func(m rtx.Message[any]) string { return m.Channel + "/" + m.Event }
		expect(t, story(every, name), "a/*", "a/x")
		expect(t, story(whole, name), "a/"+confirmed)
		expect(t, story(pongs, name), "/realtimex:pong")
		expect(t, story(internal, func(m rtx.Message[map[string]any]) string { return fmt.Sprint(m.Event, m.Value["channel"]) }), confirmed+"a")
	})
}

// Members come and go on several goroutines while the server publishes without a pause. What was
// never removed misses nothing.
func TestGroupUnderLoad(t *testing.T) {
	s := testserver.NewServer(t)
	c := connect(t, s)
	steady := c.Channel("steady")
	g := rtx.NewGroup(steady)
	const events = 2000
	stream := opened[rtx.Message[numbered]](t, g, "n", rtx.WithBuffer(2*events))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			ch := c.Channel(fmt.Sprint("guest-", i))
			for range 100 {
				if err := g.Add(ch); err != nil {
					t.Error(err)
				}
				g.Remove(ch)
			}
		})
	}
	for n := range events {
		s.Publish("steady", "n", numbered{n})
		s.Publish(fmt.Sprint("guest-", n%4), "n", numbered{n})
	}
	wg.Wait()
	want := 0
	for m, gap := range stream.All() {
		if gap != nil {
			t.Fatalf("%+v", *gap)
		}
		if m.Channel != "steady" {
			continue
		}
		if m.Value.N != want {
			t.Fatalf("%d came, want %d", m.Value.N, want)
		}
		if want++; want == events {
			break
		}
	}
}
