package mirror

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// What apply did before it panicked is not there with the next event.
func TestHalfOfWhatApplyDidIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{values: map[string]int{"a": 1}}
		m := Open(t.Context(), client.Channel("x"), "set", n.load, func(s *State[string, int], e map[string]int) {
			set(s, e)
			if e["a"] == 99 {
				panic("in the middle")
			}
		})
		wantFresh(t, m, n.values)
		srv.Publish("x", "set", map[string]int{"a": 99, "z": 1})
		time.Sleep(time.Minute)
		wantFresh(t, m, n.values)
		srv.Publish("x", "set", map[string]int{"b": 2})
		wantFresh(t, m, map[string]int{"a": 1, "b": 2})
	})
}

// A channel that is confirmed before a load begins is no reason for another, also if the mirror was
// busy and learns of both at the same time.
func TestWhatCameBeforeALoadIsNoReasonForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := testserver.NewPipeServer(t)
		client, err := rtx.Dial(t.Context(), srv.Key(), rtx.WithURL(srv.URL()), rtx.WithHTTPClient(srv.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		group := rtx.NewGroup(client.Channel("a"))
		n := &numbers{values: map[string]int{"a": 1}}
		m := Open(t.Context(), group, "set", n.load, func(s *State[string, int], e map[string]int) {
			time.Sleep(2 * time.Second)
			set(s, e)
		})
		wantFresh(t, m, n.values)
		for i := range 20 { // which of the two it looks at first is drawn
			time.Sleep(time.Minute)
			release := srv.HoldConfirmations()
			if err := group.Add(client.Channel(fmt.Sprint("c", i))); err != nil {
				t.Fatal(err)
			}
			m.Reload() // waits for the new channel
			synctest.Wait()
			srv.Publish("a", "set", maps.Clone(n.values))
			time.Sleep(time.Second)
			release()
			time.Sleep(time.Minute)
			wantFresh(t, m, n.values)
		}
		if s := m.Stats(); s.Failed != 0 || s.Loads != 21 {
			t.Errorf("%+v", s)
		}
		_ = client.Close()
		srv.Close()
		time.Sleep(time.Minute) // for close timers to run out
	})
}
