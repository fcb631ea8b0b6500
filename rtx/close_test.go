package rtx

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Close returns as soon as what is under way can end, whatever it is, and leaves nothing: synctest
// fails a test that ends with a goroutine in its bubble.
func TestCloseInEachPhase(t *testing.T) {
	heeds := func(ctx context.Context, _ int, _ *scriptedSession) error {
		<-ctx.Done()
		return &transport.HandshakeError{Step: "open", Code: -1, Err: context.Cause(ctx)}
	}
	tests := []struct {
		name   string
		dial   func(context.Context, int, *scriptedSession) error
		use    func(*scripted)
		want   time.Duration // how long Close takes
		err    error         // of Connect
		reason error         // the session's; nil if there is none
	}{
		{name: "dialing", dial: heeds, err: ErrClosed},
		{name: "dialing, and it takes a while to leave nothing behind", want: 2 * time.Second, err: ErrClosed,
			dial: func(ctx context.Context, n int, s *scriptedSession) error {
				<-ctx.Done()
				time.Sleep(2 * time.Second)
				return errNoRoute
			}},
		{name: "dialing, and it succeeds too late", want: 2 * time.Second, err: ErrClosed, reason: transport.ErrClosed,
			dial: func(ctx context.Context, n int, s *scriptedSession) error {
				<-ctx.Done()
				time.Sleep(2 * time.Second)
				return nil
			}},
		{name: "up", err: ErrClosed, reason: transport.ErrClosed,
			dial: func(_ context.Context, _ int, s *scriptedSession) error { s.greets = false; return nil }},
		{name: "waiting", dial: unreachable, err: ErrClosed},
		{name: "connected", reason: transport.ErrClosed},
		{name: "the service does not answer the close frame", want: time.Second, reason: transport.ErrClosed,
			dial: func(_ context.Context, _ int, s *scriptedSession) error { s.closeTime = time.Second; return nil }},
		{name: "writing", want: time.Second, reason: transport.ErrClosed,
			dial: func(_ context.Context, _ int, s *scriptedSession) error {
				s.closeTime, s.writeTime = time.Second, time.Hour
				return nil
			},
			use: func(s *scripted) { On[int](context.Background(), s.c.Channel("a"), "n") }},
		{name: "authorising", reason: transport.ErrClosed,
			use: func(s *scripted) { On[int](context.Background(), s.c.Channel("private-hangs"), "n") }},
		{name: "pinging", reason: transport.ErrClosed,
			dial: func(_ context.Context, _ int, s *scriptedSession) error { s.pongs = false; return nil },
			use: func(s *scripted) {
				if _, err := s.c.Ping(context.Background()); !errors.Is(err, ErrNotConnected) {
					s.tb.Errorf("Ping: %v", err)
				}
			}},
		{name: "backing off a channel", reason: transport.ErrClosed,
			use: func(s *scripted) { On[int](context.Background(), s.c.Channel("private-busy"), "n") }},
	}
	for _, tt := range tests {
		for _, callers := range []int{1, 3} {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newScripted(t, WithConnectRetry(), WithBackoff(time.Hour, 10*time.Hour), withGrace(time.Minute),
						WithAuth(auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
							if r.Channel == "private-busy" {
								return auth.Grant{}, &auth.RetryError{After: time.Hour}
							}
							<-ctx.Done()
							return auth.Grant{}, ctx.Err()
						})))
					s.dial = tt.dial
					var calls sync.WaitGroup
					connecting := make(chan error, 1)
					calls.Go(func() { connecting <- s.c.Connect(context.Background()) })
					time.Sleep(time.Second / 2)
					if tt.use != nil {
						calls.Go(func() { tt.use(s) })
					}
					time.Sleep(time.Second / 2)
					start := time.Now()
					for range callers {
						calls.Go(func() {
							if err := s.c.Close(); err != nil {
								t.Error(err)
							}
							if d := time.Since(start); d != tt.want {
								t.Errorf("Close took %v, want %v", d, tt.want)
							}
						})
					}
					calls.Wait()
					if err := <-connecting; !errors.Is(err, tt.err) {
						t.Errorf("Connect: %v, want %v", err, tt.err)
					}
					<-s.c.Done()
					if s.c.Err() != nil || s.c.State() != StateClosed {
						t.Errorf("Err %v, state %v", s.c.Err(), s.c.State())
					}
					if len(s.sessions) == 0 != (tt.reason == nil) {
						t.Errorf("%d sessions", len(s.sessions))
					}
					for _, sess := range s.sessions {
						if !errors.Is(sess.cause(), tt.reason) {
							t.Errorf("closed with %v", sess.cause())
						}
					}
					synctest.Wait()
					if n := len(goroutines()); n != 0 {
						t.Errorf("%d goroutines are left", n)
					}
				})
			})
		}
	}
}

// The steps of a real handshake, each of which can hang.
func TestCloseInEachStepOfAHandshake(t *testing.T) {
	steps := map[string]struct {
		fault func(*testserver.Server)
		opts  func(*testserver.Server) []Option
	}{
		"dial": {opts: func(*testserver.Server) []Option {
			return []Option{WithHTTPClient(&http.Client{Transport: &http.Transport{
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
			}})}
		}},
		"TLS": {opts: func(s *testserver.Server) []Option {
			return []Option{WithURL("wss://127.0.0.1:1"), WithHTTPClient(&http.Client{Transport: &http.Transport{
				DialContext: func(context.Context, string, string) (net.Conn, error) {
					ours, _ := net.Pipe()
					return ours, nil
				},
			}})}
		}},
		"upgrade": {fault: func(s *testserver.Server) { s.HangNext(testserver.StepHandshake, 1) }},
		"open":    {fault: func(s *testserver.Server) { s.HangNext(testserver.StepOpen, 1) }},
		"connect": {fault: func(s *testserver.Server) { s.HangNext(testserver.StepConnect, 1) }},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := testserver.NewPipeServer(t)
				defer func() { srv.Close(); time.Sleep(time.Minute) }()
				opts := []Option{WithURL(srv.URL()), WithHTTPClient(srv.HTTPClient())}
				if step.opts != nil {
					opts = append(opts, step.opts(srv)...)
				}
				if step.fault != nil {
					step.fault(srv)
				}
				c, err := New(srv.Key(), opts...)
				if err != nil {
					t.Fatal(err)
				}
				connecting := make(chan error, 1)
				go func() { connecting <- c.Connect(context.Background()) }()
				time.Sleep(time.Second)
				start := time.Now()
				_ = c.Close()
				if d := time.Since(start); d > time.Second {
					t.Errorf("Close took %v, want the time for a close frame at most", d)
				}
				if err := <-connecting; !errors.Is(err, ErrClosed) {
					t.Errorf("Connect: %v", err)
				}
				synctest.Wait()
				if n := len(goroutines()); n != 0 {
					t.Errorf("%d goroutines are left", n)
				}
			})
		})
	}
}

func TestCloseUnused(t *testing.T) {
	s := newScripted(t)
	s.c.Reconnect()
	for range 3 {
		if err := s.c.Close(); err != nil {
			t.Error(err)
		}
	}
	<-s.c.Done()
	if s.count() != 0 {
		t.Errorf("%d attempts", s.count())
	}
}

// What belongs to a session has ended before its end is told, and before the next attempt: here the
// wait for the service's close frame, and a reader that is busy.
func TestSessionEndsWhole(t *testing.T) {
	t.Run("close frame", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t)
			s.dial = func(_ context.Context, _ int, sess *scriptedSession) error { sess.closeTime = time.Second; return nil }
			sess := s.connect()
			states := s.c.States(t.Context())
			sess.end(transport.ErrServerDisconnect)
			time.Sleep(time.Minute)
			all := story(states)
			if all[1].State != StateReconnecting || all[1].At.Sub(s.start) != time.Second || !errors.Is(all[1].Err, ErrServerDisconnect) {
				t.Errorf("got %+v after %v", all[1], all[1].At.Sub(s.start))
			}
			if s.dials[1].at < time.Second {
				t.Errorf("the next attempt was made after %v", s.dials[1].at)
			}
		})
	})
	t.Run("reader", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t, WithJSON(marshalJSON, func(data []byte, v any) error {
				time.Sleep(7 * time.Second)
				return unmarshalJSON(data, v)
			}))
			sess := s.connect()
			stream := On[int](t.Context(), s.c.Channel("a"), "n")
			if err := stream.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			states := s.c.States(t.Context())
			sess.publish("a", "n", "1")
			sess.publish("a", "n", "2") // comes too late: the machine must find that what came before is all
			synctest.Wait()
			s.c.Reconnect()
			time.Sleep(20 * time.Second)
			all := story(states)
			if len(all) != 3 {
				t.Fatalf("states %s", phrase(all))
			}
			if at := all[2].At.Sub(s.start); at != 7*time.Second || s.dials[1].at != 7*time.Second {
				t.Errorf("connected again after %v, the attempt after %v: want it after the reader is done", at, s.dials[1].at)
			}
			if v := <-stream.C; v != 1 {
				t.Errorf("got %d", v)
			}
			var gaps []Gap
			for v, g := range rest(stream) {
				if g == nil {
					t.Errorf("got %d of a session that was ending", v)
				} else {
					gaps = append(gaps, *g)
				}
			}
			if len(gaps) != 1 || !gaps[0].Reconnected {
				t.Errorf("gaps %+v", gaps)
			}
		})
	})
}

// The events that came are delivered before the session's end is told.
func TestEventsBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		s := newScripted(t)
		sess := s.connect()
		stream := On[int](t.Context(), s.c.Channel("a"), "n", WithBuffer(2*n))
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			sess.publish("a", "n", string(rune('0'+i%10)))
		}
		sess.end(&transport.CloseError{Code: 1001})
		time.Sleep(time.Second)
		got := 0
		for v, g := range rest(stream) {
			switch {
			case g != nil && got != n:
				t.Errorf("a gap after %d values", got)
			case g == nil && v != got%10:
				t.Fatalf("value %d is %d", got, v)
			case g == nil:
				got++
			}
		}
		if got != n {
			t.Errorf("%d values, want %d", got, n)
		}
	})
}
