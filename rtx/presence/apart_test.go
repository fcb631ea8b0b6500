package presence_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A gated info is decoded once the test lets it, if it says so: that is as long as a roster can be
// made to take.
type gated struct{ Name string }

var gate chan struct{}

func (g *gated) UnmarshalJSON(b []byte) error {
	if strings.Contains(string(b), "wait") {
		<-gate
	}
	return json.Unmarshal(b, &g.Name)
}

// largeRoster is a confirmation of that many bytes at least, whose first member waits at the gate.
func largeRoster(size int, members ...string) string {
	var b strings.Builder
	b.WriteString(`42["realtimex_internal:subscription_succeeded",{"channel":"presence-a","pad":"` + strings.Repeat("x", size) + `","members":[{"user_id":"slow","user_info":"wait"}`)
	for _, id := range members {
		fmt.Fprintf(&b, `,{"user_id":%q,"user_info":%q}`, id, id)
	}
	return b.String() + `]}]`
}

// behindARoster runs f while the roster of a room is being decoded, until f opens the gate.
func behindARoster(t *testing.T, roster string, f func(t *testing.T, s *testserver.Server, c *rtx.Client, room *presence.Room[gated], open func())) {
	synctest.Test(t, func(t *testing.T) {
		gate = make(chan struct{})
		s := testserver.NewPipeServer(t)
		c := dial(t, s, "me")
		s.HoldConfirmations()
		room := presence.Watch[gated](t.Context(), c.Channel("presence-a"))
		synctest.Wait()
		s.Inject(roster)
		synctest.Wait()
		f(t, s, c, room, func() {
			close(gate)
			synctest.Wait()
		})
		_ = c.Close()
		s.Close()
		time.Sleep(time.Minute)
	})
}

func here(room *presence.Room[gated]) (names string) {
	for _, id := range []string{"ann", "bob", "cid", "me", "slow"} {
		if _, ok := room.Members().Get(id); ok {
			names += id + " "
		}
	}
	return names
}

// Other streams go on while a large roster is decoded, and the room is not ready before it is.
func TestOtherStreamsDoNotWaitForALargeRoster(t *testing.T) {
	goOnBehind(t, largeRoster(observe.LargeConfirmation, "ann"))
}

// The same if the reader has to parse the packet, because it does not begin with the channel.
func TestOtherStreamsDoNotWaitForALargeRosterOfAnotherForm(t *testing.T) {
	goOnBehind(t, strings.Replace(largeRoster(observe.LargeConfirmation, "ann"), `{"channel"`, `{"socket_id":"1.1","channel"`, 1))
}

func goOnBehind(t *testing.T, roster string) {
	behindARoster(t, roster, func(t *testing.T, s *testserver.Server, c *rtx.Client, room *presence.Room[gated], open func()) {
		stream := rtx.On[int](t.Context(), c.Channel("quotes"), "quote")
		synctest.Wait()
		s.Inject(`42["realtimex_internal:subscription_succeeded",{"channel":"quotes"}]`)
		s.Inject(`42["server-event",{"channel":"quotes","event":"quote","data":7}]`)
		s.Inject(`42["realtimex_internal:member_added",{"channel":"presence-a","user_id":"bob","user_info":"bob"}]`)
		s.Inject(`42["presence:member_removed",{"channel":"presence-a","user_id":"ann"}]`)
		synctest.Wait()
		select {
		case v := <-stream.C:
			if v != 7 {
				t.Error(v)
			}
		default:
			t.Error("an event of another stream waits for the roster")
		}
		if err := room.Readiness(); err == nil {
			t.Error("ready before the roster is there")
		}
		open()
		if err := room.Readiness(); err != nil {
			t.Error(err)
		}
		if got := here(room); got != "bob me slow " {
			t.Errorf("members are %s", got)
		}
	})
}

// Close returns once the goroutine that works on a roster has ended.
func TestCloseWaitsForALargeRoster(t *testing.T) {
	behindARoster(t, largeRoster(observe.LargeConfirmation, "ann"), func(t *testing.T, s *testserver.Server, c *rtx.Client, room *presence.Room[gated], open func()) {
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = c.Close()
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close has returned")
		default:
		}
		open()
		<-closed
		if err := room.Err(); !errors.Is(err, rtx.ErrClosed) {
			t.Error(err)
		}
	})
}

// The roster that is being decoded when the connection is lost is followed by Stale, and the one
// that waits behind it is dropped. The next connection comes after that.
func TestConnectionLostDuringALargeRoster(t *testing.T) {
	behindARoster(t, largeRoster(observe.LargeConfirmation, "ann"), func(t *testing.T, s *testserver.Server, c *rtx.Client, room *presence.Room[gated], open func()) {
		s.Inject(largeRoster(observe.LargeConfirmation, "cid"))
		synctest.Wait()
		s.DropAll(testserver.Reset)
		time.Sleep(10 * time.Second)
		if n := len(s.Connections()); n != 0 {
			t.Errorf("%d connections", n)
		}
		open()
		if got := here(room); got != "ann me slow " {
			t.Errorf("members are %s", got)
		}
		time.Sleep(time.Second)
		s.Inject(`42["realtimex_internal:subscription_succeeded",{"channel":"presence-a","members":["bob"]}]`)
		synctest.Wait()
		if got := here(room); got != "bob me " || room.Readiness() != nil {
			t.Errorf("members are %s; %v", got, room.Readiness())
		}
	})
}

// A room that is closed meanwhile has ended at once, and its channel is left.
func TestRoomClosedDuringALargeRoster(t *testing.T) {
	behindARoster(t, largeRoster(observe.LargeConfirmation, "ann"), func(t *testing.T, s *testserver.Server, c *rtx.Client, room *presence.Room[gated], open func()) {
		room.Close()
		if _, ok := <-room.C; ok || room.Err() != nil {
			t.Errorf("%t, %v", ok, room.Err())
		}
		again := presence.Watch[gated](t.Context(), c.Channel("presence-a"))
		open()
		s.Inject(largeRoster(observe.LargeConfirmation, "cid"))
		synctest.Wait()
		if got := here(again); got != "cid me slow " {
			t.Errorf("members are %s", got)
		}
	})
}

// confirmedBy runs f with what a room makes of a confirmation that is large, and with the ends of
// connections that it causes.
func confirmedBy(t *testing.T, confirmation string, f func(t *testing.T, room *presence.Room[gated], ends []error)) {
	synctest.Test(t, func(t *testing.T) {
		s := testserver.NewPipeServer(t)
		c := dial(t, s, "me")
		room := presence.Watch[gated](t.Context(), c.Channel("presence-a"))
		if err := room.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		confirmation = strings.Replace(confirmation, "PAD", `"`+strings.Repeat("x", observe.LargeConfirmation)+`"`, 1)
		states := c.States(t.Context())
		synctest.Wait()
		for len(states.C) > 0 {
			<-states.C
		}
		s.Inject("42" + confirmation)
		synctest.Wait()
		time.Sleep(time.Second)
		var ends []error
		for len(states.C) > 0 {
			if change := <-states.C; change.Err != nil {
				ends = append(ends, change.Err)
			}
		}
		f(t, room, ends)
		_ = c.Close()
		s.Close()
		time.Sleep(time.Minute)
	})
}

// What the whole of a large confirmation says is found by the goroutine that reads it.
func TestLargeConfirmations(t *testing.T) {
	const name = `"realtimex_internal:subscription_succeeded"`
	for what, test := range map[string]struct {
		confirmation, members string
		unknown               uint64
	}{
		"sent directly":       {`[` + name + `,{"channel":"presence-a","pad":PAD,"members":["ann"]}]`, "ann me ", 0},
		"by its other name":   {`["presence:subscription_succeeded",{"channel":"presence-a","pad":PAD,"members":["ann"]}]`, "ann me ", 0},
		"channel last":        {`[` + name + `,{"pad":PAD,"members":["ann"],"channel":"presence-a"}]`, "ann me ", 0},
		"no roster":           {`[` + name + `,{"channel":"presence-a","pad":PAD}]`, "me ", 0},
		"no JSON":             {`[` + name + `,{"channel":"presence-a","pad":PAD,"members":["ann"],"x":01}]`, "me ", 1},
		"another channel too": {`[` + name + `,{"channel":"presence-a","pad":PAD,"members":["ann"],"channel":"presence-b"}]`, "me ", 1},
		"of another channel":  {`[` + name + `,{"channel":"presence-b","pad":PAD,"members":["ann"]}]`, "me ", 0},
		"a second argument":   {`[` + name + `,{"channel":"presence-a","pad":PAD,"members":["ann"]},{"members":["bob"]}]`, "ann me ", 0},
	} {
		t.Run(what, func(t *testing.T) {
			confirmedBy(t, test.confirmation, func(t *testing.T, room *presence.Room[gated], ends []error) {
				if st := room.Stats(); here(room) != test.members || st.Unknown != test.unknown {
					t.Errorf("members are %s, %d unknown; want %s, %d", here(room), st.Unknown, test.members, test.unknown)
				}
				if len(ends) > 0 {
					t.Errorf("the connection ended by %v", ends)
				}
			})
		})
	}
}

// A fault between the values of a packet ends the session, also if it is found by the goroutine.
func TestBrokenLargeConfirmation(t *testing.T) {
	confirmedBy(t, `["realtimex_internal:subscription_succeeded",{"channel":"presence-a","pad":PAD,"members":["ann"]} {"x":1}]`,
		func(t *testing.T, room *presence.Room[gated], ends []error) {
			var fault *transport.ProtocolError
			if len(ends) != 1 || !errors.As(ends[0], &fault) {
				t.Errorf("the connection ended by %v", ends)
			}
			if err := room.Readiness(); err != nil || here(room) != "me " {
				t.Errorf("after the next connection: %v, members are %s", err, here(room))
			}
		})
}

// A stream that takes the confirmations themselves gets a large one as it would a small one.
func TestStreamOfLargeConfirmations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testserver.NewPipeServer(t)
		c := dial(t, s, "me")
		room := presence.Watch[gated](t.Context(), c.Channel("presence-a"))
		stream := rtx.On[map[string]any](t.Context(), c.Channel("presence-a"), "realtimex_internal:subscription_succeeded")
		if err := room.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for len(stream.C) > 0 {
			<-stream.C
		}
		s.Inject(`42["realtimex_internal:subscription_succeeded",{"channel":"presence-a","pad":"` + strings.Repeat("x", observe.LargeConfirmation) + `","members":["ann"]}]`)
		synctest.Wait()
		if len(stream.C) != 1 || here(room) != "ann me " {
			t.Errorf("%d confirmations; members are %s", len(stream.C), here(room))
		}
		_ = c.Close()
		s.Close()
		time.Sleep(time.Minute)
	})
}
