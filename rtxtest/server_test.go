package rtxtest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// subscribe opens a stream on the channel, and waits until its client knows that it is confirmed.
func subscribe(t *testing.T, client *rtx.Client, channel string) *rtx.Stream[rtx.Message[int]] {
	t.Helper()
	stream := rtx.On[rtx.Message[int]](t.Context(), client.Channel(channel), "e")
	if err := stream.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return stream
}

// What Publish returned is the id that every subscriber sees, also those that were away meanwhile.
func TestPublishReturnsTheID(t *testing.T) {
	s := rtxtest.NewServer(t, rtxtest.WithRecovery(time.Minute))
	ann, bob := connect(s), connect(s)
	defer ann.Close()
	defer bob.Close()
	streams := []*rtx.Stream[rtx.Message[int]]{
		subscribe(t, ann, "orders"), subscribe(t, ann, "orders"), subscribe(t, bob, "orders"),
	}
	var ids []string
	for n, before := range []func(){func() {}, func() { s.DropConnections() }, s.Stop, s.Resume} {
		before()
		id := s.Publish("orders", "e", n)
		if id == "" || slices.Contains(ids, id) {
			t.Fatalf("event %d has the id %q", n, id)
		}
		if ids = append(ids, id); n == 2 {
			continue // nobody is there
		}
		for _, stream := range streams {
			for m, gap := range stream.All() {
				if gap != nil {
					t.Fatal(gap)
				}
				if m.Value > n || m.ID != ids[m.Value] {
					t.Errorf("received %+v, of the ids %q", m, ids)
				}
				if m.Value == n {
					break
				}
			}
		}
	}
}

func TestWithoutRecoveryThereIsNoID(t *testing.T) {
	s := rtxtest.NewServer(t)
	client := connect(s)
	defer client.Close()
	stream := subscribe(t, client, "orders")
	if id := s.Publish("orders", "e", 1); id != "" {
		t.Errorf("published as %q", id)
	}
	if m := <-stream.C; m.ID != "" {
		t.Errorf("received %+v", m)
	}
}

// Resume brings back the server that was stopped, Restart another one.
func TestResumeRemembersAndRestartForgets(t *testing.T) {
	s := rtxtest.NewServer(t)
	s.Join("presence-room", auth.Member{ID: "ann"})
	s.Stop()
	s.Resume()
	if m := s.Members("presence-room"); len(m) != 1 || m[0] != "ann" {
		t.Errorf("after a Resume there are %q", m)
	}
	s.Stop()
	s.Restart()
	if m := s.Members("presence-room"); len(m) != 0 {
		t.Errorf("after a Restart there are %q", m)
	}
	client := connect(s) // and it is reachable
	defer client.Close()
}

// What clients have sent to a channel is told in its order.
func TestClientEvents(t *testing.T) {
	s := rtxtest.NewServer(t)
	client := connect(s)
	defer client.Close()
	subscribe(t, client, "private-chat")
	for range 3 {
		if err := client.Channel("private-chat").Trigger(t.Context(), "client-e", 1); err != nil {
			t.Fatal(err)
		}
	}
	events := s.WaitClientEvents("private-chat", 3)
	if len(events) != 3 || len(s.ClientEvents("private-chat")) != 3 || len(s.ClientEvents("private-other")) != 0 {
		t.Errorf("got %+v", events)
	}
	for _, e := range events {
		if e.SocketID == "" || e.Channel != "private-chat" || e.Event != "client-e" || string(e.Data) != "1" || !e.Relayed {
			t.Errorf("got %+v", e)
		}
	}
}

// A server without a test panics where it would fail one, and says why.
func TestAServerWithoutATestPanics(t *testing.T) {
	s, err := rtxtest.Start(rtxtest.WithWait(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, call := range map[string]func(){
		"Publish":          func() { s.Publish("a", "e", make(chan int)) },
		"Join":             func() { s.Join("a", auth.Member{}) },
		"FailAuth":         func() { s.FailAuth(1, 0) },
		"WaitSubscribed":   func() { s.WaitSubscribed("a") },
		"WaitClientEvents": func() { s.WaitClientEvents("a", 1) },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "rtxtest: ") {
					t.Errorf("%s: %q", name, text)
				}
			}()
			call()
		}()
	}
}
