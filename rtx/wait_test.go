package rtx_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A wait that ends by its context says what it waited for, and the last thing that went wrong.
func TestWaitsSayWhatTheyWaitedFor(t *testing.T) {
	retry := func(err error) bool { var e *auth.RetryError; return errors.As(err, &e) }
	dialled := func(err error) bool {
		var e *rtx.DialError
		return errors.As(err, &e) && e.Status == 503
	}
	unconfirmed := func(err error) bool { return errors.Is(err, rtx.ErrSubscribeTimeout) }
	refused := func(err error) bool {
		var e *rtx.SubscribeError
		return errors.As(err, &e) && e.Code == 4150 && e.Channel == "private-a"
	}
	nothing := func(err error) bool { return err == nil }
	tests := map[string]struct {
		fault   func(*testserver.Server)
		offline bool // the client is not connected
		limit   time.Duration
		waited  string // for what
		last    func(error) bool
	}{
		"the endpoint answers 500": {fault: func(s *testserver.Server) { s.Auth().FailNext(1<<20, 500) }, limit: 9 * time.Second,
			waited: `the subscription of "private-a"`, last: retry},
		"the endpoint hangs": {fault: func(s *testserver.Server) { s.Auth().HangNext(1 << 20) }, limit: 9 * time.Second,
			waited: `the subscription of "private-a"`, last: retry},
		"the endpoint hangs for the first time": {fault: func(s *testserver.Server) { s.Auth().HangNext(1) }, limit: time.Second,
			waited: `the subscription of "private-a"`, last: nothing},
		"the service never confirms": {fault: func(s *testserver.Server) { s.HangNext(testserver.StepSubscribe, 1<<20) }, limit: 15 * time.Second,
			waited: `the subscription of "private-a"`, last: unconfirmed},
		"the service has not confirmed yet": {fault: func(s *testserver.Server) { s.HangNext(testserver.StepSubscribe, 1<<20) }, limit: 5 * time.Second,
			waited: `the subscription of "private-a"`, last: nothing},
		"the service is busy": {fault: func(s *testserver.Server) { s.Deny("private-a", "busy", 4150) }, limit: 9 * time.Second,
			waited: `the subscription of "private-a"`, last: refused},
		"nobody connects": {offline: true, limit: time.Second,
			waited: `a connection, to subscribe to "private-a"`, last: nothing},
		"the service is away": {fault: func(s *testserver.Server) { s.RefuseNext(1 << 20); s.DropAll(testserver.Reset) }, limit: 9 * time.Second,
			waited: `a connection, to subscribe to "private-a"`, last: dialled},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := newClient(t, s, endpoint(s))
				if !tt.offline {
					if err := c.Connect(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if tt.fault != nil {
					tt.fault(s)
					time.Sleep(time.Millisecond)
				}
				ch := c.Channel("private-a")
				stream := rtx.On[numbered](t.Context(), ch, "n")
				why := errors.New("no more time")
				waits := map[string]func(context.Context) error{
					"Ready": stream.Ready, "Subscribe": func(ctx context.Context) error { return subscribe(ctx, ch) },
					"Ready of a group": rtx.On[numbered](t.Context(), rtx.NewGroup(ch), "n").Ready,
				}
				if tt.waited == `the subscription of "private-a"` {
					waits["Trigger"] = func(ctx context.Context) error { return ch.Trigger(ctx, "client-n", 1) }
				}
				ctx, cancel := context.WithTimeoutCause(t.Context(), tt.limit, why)
				defer cancel()
				results := make(map[string]chan error)
				for name, wait := range waits {
					result := make(chan error, 1)
					results[name] = result
					go func() { result <- wait(ctx) }()
				}
				for name, result := range results {
					err := <-result
					var wait *rtx.WaitError
					if !errors.As(err, &wait) || !errors.Is(err, why) || wait.Cause != why {
						t.Errorf("%s: %v", name, err)
						continue
					}
					if wait.For != tt.waited || !tt.last(wait.Last) || wait.Last != nil && !tt.last(err) {
						t.Errorf("%s: waited for %q, want %q; last failure %v", name, wait.For, tt.waited, wait.Last)
					}
					if text := err.Error(); !strings.Contains(text, wait.For) || !strings.Contains(text, why.Error()) ||
						wait.Last != nil && !strings.Contains(text, wait.Last.Error()) {
						t.Errorf("%s: %s", name, text)
					}
				}
			})
		})
	}
}

// A failure that has passed is not reported any more.
func TestWaitForgetsWhatPassed(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, endpoint(s))
		s.Auth().FailNext(2, 500)
		ch := c.Channel("private-a")
		if _, err := ch.Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.HangNext(testserver.StepSubscribe, 1)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wait *rtx.WaitError
		if _, err := ch.Subscribe(ctx); !errors.As(err, &wait) || wait.Last != nil {
			t.Errorf("got %v", err)
		}
	})
}

// Err tells of a context's end at once, not when its callback has run.
func TestErrRightAfterCancel(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		why := errors.New("enough")
		for range 1000 {
			ctx, cancel := context.WithCancelCause(t.Context())
			stream := rtx.On[numbered](ctx, c.Channel("a"), "n")
			states := c.States(ctx)
			cancel(why)
			if err := stream.Err(); !errors.Is(err, why) {
				t.Fatalf("Err: %v", err)
			}
			if err := states.Err(); !errors.Is(err, why) {
				t.Fatalf("Err of states: %v", err)
			}
			if _, ok := <-stream.C; ok {
				t.Fatal("C is not closed")
			}
		}
	})
}
