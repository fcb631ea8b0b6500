package rtx_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// The service's id of an event is the same for each client, stream and view, and another for the
// next event.
func TestMessageID(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		one, two := connect(t, s), connect(t, s)
		a := rtx.On[rtx.Message[int]](t.Context(), one.Channel("a"), "e")
		all := rtx.On[*rtx.Message[json.RawMessage]](t.Context(), one, "*")
		b := rtx.On[rtx.Message[[]byte]](t.Context(), two.Channel("a"), "e")
		for _, ready := range []func() error{func() error { return a.Ready(t.Context()) }, func() error { return b.Ready(t.Context()) }} {
			if err := ready(); err != nil {
				t.Fatal(err)
			}
		}
		seen := make(map[string]bool)
		for n := range 3 {
			id := s.Publish("a", "e", n)
			if id == "" || seen[id] {
				t.Errorf("event %d has the id %q", n, id)
			}
			seen[id] = true
			if of := (<-a.C).ID; of != id {
				t.Errorf("event %d has the id %q on a stream of one event, and %q", n, of, id)
			}
			if of := (<-all.C).ID; of != id {
				t.Errorf("event %d has the id %q on a stream of the whole client, and %q", n, of, id)
			}
			if of := (<-b.C).ID; of != id {
				t.Errorf("event %d has the id %q on another client, and %q", n, of, id)
			}
		}
	}, testserver.WithRecovery(time.Minute))
}

// Without recovery a last argument is none of the service's, and no event has an id.
func TestNoMessageIDWithoutRecovery(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		a := rtx.On[rtx.Message[int]](t.Context(), c.Channel("a"), "e")
		if err := a.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if id := s.Publish("a", "e", 1); id != "" {
			t.Errorf("published as %q", id)
		}
		s.Inject(`42["server-event",{"event":"e","channel":"a","data":2},"text"]`)
		for range 2 {
			if m := <-a.C; m.ID != "" {
				t.Errorf("%+v", m)
			}
		}
	})
}
