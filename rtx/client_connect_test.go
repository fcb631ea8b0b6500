package rtx_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/exported"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

func TestStatesOfALife(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := newClient(t, s)
		states := c.States(t.Context())
		if st := nextState(t, states); st.State != rtx.StateIdle {
			t.Fatalf("starts with %+v", st)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := nextState(t, states); st.State != rtx.StateConnecting || st.Attempt != 1 {
			t.Fatalf("then %+v", st)
		}
		st := nextState(t, states)
		if st.State != rtx.StateConnected || st.SocketID == "" || st.SocketID != s.Connections()[0].SocketID() || c.SocketID() != st.SocketID {
			t.Fatalf("then %+v", st)
		}
		time.Sleep(time.Minute) // the session has proved stable
		s.DropAll(testserver.Reset)
		st = nextState(t, states)
		if st.State != rtx.StateReconnecting || st.Attempt != 1 || st.Err == nil || st.Delay < 0 || st.Delay > 250*time.Millisecond {
			t.Fatalf("then %+v", st)
		}
		if c.SocketID() != "" {
			t.Error("a socket id while not connected")
		}
		if st := nextState(t, states); st.State != rtx.StateConnected || st.Recovered {
			t.Fatalf("then %+v", st)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if st := nextState(t, states); st.State != rtx.StateClosed {
			t.Fatalf("then %+v", st)
		}
		if _, ok := <-states.C; ok || !errors.Is(states.Err(), rtx.ErrClosed) {
			t.Fatalf("the states go on, err %v", states.Err())
		}
		<-c.Done()
		if c.Err() != nil {
			t.Errorf("Err after Close is %v", c.Err())
		}
		late := c.States(t.Context())
		if st := nextState(t, late); st.State != rtx.StateClosed {
			t.Errorf("a late watcher sees %+v", st)
		}
	})
}

func TestConnectMakesOneAttempt(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := newClient(t, s)
		s.RefuseNext(1)
		if err := c.Connect(t.Context()); err == nil {
			t.Fatal("connected")
		}
		if st := c.State(); st != rtx.StateIdle {
			t.Errorf("state is %v", st)
		}
		if n := s.Stats().Handshakes; n != 1 {
			t.Errorf("%d handshakes", n)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatalf("the second attempt: %v", err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Errorf("connected already: %v", err)
		}
	})
}

func TestConnectRetry(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := newClient(t, s, rtx.WithConnectRetry())
		s.RefuseNext(5)
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.Stats().Handshakes; n != 6 {
			t.Errorf("%d handshakes", n)
		}
	})
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := newClient(t, s, rtx.WithConnectRetry())
		s.RefuseNext(1 << 20)
		cause := errors.New("no longer wanted")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Hour, cause)
		defer cancel()
		start := time.Now()
		if err := c.Connect(ctx); !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
		if d := time.Since(start); d != time.Hour {
			t.Errorf("gave up after %v", d)
		}
	})
}

func TestRefusedKeyIsFinal(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		const key = "some-other-key"
		c, err := rtx.New(key, rtx.WithURL(s.URL()), rtx.WithHTTPClient(s.HTTPClient()), rtx.WithConnectRetry())
		if err != nil {
			t.Fatal(err)
		}
		stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
		var refused *rtx.ConnectError
		if err := c.Connect(t.Context()); !errors.As(err, &refused) || refused.Code != 4001 {
			t.Fatalf("got %v", err)
		}
		<-c.Done()
		if !errors.As(c.Err(), &refused) || !errors.As(stream.Err(), &refused) || c.State() != rtx.StateFailed {
			t.Errorf("client %v, stream %v, state %v", c.Err(), stream.Err(), c.State())
		}
		if err := c.Connect(t.Context()); !errors.As(err, &refused) {
			t.Errorf("a second Connect: %v", err)
		}
		if strings.Contains(c.Err().Error(), key) {
			t.Errorf("the error shows the key: %v", c.Err())
		}
	})
}

func TestRefusalAfterSuccessIsRetriedAtTheSlowestPace(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		states := c.States(t.Context())
		await(t, states, rtx.StateConnected)
		s.RefuseNextWith(3, 401)
		s.DropAll(testserver.Reset)
		if st := await(t, states, rtx.StateConnected); st.SocketID == "" {
			t.Fatalf("got %+v", st)
		}
		if n := s.Stats().Handshakes; n != 5 {
			t.Errorf("%d handshakes", n)
		}
	})
}

func TestConnectedWithoutConnectionEstablished(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := newClient(t, s)
		start := time.Now()
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("connected after %v, want the grace of a second", d)
		}
		if c.SocketID() != s.Connections()[0].SocketID() {
			t.Error("the socket id is not that of the CONNECT answer")
		}
	}, testserver.WithEstablished(-1))
}

func TestCloseAtAnyMoment(t *testing.T) {
	moments := map[string]func(t *testing.T, s *testserver.Server, c *rtx.Client){
		"before connecting": func(*testing.T, *testserver.Server, *rtx.Client) {},
		"handshake hangs":   func(t *testing.T, s *testserver.Server, c *rtx.Client) { s.HangNext(testserver.StepOpen, 2) }, // over either transport
		"CONNECT hangs":     func(t *testing.T, s *testserver.Server, c *rtx.Client) { s.HangNext(testserver.StepConnect, 1) },
		"subscription hangs": func(t *testing.T, s *testserver.Server, c *rtx.Client) {
			s.HangNext(testserver.StepSubscribe, 1)
		},
		"backing off": func(t *testing.T, s *testserver.Server, c *rtx.Client) { s.RefuseNext(1 << 20) },
	}
	for name, prepare := range moments {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := newClient(t, s, rtx.WithConnectRetry())
				prepare(t, s, c)
				stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
				done := make(chan error, 2)
				if name != "before connecting" {
					go func() { done <- c.Connect(t.Context()) }()
					time.Sleep(5 * time.Second)
				}
				synctest.Wait()
				start := time.Now()
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
				if d := time.Since(start); d > 2*time.Second {
					t.Errorf("Close took %v", d)
				}
				if name != "before connecting" && name != "subscription hangs" {
					if err := <-done; !errors.Is(err, rtx.ErrClosed) {
						t.Errorf("Connect returned %v", err)
					}
				}
				if _, ok := <-stream.C; ok || !errors.Is(stream.Err(), rtx.ErrClosed) {
					t.Errorf("the stream ended with %v", stream.Err())
				}
				if _, err := c.Channel("b").Subscribe(t.Context()); !errors.Is(err, rtx.ErrClosed) {
					t.Errorf("Subscribe after Close: %v", err)
				}
			})
		})
	}
}

func TestBadOptions(t *testing.T) {
	bad := map[string]rtx.Option{
		"WithHost":             rtx.WithHost("a b"),
		"WithPort":             rtx.WithPort(0),
		"WithURL":              rtx.WithURL("ftp://x"),
		"WithCluster":          rtx.WithCluster(""),
		"WithBackoff":          rtx.WithBackoff(time.Second, time.Millisecond),
		"WithReadLimit":        rtx.WithReadLimit(1),
		"WithWriteTimeout":     rtx.WithWriteTimeout(-1),
		"WithHandshakeTimeout": rtx.WithHandshakeTimeout(0),
		"WithSubscribeTimeout": rtx.WithSubscribeTimeout(0),
		"WithLeaveGrace":       rtx.WithLeaveGrace(-1),
		"WithMaxDepth":         rtx.WithMaxDepth(10_001),
		"WithDialer":           rtx.WithDialer(nil),
		"WithDialerWrapper":    rtx.WithDialerWrapper(nil),
		"WithHeader":           rtx.WithHeader(http.Header{"a b": {"c"}}),
		"WithLogger":           rtx.WithLogger(nil),
		"WithHTTPClient":       rtx.WithHTTPClient(nil),
		"WithJSON":             rtx.WithJSON(nil, nil),
		"WithAuth":             rtx.WithAuth(nil),
		"WithAuthEndpoint":     rtx.WithAuthEndpoint("http://example.com/auth"),
		"WithUserData":         rtx.WithUserData(make(chan int)),
		"WithTrace":            rtx.WithTrace(nil),
		"WithTransports":       rtx.WithTransports(),
	}
	for name, o := range bad {
		_, err := rtx.New("key", o)
		var bad *rtx.OptionError
		if !errors.As(err, &bad) || bad.Option != name {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// These take whatever they are given.
	named := slices.Sorted(maps.Keys(bad))
	named = append(named, "WithEncryption", "WithConnectRetry")
	slices.Sort(named)
	if want := slices.Sorted(slices.Values(slices.Concat(exported.Makers(t, "Option"), exported.Makers(t, "UserDataOption"), exported.Makers(t, "AuthOption")))); !slices.Equal(named, want) {
		t.Errorf("tried %v\nof    %v", named, want)
	}
	if _, err := rtx.New(""); err == nil {
		t.Error("an empty key is taken")
	}
	c, err := rtx.New("key")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	badStreams := map[string]rtx.StreamOption{
		"WithBuffer": rtx.WithBuffer(0), "WithOverflow": rtx.WithOverflow(rtx.Grow(-1)), "WithName": rtx.WithName("a\nb"),
		"WithConflate": rtx.WithConflate(func(string) int { return 0 }), // of another type
	}
	for name, o := range badStreams {
		var bad *rtx.OptionError
		if err := rtx.On[int](t.Context(), c.Channel("a"), "n", o).Err(); !errors.As(err, &bad) || bad.Option != name {
			t.Errorf("%s: got %v", name, err)
		}
	}
	namedStreams := append(slices.Sorted(maps.Keys(badStreams)), "WithLag") // which takes nothing
	slices.Sort(namedStreams)
	if named, want := namedStreams, exported.Makers(t, "StreamOption"); !slices.Equal(named, want) {
		t.Errorf("tried %v\nof    %v", named, want)
	}
	if c.Cluster() != "eu" {
		t.Errorf("cluster %q", c.Cluster())
	}
}

func TestAuthRequired(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		ch := c.Channel("private-a")
		stream := rtx.On[numbered](t.Context(), ch, "n")
		for _, err := range []error{subscribe(t.Context(), ch), stream.Err(), stream.Ready(t.Context())} {
			if !errors.Is(err, rtx.ErrAuthRequired) {
				t.Errorf("got %v", err)
			}
		}
		synctest.Wait()
		if n := s.Stats().Received; n != 0 {
			t.Errorf("%d events were sent", n)
		}
	})
}
