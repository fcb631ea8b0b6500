package rtx_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A subscription that is larger than the service takes in one message is refused by itself: it is
// not sent, the connection lives, and so do the others, also after a reconnection.
func TestSubscriptionOverMaxPayload(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s))
		stream := opened[numbered](t, c.Channel("a"), "n")
		large := c.Channel("presence-large", rtx.WithUserData(map[string]string{"user_id": "1", "user_info": strings.Repeat("x", 20_000)}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, err := range []error{subscribe(ctx, large), rtx.On[numbered](t.Context(), large, "n").Ready(ctx)} {
			var refused *rtx.SubscribeError
			if !errors.As(err, &refused) || refused.Channel != "presence-large" || !errors.Is(err, rtx.ErrTooLarge) {
				t.Errorf("got %v", err)
			}
		}
		small := opened[numbered](t, c.Channel("presence-small", rtx.WithUserData(map[string]string{"user_id": "1"})), "n")
		publish(s, "a", 1)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		publish(s, "a", 2)
		publish(s, "presence-small", 3)
		if a, b := outline(stream), outline(small); a != "1 reconnected 2" || b != "reconnected 3" {
			t.Errorf("got %s and %s", a, b)
		}
		if n := s.Stats().Connects; n != 2 {
			t.Errorf("%d connections", n)
		}
		if n := len(s.ReceivedOn(testserver.KindSubscribe, "presence-large")); n != 0 {
			t.Errorf("it was sent %d times", n)
		}
	}, testserver.WithMaxPayload(10_000))
}

// A maxPayload that is too small to live with is a refusal of the connection, in words that say so.
func TestMaxPayloadTooSmallRefusesTheConnection(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		err := newClient(t, s).Connect(t.Context())
		var failed *rtx.DialError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), "maxPayload is 100 bytes") {
			t.Errorf("got %v", err)
		}
		if n := s.Stats().Connects; n != 0 {
			t.Errorf("%d connections", n)
		}
	}, testserver.WithMaxPayload(100))
}
