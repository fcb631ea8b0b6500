package rtx_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A list that can't be used is refused by the option's name.
func TestBadTransports(t *testing.T) {
	for want, order := range map[string][]rtx.Transport{
		"is empty":            {},
		`has "polling" twice`: {rtx.Polling, rtx.WebSocket, rtx.Polling},
		`has "webtransport", which is neither "websocket" nor "polling"`: {rtx.WebSocket, "webtransport"},
		`has "", which is neither`:                                       {""},
	} {
		_, err := rtx.New("key", rtx.WithTransports(order...))
		var bad *rtx.OptionError
		if !errors.As(err, &bad) || bad.Option != "WithTransports" || !strings.Contains(bad.Reason, want) {
			t.Errorf("%q: %v", order, err)
		}
	}
	order := []rtx.Transport{rtx.Polling}
	o := rtx.WithTransports(order...)
	order[0] = "changed"
	if _, err := rtx.New("key", o); err != nil {
		t.Errorf("the caller's slice is kept: %v", err)
	}
}

// seenByServer counts the requests for each transport, by the query, with the session id left out.
type seenByServer struct {
	http.RoundTripper
	mu       sync.Mutex
	requests []string
}

func (s *seenByServer) RoundTrip(req *http.Request) (*http.Response, error) {
	q := req.URL.Query()
	s.mu.Lock()
	if !q.Has("sid") {
		s.requests = append(s.requests, q.Get("transport"))
	}
	s.mu.Unlock()
	return s.RoundTripper.RoundTrip(req)
}

func (s *seenByServer) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.requests = nil }()
	return s.requests
}

// Where no WebSocket gets through, the client polls, remembers that, and tries a WebSocket again
// after five minutes.
func TestFallbackIsRemembered(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		s.BlockWebSockets(true)
		seen := &seenByServer{RoundTripper: s.HTTPClient().Transport}
		c := newClient(t, s, rtx.WithHTTPClient(&http.Client{Transport: seen}))
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		states := c.States(t.Context())
		if now := states.Current(); now.Transport != rtx.Polling || c.Transport() != rtx.Polling {
			t.Errorf("state %+v, transport %q", now, c.Transport())
		}
		if got := seen.take(); !slices.Equal(got, []string{"websocket", "polling"}) {
			t.Errorf("tried %q", got)
		}
		again := func(want ...string) {
			t.Helper()
			c.Reconnect()
			time.Sleep(time.Minute)
			if c.State() != rtx.StateConnected {
				t.Fatalf("state %v", c.State())
			}
			if got := seen.take(); !slices.Equal(got, want) {
				t.Errorf("tried %q, want %q", got, want)
			}
		}
		again("polling")
		s.BlockWebSockets(false)
		again("polling")
		time.Sleep(5*time.Minute - 2*time.Minute)
		again("websocket")
		if c.Transport() != rtx.WebSocket {
			t.Errorf("transport %q", c.Transport())
		}
	})
}

// What shows that a network lets no WebSocket through, and what does not. The proxy is a fake: it
// answers what the real ones were seen to answer.
func TestWhatFallsBack(t *testing.T) {
	answer := func(status int, header, body string) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			h := make(http.Header)
			if name, value, ok := strings.Cut(header, ": "); ok {
				h.Set(name, value)
			}
			return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: req, ProtoMajor: 1}, nil
		}
	}
	for _, tt := range []struct {
		name   string
		answer func(*http.Request) (*http.Response, error)
		falls  bool
	}{
		{"a web page", answer(200, "", "<html>log in</html>"), true},
		{"no such transport", answer(400, "", `{"code":0,"message":"Transport unknown"}`), true},
		{"a dropped header", answer(400, "", `{"code":3,"message":"Bad request"}`), true},
		{"an upgrade that is required", answer(426, "", ""), true},
		{"a gateway that knows no upgrade", answer(502, "", ""), true},
		{"another version", answer(400, "", `{"code":5,"message":"Unsupported protocol version"}`), false},
		{"the service's refusal", answer(403, "", `{"code":4,"message":"Forbidden"}`), false},
		{"a wrong key", answer(401, "", ""), false},
		{"come back later", answer(503, "Retry-After: 3", ""), false},
		{"too many", answer(429, "", ""), false},
		{"another host", answer(302, "Location: http://elsewhere.test/", ""), false},
		{"no connection", func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				polls := 0
				c := newClient(t, s, rtx.WithHTTPClient(&http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
					if req.URL.Query().Get("transport") == "websocket" {
						return tt.answer(req)
					}
					polls++
					return s.HTTPClient().Transport.RoundTrip(req)
				})}))
				err := c.Connect(t.Context())
				if fell := err == nil; fell != tt.falls || !tt.falls && polls > 0 {
					t.Errorf("Connect: %v, after %d polls", err, polls)
				}
				var failed *rtx.DialError
				if errors.As(err, &failed) && failed.Transport != rtx.WebSocket {
					t.Errorf("the error is of %q", failed.Transport)
				}
			})
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A handshake that hangs on a connection that stands costs five seconds. The connection is a pipe.
func TestHangingWebSocketFallsBack(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		s.HangNext(testserver.StepHandshake, 1)
		c := newClient(t, s)
		start := time.Now()
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d != 5*time.Second || c.Transport() != rtx.Polling {
			t.Errorf("connected over %q after %v", c.Transport(), d)
		}
		s.HangNext(testserver.StepOpen, 1) // of the remembered polling: then nothing is known any more
		c.Reconnect()
		time.Sleep(time.Minute)
		if c.Transport() != rtx.WebSocket {
			t.Errorf("connected over %q", c.Transport())
		}
	})
}

// A slow connection is no sign: nothing stood yet when the time was over.
func TestSlowDialDoesNotFallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testserver.NewPipeServer(t)
		defer s.Close()
		inner := s.HTTPClient().Transport.(*http.Transport).Clone()
		defer inner.CloseIdleConnections()
		dial := inner.DialContext
		inner.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			time.Sleep(15 * time.Second)
			return dial(ctx, network, addr)
		}
		c := newClient(t, s, rtx.WithHTTPClient(&http.Client{Transport: inner}))
		defer c.Close()
		if err := c.Connect(t.Context()); err != nil || c.Transport() != rtx.WebSocket {
			t.Errorf("Connect: %v over %q", err, c.Transport())
		}
	})
}

// cutConn is a connection that a middlebox cuts after so many reads.
type cutConn struct {
	net.Conn
	left int
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.left == 0 {
		_ = c.Conn.Close()
		return 0, io.EOF
	}
	c.left--
	return c.Conn.Read(p)
}

// A connection that is cut before the first packet, before the answer to the upgrade or right after
// it, costs no attempt.
func TestCutWebSocketFallsBack(t *testing.T) {
	for name, reads := range map[string]int{"before the answer": 0, "after the upgrade": 1} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				inner := s.HTTPClient().Transport.(*http.Transport).Clone()
				defer inner.CloseIdleConnections()
				dial := inner.DialContext
				first := true
				inner.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
					conn, err := dial(ctx, network, addr)
					if err == nil && first {
						first, conn = false, &cutConn{conn, reads}
					}
					return conn, err
				}
				c := newClient(t, s, rtx.WithHTTPClient(&http.Client{Transport: inner}))
				defer c.Close()
				if err := c.Connect(t.Context()); err != nil || c.Transport() != rtx.Polling {
					t.Errorf("Connect: %v over %q", err, c.Transport())
				}
			})
		})
	}
}

// If neither transport works, the error is that of the one whose answer says more.
func TestNeitherTransportWorks(t *testing.T) {
	page := func(status int, body string) *http.Response {
		return &http.Response{StatusCode: status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), ProtoMajor: 1}
	}
	for name, tt := range map[string]struct {
		poll  func() *http.Response
		over  rtx.Transport
		final bool
	}{
		"a web page for both": {func() *http.Response { return page(200, "<html>") }, rtx.WebSocket, false},
		"a wrong key":         {func() *http.Response { return page(401, "") }, rtx.Polling, true},
		"another version":     {func() *http.Response { return page(400, `{"code":5,"message":"no"}`) }, rtx.Polling, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := newClient(t, s, rtx.WithHTTPClient(&http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
					resp := page(200, "<html>")
					if req.URL.Query().Get("transport") == "polling" {
						resp = tt.poll()
					}
					resp.Request = req
					return resp, nil
				})}))
				err := c.Connect(t.Context())
				var failed *rtx.DialError
				if !errors.As(err, &failed) || failed.Transport != tt.over || failed.Retryable == tt.final {
					t.Errorf("%v (%+v)", err, failed)
				}
				if named := strings.Contains(err.Error(), "over polling"); named != (tt.over == rtx.Polling) {
					t.Errorf("the text is %q", err)
				}
			})
		})
	}
	bubble(t, func(t *testing.T, s *testserver.Server) { // the service itself refuses, by polling
		s.BlockWebSockets(true)
		c, err := rtx.New("wrong", rtx.WithURL(s.URL()), rtx.WithHTTPClient(s.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var refused *rtx.ConnectError
		if err := c.Connect(t.Context()); !errors.As(err, &refused) || !refused.Final {
			t.Errorf("Connect: %v", err)
		}
	})
}
