package testserver

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// rawClient speaks the wire by hand, so that these tests see what a client sees.
type rawClient struct {
	t        testing.TB
	ws       *websocket.Conn
	socketID string
	pid      string
}

// dialRaw opens a session over WebSocket and takes the open packet.
func dialRaw(t testing.TB, s *Server) *rawClient {
	t.Helper()
	c, res, err := tryDial(s, s.Key())
	if err != nil {
		t.Fatalf("dial: %v, response %v", err, res)
	}
	c.t = t
	t.Cleanup(func() { c.ws.CloseNow() })
	if open := c.read(); !strings.HasPrefix(open, `0{"sid":"`) {
		t.Fatalf("open packet %q", open)
	}
	return c
}

func tryDial(s *Server, key string) (*rawClient, *http.Response, error) {
	return dialURL(s.HTTPClient(), s.URL(), key)
}

func dialURL(client *http.Client, url, key string) (*rawClient, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ws, res, err := websocket.Dial(ctx, url+"/socket.io/?api_key="+key+"&EIO=4&transport=websocket",
		&websocket.DialOptions{HTTPClient: client})
	if err != nil {
		return nil, res, err
	}
	ws.SetReadLimit(-1)
	return &rawClient{ws: ws}, res, nil
}

// connect dials and joins the default namespace, up to and with connection_established.
func connect(t testing.TB, s *Server) *rawClient {
	t.Helper()
	c := dialRaw(t, s)
	c.join("40")
	c.expectPrefix(`42["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}`)
	return c
}

func (c *rawClient) join(connect string) {
	c.t.Helper()
	c.send(connect)
	answer := c.read()
	var data struct{ Sid, Pid string }
	if !strings.HasPrefix(answer, "40{") || json.Unmarshal([]byte(answer[2:]), &data) != nil || data.Sid == "" {
		c.t.Fatalf("CONNECT answered with %q", answer)
	}
	c.socketID, c.pid = data.Sid, data.Pid
}

func (c *rawClient) send(frame string) {
	c.t.Helper()
	if err := c.ws.Write(context.Background(), websocket.MessageText, []byte(frame)); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// next is the next frame but pings, which it answers.
func (c *rawClient) next() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	for {
		_, frame, err := c.ws.Read(ctx)
		if err != nil {
			return "", err
		}
		if string(frame) != "2" {
			return string(frame), nil
		}
		if err := c.ws.Write(ctx, websocket.MessageText, []byte("3")); err != nil {
			return "", err
		}
	}
}

func (c *rawClient) read() string {
	c.t.Helper()
	frame, err := c.next()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return frame
}

func (c *rawClient) expect(want string) {
	c.t.Helper()
	if got := c.read(); got != want {
		c.t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func (c *rawClient) expectPrefix(want string) {
	c.t.Helper()
	if got := c.read(); !strings.HasPrefix(got, want) {
		c.t.Fatalf("got  %s\nwant %s…", got, want)
	}
}

func (c *rawClient) expectJSON(want string) {
	c.t.Helper()
	if got := c.read(); !sameJSON(got, want) {
		c.t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// expectEnd reads until the connection ends.
func (c *rawClient) expectEnd() error {
	c.t.Helper()
	for {
		if _, err := c.next(); err != nil {
			return err
		}
	}
}

func (c *rawClient) subscribe(s *Server, channel string) {
	c.t.Helper()
	c.send(subscribeFrame(c.t, s, c.socketID, channel, ""))
}

func (c *rawClient) subscribeAs(s *Server, channel, channelData string) {
	c.t.Helper()
	c.send(subscribeFrame(c.t, s, c.socketID, channel, channelData))
}

func subscribeFrame(t testing.TB, s *Server, socketID, channel, channelData string) string {
	t.Helper()
	p := payload{"channel": channel}
	switch {
	case isPresence(channel):
		g, err := s.Signer().Presence(socketID, channel, channelData)
		if err != nil {
			t.Fatal(err)
		}
		p["auth"], p["channel_data"] = g.Auth, g.ChannelData
	case isGuarded(channel):
		g, err := s.Signer().Private(socketID, channel)
		if err != nil {
			t.Fatal(err)
		}
		p["auth"] = g.Auth
	}
	return `42["realtimex:subscribe",` + string(p.encode()) + `]`
}

func authMember(id string) auth.Member { return auth.Member{ID: id} }

// textLogger logs into b, which is read when the server is closed.
func textLogger(b *strings.Builder) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
