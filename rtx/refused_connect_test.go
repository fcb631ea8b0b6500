package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// history is what states has told so far, in words.
func history(states *rtx.States) string {
	synctest.Wait()
	var words []string
	for {
		select {
		case st, ok := <-states.C:
			if !ok {
				return strings.Join(words, " ")
			}
			words = append(words, st.State.String())
		default:
			return strings.Join(words, " ")
		}
	}
}

// Of the refusals of CONNECT only those that concern the key are final. What else is refused at
// first is retried with WithConnectRetry; without it the client is idle again, and Connect may be
// called anew.
func TestRefusalsOfConnect(t *testing.T) {
	tests := []struct {
		text  string
		code  int
		final bool
		least time.Duration // before the next attempt
	}{
		{"Over capacity, try again", 4100, false, 15 * time.Second},
		{"later", 4199, false, 15 * time.Second},
		{"come back", 4200, false, 0},
		{"odd", 7, false, 15 * time.Second},
		{"we are moving", 0, false, 15 * time.Second},
		{"application disabled", 4003, true, 0},
		{"Invalid API key", 0, true, 0},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.code, " ", tt.text), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := newClient(t, s, rtx.WithConnectRetry())
				states := c.States(t.Context())
				s.RefuseConnectNext(2, tt.text, tt.code)
				start := time.Now()
				err := c.Connect(t.Context())
				if tt.final {
					var refused *rtx.ConnectError
					if !errors.As(err, &refused) || !refused.Final || refused.Code != tt.code || refused.Message != tt.text {
						t.Errorf("got %#v", err)
					}
					if got := history(states); got != "idle connecting failed" {
						t.Errorf("states %s", got)
					}
					return
				}
				if d := time.Since(start); err != nil || d < 2*tt.least || d > time.Minute {
					t.Errorf("%v after %v", err, d)
				}
			})
			bubble(t, func(t *testing.T, s *testserver.Server) {
				if tt.final {
					return
				}
				c := newClient(t, s)
				states := c.States(t.Context())
				s.RefuseConnectNext(1, tt.text, tt.code)
				var refused *rtx.ConnectError
				if err := c.Connect(t.Context()); !errors.As(err, &refused) || refused.Final || refused.Code != tt.code {
					t.Errorf("got %#v", err)
				}
				if err := c.Connect(t.Context()); err != nil {
					t.Errorf("the next: %v", err)
				}
				if got := history(states); got != "idle connecting idle connecting connected" {
					t.Errorf("states %s", got)
				}
			})
		})
	}
}

// A wrong key is told as connecting, then failed, whatever way the service has of saying it.
func TestStatesOfAWrongKey(t *testing.T) {
	for _, way := range []testserver.BadKey{testserver.RefuseConnect, testserver.RefuseHTTP} {
		bubble(t, func(t *testing.T, s *testserver.Server) {
			c, err := rtx.New("another-key", rtx.WithURL(s.URL()), rtx.WithHTTPClient(s.HTTPClient()))
			if err != nil {
				t.Fatal(err)
			}
			states := c.States(t.Context())
			err = c.Connect(t.Context())
			if err == nil || strings.Contains(err.Error(), "another-key") {
				t.Errorf("Connect: %v", err)
			}
			if got := history(states); got != "idle connecting failed" {
				t.Errorf("states %s", got)
			}
			<-c.Done()
			if n := s.Stats().Handshakes; n != 1 {
				t.Errorf("%d handshakes", n)
			}
		}, testserver.WithBadKey(way))
	}
}

// Retry-After of a 429 or 503 is heeded, with jitter above it, up to five minutes.
func TestRetryAfterOfTheHandshake(t *testing.T) {
	tests := []struct {
		status      int
		after       string
		least, most time.Duration // for two attempts
	}{
		{503, "7", 14 * time.Second, 15 * time.Second},
		{429, "7", 14 * time.Second, 15 * time.Second},
		{503, "86400", 10 * time.Minute, 10*time.Minute + time.Second},
		{503, "soon", 0, time.Second},
		{429, "", 30 * time.Second, time.Minute},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status, " ", tt.after), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := newClient(t, s, rtx.WithConnectRetry())
				s.RefuseNextAfter(2, tt.status, tt.after)
				start := time.Now()
				if err := c.Connect(t.Context()); err != nil {
					t.Fatal(err)
				}
				if d := time.Since(start); d < tt.least || d > tt.most {
					t.Errorf("connected after %v, want %v to %v", d, tt.least, tt.most)
				}
			})
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := newClient(t, s)
				s.RefuseNextAfter(1, tt.status, tt.after)
				var failed *rtx.DialError
				want := min(tt.least/2, 5*time.Minute)
				if tt.after == "" {
					want = 0
				}
				if err := c.Connect(t.Context()); !errors.As(err, &failed) || failed.RetryAfter != want || !failed.Retryable {
					t.Errorf("got %+v", failed)
				}
			})
		})
	}
}

// The error of a failed attempt says what it means and what to do, as the command line does.
func TestFailedAttemptSaysWhatToDo(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		cases := map[string][]rtx.Option{
			"does not speak TLS":  {rtx.WithURL("wss" + strings.TrimPrefix(s.URL(), "http"))},
			"no RealtimeX server": {rtx.WithURL(s.URL() + "/elsewhere/")},
		}
		for want, opts := range cases {
			c := newClient(t, s, opts...)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			var failed *rtx.DialError
			err := c.Connect(ctx)
			cancel()
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "WithURL") {
				t.Errorf("got %v, want it to say %q", err, want)
			}
		}
	})
}
