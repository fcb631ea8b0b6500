package rtx_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A roster that is larger than the read limit costs its own channel: after the second connection that it ended, the channel
// is refused, and the others live.
func TestRosterOverTheReadLimitCostsItsChannel(t *testing.T) {
	bubble(t, func(t *testing.T, s *rtxtest.Server) {
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
