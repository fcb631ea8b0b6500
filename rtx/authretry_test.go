package rtx_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// An authorizer that asks for 40 s is not asked before that, and soon after.
func TestRetryAfterOfTheAuthorizer(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var asked []time.Time
		c := connect(t, s, rtx.WithAuth(auth.Func(func(_ context.Context, r auth.Request) (auth.Grant, error) {
			asked = append(asked, time.Now())
			if len(asked) <= 2 {
				return auth.Grant{}, &auth.RetryError{Channel: r.Channel, Status: 503, After: 40 * time.Second}
			}
			return s.Signer().Private(r.SocketID, r.Channel)
		})))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		if _, err := c.Channel("private-a").Subscribe(ctx); err != nil {
			t.Fatal(err)
		}
		for i := range asked[1:] {
			if d := asked[i+1].Sub(asked[i]); d < 40*time.Second || d > 60*time.Second {
				t.Errorf("asked again after %v", d)
			}
		}
	})
}

// The outcome of a question is of no use to who came after those who had asked it. They ask for
// themselves, and once it is there: on one connection two questions about a channel are never under
// way at once.
func TestOldOutcomeOfTheAuthorizer(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var mu sync.Mutex
		underWay := make(map[string]int)
		var asked []string
		c := connect(t, s, rtx.WithAuth(auth.Func(func(_ context.Context, r auth.Request) (auth.Grant, error) {
			what := r.SocketID + " " + r.Channel
			mu.Lock()
			asked = append(asked, string(r.UserData))
			n := len(asked)
			if underWay[what]++; underWay[what] > 1 {
				t.Errorf("%d questions at once about %s", underWay[what], r.Channel)
			}
			mu.Unlock()
			time.Sleep(10 * time.Second) // heeds no context
			mu.Lock()
			underWay[what]--
			mu.Unlock()
			if n == 1 {
				return auth.Grant{}, &auth.DeniedError{Channel: r.Channel, Status: 403}
			}
			return s.Signer().Presence(r.SocketID, r.Channel, string(r.UserData))
		})))
		ch := func(id string) *rtx.Channel {
			return c.Channel("presence-a", rtx.WithUserData(map[string]string{"user_id": id}))
		}
		first := rtx.On[numbered](t.Context(), ch("1"), "n")
		time.Sleep(time.Second)
		for range 5 {
			if err := c.ForceUnsubscribe(ch("1").Name()); err != nil {
				t.Fatal(err)
			}
			_ = rtx.On[numbered](t.Context(), ch("2"), "n")
			time.Sleep(time.Second)
		}
		stream := rtx.On[numbered](t.Context(), ch("2"), "n")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := stream.Ready(ctx); err != nil {
			t.Errorf("the denial of an earlier one's question: %v", err)
		}
		synctest.Wait()
		if got := strings.Join(s.Members("presence-a"), " "); got != "2" || first.Err() == nil {
			t.Errorf("members are %s", got)
		}
		if len(asked) != 2 {
			t.Errorf("asked for %v", asked)
		}
	})
}
