package presence_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// A Ready whose context ends says the same as that of a stream of the channel: what was waited for,
// and the last failure.
func TestReadySaysWhatItWaitedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		fault   func(*testserver.Server)
		offline bool
		last    func(error) bool
	}{
		"the endpoint answers 500": {fault: func(s *testserver.Server) { s.Auth().FailNext(1<<20, 500) },
			last: func(err error) bool { var e *auth.RetryError; return errors.As(err, &e) && e.Status == 500 }},
		"the service never confirms": {fault: func(s *testserver.Server) { s.HangNext(testserver.StepSubscribe, 1<<20) },
			last: func(err error) bool { return errors.Is(err, rtx.ErrSubscribeTimeout) }},
		"nobody connects": {offline: true, last: func(err error) bool { return err == nil }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := testserver.NewPipeServer(t)
				defer time.Sleep(time.Minute)
				defer s.Close()
				c, err := rtx.New(s.Key(), rtx.WithURL(s.URL()), rtx.WithHTTPClient(s.HTTPClient()),
					rtx.WithUserData(map[string]string{"user_id": "1"}),
					rtx.WithAuth(auth.Endpoint(s.AuthEndpoint(), auth.WithHTTPClient(s.HTTPClient()), auth.WithPlainHTTP())))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if !tt.offline {
					if err := c.Connect(t.Context()); err != nil {
						t.Fatal(err)
					}
					tt.fault(s)
				}
				room := presence.Watch[guest](t.Context(), c.Channel("presence-a"))
				stream := rtx.On[guest](t.Context(), c.Channel("presence-a"), "n")
				why := errors.New("no more time")
				ctx, cancel := context.WithTimeoutCause(t.Context(), 15*time.Second, why)
				defer cancel()
				want := make(chan error, 1)
				go func() { want <- stream.Ready(ctx) }()
				err = room.Ready(ctx)
				var wait *rtx.WaitError
				if !errors.As(err, &wait) || wait.Cause != why || !tt.last(wait.Last) {
					t.Fatalf("got %v", err)
				}
				if of := <-want; of.Error() != err.Error() {
					t.Errorf("got %v, a stream says %v", err, of)
				}
				if room.Err() != nil {
					t.Errorf("the room has ended: %v", room.Err())
				}
			})
		})
	}
}

// A room that never was open says why, also to a context that has ended.
func TestReadyOfARoomThatIsNone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := presence.Watch[guest](t.Context(), nil).Ready(ctx); err == nil || errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
}
