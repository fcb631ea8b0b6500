package auth_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// Who waits for a renewal that another request asked for stops waiting when its context ends.
func TestTokenRenewalIsWaitedForWithinTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		renewal := make(chan struct{})
		get := func(_ context.Context, refused bool) (string, error) {
			if refused {
				<-renewal
				return "new", nil
			}
			return "old", nil
		}
		network := over(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") == "Bearer old" {
				return reply(r, 401, ""), nil
			}
			return reply(r, 200, `{"auth":"`+signed+`"}`), nil
		})
		e := auth.Endpoint(fakeURL, network, auth.WithToken(get))
		first := make(chan error, 1)
		go func() {
			_, err := e.Authorize(t.Context(), private())
			first <- err
		}()
		synctest.Wait() // it renews

		cause := errors.New("nobody wants the channel any more")
		ctx, cancel := context.WithCancelCause(t.Context())
		second := make(chan error, 1)
		go func() {
			_, err := e.Authorize(ctx, private())
			second <- err
		}()
		synctest.Wait()
		cancel(cause)
		synctest.Wait()
		select {
		case err := <-second:
			if !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want the context's end and its cause", err)
			}
		default:
			t.Error("it waits on, for somebody else's renewal")
		}
		close(renewal)
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}
