package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/internal/engineio"
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
func TestEventsBeforeConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.send(openPacket)
			p.expect("40")
			p.send(`42["e",1]`, `2`)
			p.expect("3")
			p.send(`451-["e",{"_placeholder":true,"num":0}]`)
			p.sendBinary([]byte("attached"))
			p.send(`42["e",2]`, `42/other,["e",3]`, connected, `42["e",4]`)
			p.drain()
		})
		sess := srv.mustDial()
		want := []string{`["e",1]`, `["e",{"_placeholder":true,"num":0}]`, `["e",2]`, `["e",4]`}
		for i, data := range want {
			p, err := sess.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if string(p.Data) != data {
				t.Errorf("packet %d: %s, want %s", i, p.Data, data)
			}
			if i == 1 && (p.Type != transport.BinaryEvent || len(p.Buffers) != 1 || string(p.Buffers[0]) != "attached") {
				t.Errorf("packet %d: %v with %d buffers", i, p.Type, len(p.Buffers))
			}
		}
	})
}

func TestBacklogIsBounded(t *testing.T) {
	tests := []struct {
		name  string
		event string
		n     int // how many just fit
	}{
		{"bytes", `42["e","` + strings.Repeat("x", 1<<20-8) + `"]`, transport.MaxBacklogBytes >> 20},
		{"packets", `42["e"]`, transport.MaxBacklogPackets},
	}
	for _, tt := range tests {
		for _, over := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s+%d", tt.name, over), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := newServer(t, func(p *peer) {
						p.send(openPacket)
						p.expect("40")
						for range tt.n + over {
							p.send(tt.event)
						}
						p.send(connected)
						p.drain()
					})
					sess, err := srv.dial()
					if over == 1 {
						if !errors.Is(err, transport.ErrBacklog) {
							t.Errorf("err = %v, want ErrBacklog", err)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					for range tt.n {
						if p, err := sess.Recv(); err != nil || len(p.Data) != len(tt.event)-2 {
							t.Fatalf("%d bytes, %v", len(p.Data), err)
						}
					}
				})
			})
		}
	}
}

func TestConnectRefused(t *testing.T) {
	tests := []struct{ frame, message string }{
		{`44{"message":"Invalid API key","data":{"code":4001}}`, `"Invalid API key" (code 4001)`},
		{`44{"message":"no"}`, `"no"`},
		{`44"plain"`, `"plain"`},
		{`44{"message":7,"data":"x"}`, `""`},
		{`44{"message":"you sent ` + testKey + ` to me"}`, `"you sent [redacted] to me"`},
		{`44{"message":"` + strings.Repeat("é", 5000) + `"}`, `"` + strings.Repeat("é", 100) + `"`},
		{`44{"message":"a\u0007\nb"}`, `"a..b"`},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				p.send(openPacket)
				p.expect("40")
				p.send(tt.frame)
				p.expect("close StatusNormalClosure")
			})
			_, err := srv.dial()
			var refused *transport.ConnectError
			if !errors.As(err, &refused) {
				t.Fatalf("err = %v, want a ConnectError", err)
			}
			if want := "transport: connection refused by the server: " + tt.message; err.Error() != want {
				t.Errorf("%s\n got %s\nwant %s", tt.frame, err, want)
			}
		})
	}
}

// A handshake that breaks the protocol is told so, in time.
func TestHandshakeFaults(t *testing.T) {
	const awaitConnect = "the client's 40"
	tests := []struct {
		name   string
		step   string
		frames []string
		is     error
		close  string
	}{
		{"not an open packet", "open", []string{`2`}, nil, "close StatusProtocolError"},
		{"empty frame", "open", []string{``}, engineio.ErrEmpty, "close StatusProtocolError"},
		{"open without JSON", "open", []string{`0`}, engineio.ErrHandshake, "close StatusProtocolError"},
		{"absurd interval", "open", []string{`0{"sid":"x","upgrades":[],"pingInterval":0,"pingTimeout":20000,"maxPayload":1}`}, engineio.ErrHandshake, "close StatusProtocolError"},
		{"endless interval", "open", []string{`0{"sid":"x","upgrades":[],"pingInterval":1e18,"pingTimeout":20000,"maxPayload":1}`}, engineio.ErrHandshake, "close StatusProtocolError"},
		{"engine.io close", "open", []string{`1`}, transport.ErrServerClose, "close StatusNormalClosure"},
		{"two open packets", "connect", []string{openPacket, awaitConnect, openPacket}, nil, "close StatusProtocolError"},
		{"41 at once", "connect", []string{openPacket, awaitConnect, `41`}, transport.ErrServerDisconnect, "close StatusNormalClosure"},
		{"no sid", "connect", []string{openPacket, awaitConnect, `40`}, nil, "close StatusProtocolError"},
		{"empty sid", "connect", []string{openPacket, awaitConnect, `40{"sid":""}`}, nil, "close StatusProtocolError"},
		{"long sid", "connect", []string{openPacket, awaitConnect, `40{"sid":"` + strings.Repeat("s", 300) + `"}`}, nil, "close StatusProtocolError"},
		{"bad JSON", "connect", []string{openPacket, awaitConnect, `40{"sid"`}, engineio.ErrJSON, "close StatusProtocolError"},
		{"invalid UTF-8", "open", []string{"0{\"sid\":\"\xff\"}"}, engineio.ErrUTF8, "close StatusInvalidFramePayloadData"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					for _, f := range tt.frames {
						if f == awaitConnect {
							p.expect("40")
							continue
						}
						p.send(f)
					}
					p.expect(tt.close)
				})
				start := time.Now()
				_, err := srv.dial()
				var failed *transport.HandshakeError
				if !errors.As(err, &failed) || failed.Step != tt.step {
					t.Fatalf("err = %v, want a HandshakeError at %q", err, tt.step)
				}
				var bad *transport.ProtocolError
				switch {
				case tt.is != nil && !errors.Is(err, tt.is):
					t.Errorf("err = %v, want %v", err, tt.is)
				case tt.is == nil && !errors.As(err, &bad):
					t.Errorf("err = %v, want a ProtocolError", err)
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

// A server that goes silent at any step costs the handshake timeout, and no
// more.
func TestHandshakeHangs(t *testing.T) {
	tests := []struct {
		name, step string
		accept     func(http.ResponseWriter, *http.Request) bool
		script     func(*peer)
	}{
		{"no HTTP answer", "upgrade", func(_ http.ResponseWriter, r *http.Request) bool {
			<-r.Context().Done()
			return false
		}, nil},
		{"no open packet", "open", nil, func(p *peer) { p.drain() }},
		{"no CONNECT answer", "connect", nil, func(p *peer) { p.send(openPacket); p.drain() }},
		{"pings only", "connect", nil, func(p *peer) {
			p.send(openPacket)
			p.expect("40")
			for {
				time.Sleep(3 * time.Second)
				p.send("2")
				if p.read() != "3" {
					return
				}
			}
		}},
		{"a frame that never ends", "connect", nil, func(p *peer) {
			p.send(openPacket)
			p.expect("40")
			_, _ = p.raw.Write([]byte{0x81, 20, '4', '0'})
			p.drain()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, tt.script)
				srv.accept = tt.accept
				start := time.Now()
				_, err := srv.dial(func(c *transport.Config) { c.HandshakeTimeout = 8 * time.Second })
				var failed *transport.HandshakeError
				if !errors.As(err, &failed) || failed.Step != tt.step || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("err = %v, want a deadline at %q", err, tt.step)
				}
				if d := time.Since(start); d != 8*time.Second {
					t.Errorf("took %v, want 8s", d)
				}
			})
		})
	}
}

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

func TestHTTPErrors(t *testing.T) {
	answer := func(status int, kind, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return false
		}
	}
	redirect := func(to string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, strings.ReplaceAll(to, "QUERY", r.URL.RawQuery), http.StatusTemporaryRedirect)
			return false
		}
	}
	tests := []struct {
		name   string
		accept func(http.ResponseWriter, *http.Request) bool
		want   string
	}{
		{"HTML", answer(200, "text/html", "<html>log in: "+testKey+"</html>"), "upgrade: HTTP status 200"},
		{"HTML error", answer(502, "text/html", "<html>bad gateway</html>"), "upgrade: HTTP status 502"},
		{"Engine.IO error", answer(400, "application/json", `{"code":5,"message":"Unsupported protocol version"}`), `upgrade: HTTP status 400: code 5: "Unsupported protocol version"`},
		{"message with the key", answer(403, "application/json", `{"code":4,"message":"bad `+testKey+`"}`), `upgrade: HTTP status 403: code 4: "bad [redacted]"`},
		{"endless body", answer(500, "application/json", `{"code":1,"message":"`+strings.Repeat("x", 1<<20)+`"}`), "upgrade: HTTP status 500"},
		{"another host", redirect("http://evil.test/?QUERY"), "upgrade: HTTP status 307: transport: redirect to another host refused"},
		{"another port", redirect("http://pipe.test:8080/?QUERY"), "upgrade: HTTP status 307: transport: redirect to another host refused"},
		{"for ever", redirect("/again?QUERY"), "upgrade: HTTP status 307: stopped after 10 redirects"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, nil)
				srv.accept = tt.accept
				_, err := srv.dial()
				if err == nil || err.Error() != "transport: handshake failed at "+tt.want {
					t.Errorf("\n got %v\nwant transport: handshake failed at %s", err, tt.want)
				}
				synctest.Wait()
			})
		})
	}
}

func TestRedirectOnTheSameHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); p.drain() })
		srv.accept = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/moved/" {
				return true
			}
			http.Redirect(w, r, "/moved/?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
			return false
		}
		srv.mustDial()
	})
}

// A RoundTripper of the user's own works if it passes the connection on.
func TestOwnRoundTripper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); p.drain() })
		inner := &http.Transport{DialContext: srv.ln.Dial}
		defer inner.CloseIdleConnections()
		seen := 0
		srv.mustDial(func(c *transport.Config) {
			c.HTTPClient = &http.Client{Timeout: time.Minute, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				seen++
				return inner.RoundTrip(r)
			})}
		})
		if seen != 1 {
			t.Errorf("asked %d times", seen)
		}
		time.Sleep(5 * time.Minute) // the client's timeout bounds the upgrade, not the link
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRefusesCompression(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, nil)
		srv.accept = func(w http.ResponseWriter, r *http.Request) bool {
			r.Header.Set("Sec-WebSocket-Extensions", "permessage-deflate")
			ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionNoContextTakeover})
			if err == nil {
				_ = ws.CloseNow()
			}
			return false
		}
		_, err := srv.dial()
		var failed *transport.HandshakeError
		if !errors.As(err, &failed) || failed.Step != "upgrade" || failed.Status != 101 {
			t.Errorf("err = %v", err)
		}
	})
}
