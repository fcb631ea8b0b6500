package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// suite is an echo server with what the cases need to talk to it by hand.
type suite struct {
	*testing.T
	url    string
	client *http.Client
}

func newSuite(t *testing.T) *suite {
	e := newEcho()
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.Handler = e.handler(srv.Listener.Addr())
	srv.Start()
	transport := &http.Transport{}
	t.Cleanup(func() {
		e.close()
		srv.Close()
		transport.CloseIdleConnections()
	})
	return &suite{T: t, url: srv.URL, client: &http.Client{Transport: transport, Timeout: 10 * time.Second}}
}

func (s *suite) do(ctx context.Context, method, target, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+target, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if body == "" {
		req.Body = nil
	}
	res, err := s.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func (s *suite) want(method, target, body string, status int, answer string) {
	s.Helper()
	gotStatus, got, err := s.do(s.Context(), method, target, body)
	if err != nil || gotStatus != status || (answer != "" && got != answer) {
		s.Fatalf("%s %s: %d %q %v, want %d %q", method, target, gotStatus, got, err, status, answer)
	}
}

// poll opens a polling session at a path and returns the target of its further requests.
func (s *suite) poll(path string) string {
	s.Helper()
	target := path + "?EIO=4&transport=polling"
	status, open, err := s.do(s.Context(), http.MethodGet, target, "")
	if err != nil || status != http.StatusOK {
		s.Fatalf("open: %d %v", status, err)
	}
	_, rest, _ := strings.Cut(open, `"sid":"`)
	sid, _, ok := strings.Cut(rest, `"`)
	if !ok {
		s.Fatalf("open packet %q", open)
	}
	return target + "&sid=" + sid
}

// socket opens a WebSocket at a target, whatever its transport parameter says.
func (s *suite) socket(target string) *socket {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
	defer cancel()
	target = strings.Replace(target, "transport=polling", "transport=websocket", 1)
	ws, _, err := websocket.Dial(ctx, s.url+target, &websocket.DialOptions{HTTPClient: s.client})
	if err != nil {
		s.Fatalf("dial: %v", err)
	}
	s.Cleanup(func() { ws.CloseNow() })
	return &socket{s: s, ws: ws}
}

type socket struct {
	s  *suite
	ws *websocket.Conn
}

func (c *socket) send(frame string) {
	c.s.Helper()
	if err := c.ws.Write(c.s.Context(), websocket.MessageText, []byte(frame)); err != nil {
		c.s.Fatalf("send: %v", err)
	}
}

func (c *socket) sendBinary(b ...byte) {
	c.s.Helper()
	if err := c.ws.Write(c.s.Context(), websocket.MessageBinary, b); err != nil {
		c.s.Fatalf("send: %v", err)
	}
}

func (c *socket) read() (websocket.MessageType, string, error) {
	ctx, cancel := context.WithTimeout(c.s.Context(), 10*time.Second)
	defer cancel()
	typ, b, err := c.ws.Read(ctx)
	return typ, string(b), err
}

// expect reads a frame. Pings are not skipped.
func (c *socket) expect(want string) {
	c.s.Helper()
	_, got, err := c.read()
	if err != nil || got != want {
		c.s.Fatalf("got  %q %v\nwant %q", got, err, want)
	}
}

func (c *socket) expectPrefix(want string) string {
	c.s.Helper()
	_, got, err := c.read()
	if err != nil || !strings.HasPrefix(got, want) {
		c.s.Fatalf("got  %q %v\nwant %q…", got, err, want)
	}
	return got
}

func (c *socket) expectBinary(want ...byte) {
	c.s.Helper()
	typ, got, err := c.read()
	if err != nil || typ != websocket.MessageBinary || got != string(want) {
		c.s.Fatalf("got %v %q %v, want binary %q", typ, got, err, want)
	}
}

// expectClose reads until the server has closed, which must be in order.
func (c *socket) expectClose() {
	c.s.Helper()
	for {
		if _, _, err := c.read(); err != nil {
			if websocket.CloseStatus(err) != websocket.StatusNoStatusRcvd {
				c.s.Fatalf("ended by %v, want a close frame", err)
			}
			return
		}
	}
}
