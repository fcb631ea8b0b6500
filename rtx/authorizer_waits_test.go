package rtx_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A channel that is given up while it waits for its turn is not asked for.
func TestAChannelGivenUpIsNotAuthorised(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var mu sync.Mutex
		var asked []string
		c := connect(t, s, rtx.WithAuth(capped{auth.Func(func(_ context.Context, r auth.Request) (auth.Grant, error) {
			mu.Lock()
			asked = append(asked, r.Channel)
			mu.Unlock()
			time.Sleep(time.Second)
			return s.Signer().Private(r.SocketID, r.Channel)
		}), 1}))
		wanted := rtx.On[numbered](t.Context(), c.Channel("private-a"), "n")
		given := rtx.On[numbered](t.Context(), c.Channel("private-b"), "n")
		time.Sleep(time.Millisecond)
		given.Close()
		if err := wanted.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if len(asked) != 1 || asked[0] != "private-a" {
			t.Errorf("asked for %q", asked)
		}
	})
}
