package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestConfigIsValidated(t *testing.T) {
	ok := func() transport.Config {
		return transport.Config{URL: &url.URL{Scheme: "wss", Host: "h"}, APIKey: "k"}
	}
	tests := []struct {
		field  string
		change func(*transport.Config)
	}{
		{"URL", func(c *transport.Config) { c.URL = nil }},
		{"URL", func(c *transport.Config) { c.URL = &url.URL{Scheme: "wss"} }},
		{"URL", func(c *transport.Config) { c.URL = &url.URL{Scheme: "wss", Host: ":443"} }},
		{"URL", func(c *transport.Config) { c.URL = &url.URL{Scheme: "ftp", Host: "h"} }},
		{"URL", func(c *transport.Config) { c.URL = &url.URL{Scheme: "ws", Host: "h", Fragment: "f"} }},
		{"APIKey", func(c *transport.Config) { c.APIKey = "" }},
		{"ReadLimit", func(c *transport.Config) { c.ReadLimit = -1 }},
		{"ReadLimit", func(c *transport.Config) { c.ReadLimit = 1 << 40 }},
		{"WriteTimeout", func(c *transport.Config) { c.WriteTimeout = -1 }},
		{"CloseTimeout", func(c *transport.Config) { c.CloseTimeout = -1 }},
		{"HandshakeTimeout", func(c *transport.Config) { c.HandshakeTimeout = -1 }},
	}
	for _, tt := range tests {
		c := ok()
		tt.change(&c)
		if _, err := transport.NewDialer(c); err == nil || !strings.Contains(err.Error(), "Config."+tt.field) {
			t.Errorf("%s: %v, want an error that names it", tt.field, err)
		}
	}
	if _, err := transport.NewDialer(ok()); err != nil {
		t.Error(err)
	}
}

// What the server sees of a dial, and what the client has of it.

func TestDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := make(chan *http.Request, 1)
		srv := newServer(t, func(p *peer) {
			requests <- p.req
			p.send(openPacket)
			p.expect("40")
			time.Sleep(time.Second)
			p.send(`40{"sid":"socket-1","pid":"pid-1"}`)
			p.drain()
		})
		sess := srv.mustDial(func(c *transport.Config) {
			c.URL.RawQuery = "region=x"
			c.Header = http.Header{"X-Trace": {"7"}, "Host": {"other.test"}}
		})
		req := <-requests
		if got, want := req.URL.Path, "/socket.io/"; got != want {
			t.Errorf("path %q, want %q", got, want)
		}
		if got, want := req.URL.Query().Encode(), (url.Values{
			"api_key": {testKey}, "EIO": {"4"}, "transport": {"websocket"}, "region": {"x"},
		}).Encode(); got != want {
			t.Errorf("query %q, want %q", got, want)
		}
		if req.Header.Get("X-Trace") != "7" || req.Host != "other.test" {
			t.Errorf("header %v, host %q", req.Header, req.Host)
		}
		if e := req.Header.Get("Sec-WebSocket-Extensions"); e != "" {
			t.Errorf("offers %q; compression is off", e)
		}
		info := sess.Info()
		want := transport.Info{
			SocketID: "socket-1", PID: "pid-1", PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second,
			MaxPayload: 1_000_000, ConnectedAt: time.Now(),
		}
		if info != want {
			t.Errorf("info %v, want %v", info, want)
		}
		if info.LinkTimeout() != deadAfter {
			t.Errorf("link timeout %v", info.LinkTimeout())
		}
	})
}

func TestDialKeepsPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			if p.req.URL.Path != "/rt/v2" {
				t.Errorf("path %q", p.req.URL.Path)
			}
			p.greet()
			p.drain()
		})
		srv.mustDial(func(c *transport.Config) { c.URL.Path = "/rt/v2" })
	})
}

func TestResume(t *testing.T) {
	tests := []struct {
		name      string
		resume    transport.Resume
		want      string
		answer    string
		recovered bool
	}{
		{"fresh", transport.Resume{}, `40`, `40{"sid":"s","pid":"p"}`, false},
		{"recovered", transport.Resume{PID: "p", Offset: "o\"1"}, `40{"pid":"p","offset":"o\"1"}`, `40{"sid":"s","pid":"p"}`, true},
		{"not recovered", transport.Resume{PID: "p", Offset: "o"}, `40{"pid":"p","offset":"o"}`, `40{"sid":"s","pid":"q"}`, false},
		{"switched off", transport.Resume{PID: "p", Offset: "o"}, `40{"pid":"p","offset":"o"}`, `40{"sid":"s"}`, false},
		{"pid alone is not sent", transport.Resume{PID: "p"}, `40`, `40{"sid":"s","pid":"p"}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					p.send(openPacket)
					p.expect(tt.want)
					p.send(tt.answer)
					p.drain()
				})
				sess, err := mustDialer(t, srv.config()).Dial(t.Context(), tt.resume)
				if err != nil {
					t.Fatal(err)
				}
				defer sess.Close(nil)
				if got := sess.Info().Recovered; got != tt.recovered {
					t.Errorf("recovered %t, want %t", got, tt.recovered)
				}
			})
		})
	}
}

// Events that come before the CONNECT answer are received first, in order, with

// their attachments; pings among them are answered at once.

// A handshake that breaks the protocol is told so, in time.

// A server that goes silent at any step costs the handshake timeout, and no

// more.

// The dial itself is bounded too, also if the dialler of the transport does not

// heed its context but the network does.

func TestDialHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nil)
		dialing := 0
		hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
			dialing++
			defer func() { dialing-- }()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		cause := errors.New("user went home")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3*time.Second, func() { cancel(cause) })
		c := srv.config()
		c.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: hang}}
		start := time.Now()
		_, err := mustDialer(t, c).Dial(ctx, transport.Resume{})
		var failed *transport.HandshakeError
		if !errors.As(err, &failed) || failed.Step != "dial" || !errors.Is(err, cause) {
			t.Errorf("err = %v, want %v at dial", err, cause)
		}
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("took %v, want 3s", d)
		}
		synctest.Wait()
		if dialing != 0 {
			t.Error("the transport goes on dialing for nobody")
		}
	})
}

// A RoundTripper of the user's own works if it passes the connection on.
