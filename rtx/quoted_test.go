package rtx_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A refusal that quotes a signature shows none of it: neither that of its own channel nor that of
// another.
func TestRefusalShowsNoSignature(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var mu sync.Mutex
		signed := make(map[string]string)
		signer := s.Signer()
		c := connect(t, s, rtx.WithAuth(auth.Func(func(_ context.Context, r auth.Request) (auth.Grant, error) {
			g, err := signer.Private(r.SocketID, r.Channel)
			mu.Lock()
			defer mu.Unlock()
			signed[r.Channel] = g.Auth
			if r.Channel == "private-b" {
				s.Deny("private-b", "bad signature "+g.Auth+", unlike "+signed["private-a"], 4009)
			}
			return g, err
		})))
		_ = opened[numbered](t, c.Channel("private-a"), "n")
		_, err := c.Channel("private-b").Subscribe(t.Context())
		var refused *rtx.SubscribeError
		if !errors.As(err, &refused) || !strings.Contains(refused.Message, "bad signature") {
			t.Fatalf("got %v", err)
		}
		for channel, secret := range signed {
			_, sum, _ := strings.Cut(secret, ":")
			if sum == "" || strings.Contains(err.Error()+refused.Message, sum) {
				t.Errorf("the signature of %s is shown: %s", channel, err)
			}
		}
	})
}
