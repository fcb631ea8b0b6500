package rtx_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// All tells each state in its order, from the current one to the last, and then ends.
func TestAllStates(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := newClient(t, s)
		states := c.States(t.Context())
		if now := states.Current(); now.State != rtx.StateIdle {
			t.Errorf("begins with %v", now)
		}
		for change := range states.All() { // a loop that is left early loses nothing
			if change.State != rtx.StateIdle {
				t.Errorf("first: %v", change)
			}
			break
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		if now := states.Current(); now.State != rtx.StateConnected || now.SocketID != c.SocketID() {
			t.Errorf("ahead of what was read: %v", now)
		}
		if states.Err() != nil {
			t.Errorf("open, and %v", states.Err())
		}
		_ = c.Close()
		var all []rtx.State
		for change := range states.All() {
			all = append(all, change.State)
		}
		want := []rtx.State{rtx.StateConnecting, rtx.StateConnected, rtx.StateReconnecting, rtx.StateConnected, rtx.StateClosed}
		if len(all) != len(want) {
			t.Fatalf("got %v, want %v", all, want)
		}
		for i := range want {
			if all[i] != want[i] {
				t.Errorf("got %v, want %v", all, want)
			}
		}
		if !errors.Is(states.Err(), rtx.ErrClosed) || states.Current().State != rtx.StateClosed {
			t.Errorf("after the end: %v, %v", states.Err(), states.Current())
		}
	})
}

// Close ends the states alone.
func TestStatesClose(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		states, other := c.States(t.Context()), c.States(t.Context())
		for range 2 {
			states.Close()
		}
		if first, ok := <-states.C; !ok || first.State != rtx.StateConnected {
			t.Errorf("what was buffered: %v, %v", first, ok)
		}
		if _, ok := <-states.C; ok || states.Err() != nil {
			t.Errorf("open: %v; %v", ok, states.Err())
		}
		s.DropAll(testserver.Reset)
		synctest.Wait()
		await(t, other, rtx.StateReconnecting)
		if now := states.Current().State; now == rtx.StateIdle {
			t.Errorf("Current has stopped at %v", now)
		}
	})
}

func TestZeroStatesHaveEnded(t *testing.T) {
	for _, states := range []*rtx.States{nil, {}, (*rtx.Client)(nil).States(t.Context())} {
		for change := range states.All() {
			t.Errorf("gives %v", change)
		}
		if states.Err() == nil || states.Current().State != rtx.StateClosed {
			t.Errorf("%v, %v", states.Err(), states.Current())
		}
		states.Close()
	}
}
