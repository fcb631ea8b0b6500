package rtx_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// A roster that is larger than the read limit costs its own channel: after the second connection
// that it ended, the channel is refused, and the others live.
func TestRosterOverTheReadLimitCostsItsChannel(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		for i := range 40 {
			s.Join("presence-big", auth.Member{ID: string(rune('a' + i)), Info: strings.Repeat("x", 1024)})
		}
		c := newClient(t, s, signing(s), rtx.WithReadLimit(16<<10), rtx.WithUserData(map[string]string{"user_id": "me"}))
		good := rtx.On[numbered](t.Context(), c.Channel("good"), "n")
		room := presence.Watch[string](t.Context(), c.Channel("presence-big"))
		other := rtx.On[numbered](t.Context(), c.Channel("other"), "n")
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		var refused *rtx.SubscribeError
		if err := room.Err(); !errors.As(err, &refused) || refused.Channel != "presence-big" || !errors.Is(err, rtx.ErrTooLarge) {
			t.Errorf("the room: %v", err)
		}
		if n := s.Stats().Connects; n > 4 {
			t.Errorf("%d connects", n)
		}
		for _, stream := range []*rtx.Stream[numbered]{good, other} {
			if err := stream.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		publish(s, "good", 1)
		publish(s, "other", 2)
		if next(t, good).N != 1 || next(t, other).N != 2 {
			t.Error("the others do not live")
		}
	})
}

// The same for any frame over the limit that comes again after each return: the last event of a
// channel, which a service repeats to whoever subscribes, in whatever form, before the confirmation
// or soon after it.
func TestFrameOverTheReadLimitAfterEachReturn(t *testing.T) {
	huge := strings.Repeat("x", 20<<10)
	const confirmed = `42["realtimex_internal:subscription_succeeded",{"channel":"CHANNEL"}]`
	for form, frames := range map[string][]string{
		"of the service's own form": {`42["server-event",{"channel":"bad","event":"n","data":"` + huge + `"}]`},
		"with an attachment":        {`451-["server-event",{"channel":"bad","event":"n","data":["` + huge + `",{"_placeholder":true,"num":0}]}]`},
		"that wants an answer":      {`427["server-event",{"channel":"bad","event":"n","data":"` + huge + `"}]`},
		"payload first":             {`42["server-event",{"data":"` + huge + `","event":"n","channel":"bad"}]`},
		"that blames another":       {`42["server-event",{"event":"n","channel":"other","data":"` + huge + `","channel":"bad"}]`},
		"no packet at all":          {huge},
		"too many attachments":      {`4511-["server-event",{"channel":"bad","event":"n","data":{"_placeholder":true,"num":0}}]`},
		"attachments that are too large together": {
			`452-["server-event",{"channel":"bad","event":"n","data":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]}]`,
			attached + huge[:10<<10], attached + huge[:10<<10],
		},
		"an attachment that blames another": {
			`451-["server-event",{"channel":"bad","event":"n","data":{"_placeholder":true,"num":0}}]`,
			attached + `42["server-event",{"channel":"other","event":"n","data":"` + huge + `"}]`,
		},
	} {
		for when, reply := range map[string]answer{
			"before the confirmation": {packets: slices.Concat(frames, []string{confirmed})},
			"after it":                {packets: slices.Concat([]string{confirmed}, frames)},
			"soon after it":           {packets: []string{confirmed}, after: frames, pause: 50 * time.Millisecond},
		} {
			t.Run(form+", "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newHostileService(t)
					s.always = map[string]answer{"bad": reply}
					c, err := rtx.New("key", rtx.WithURL("ws://pipe.test"), rtx.WithHTTPClient(s.client()), rtx.WithReadLimit(16<<10))
					if err != nil {
						t.Fatal(err)
					}
					good := rtx.On[numbered](t.Context(), c.Channel(goodChannel), "n")
					bad := rtx.On[numbered](t.Context(), c.Channel("bad"), "n")
					other := rtx.On[numbered](t.Context(), c.Channel("other"), "n")
					if err := c.Connect(t.Context()); err != nil {
						t.Fatal(err)
					}
					time.Sleep(5 * time.Minute)
					var refused *rtx.SubscribeError
					if err := bad.Err(); !errors.As(err, &refused) || refused.Channel != "bad" || !errors.Is(err, rtx.ErrTooLarge) {
						t.Errorf("the channel: %v", err)
					}
					for _, stream := range []*rtx.Stream[numbered]{good, other} {
						if st := stream.Err(); st != nil {
							t.Errorf("another channel: %v", st)
						}
					}
					s.mu.Lock()
					dials := s.dials
					s.mu.Unlock()
					if dials > 4 {
						t.Errorf("%d connections", dials)
					}
					_ = c.Close()
					s.close()
					time.Sleep(time.Minute)
				})
			})
		}
	}
}
