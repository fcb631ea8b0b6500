package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestConfigIsValidated(t *testing.T) {
	ok := func() transport.Config {
		return transport.Config{URL: &url.URL{Scheme: "wss", Host: "h"}, APIKey: "k"}
	}
	host := func(host string) func(*transport.Config) { return func(c *transport.Config) { c.URL.Host = host } }
	header := func(name string, values ...string) func(*transport.Config) {
		return func(c *transport.Config) { c.Header = http.Header{name: values} }
	}
	tests := []struct {
		field  string
		change func(*transport.Config)
	}{
		{"URL", func(c *transport.Config) { c.URL = nil }},
		{"URL", func(c *transport.Config) { c.URL = &url.URL{Scheme: "wss"} }},
		{"URL", host(":443")},
		{"URL", host("a\nb")},
		{"URL", host("a\x7fb")},
		{"URL", host("a b")},
		{"URL", host("a\u202eb")},
		{"URL", host("a/b")},
		{"URL", host("a@b")},
		{"URL", host("a%b")},
		{"URL", host("a\xffb")},
		{"URL", host("h:99999")},
		{"URL", host("h:0")},
		{"URL", host("h:-1")},
		{"URL", host("h:http")},
		{"URL", host("h:1:2")},
		{"URL", host("::1")},
		{"URL", host("[::1")},
		{"URL", host("[1.2.3.4]")},
		{"URL", host("[::1]x")},
		{"URL", host("[fe80::1%]:443")},
		{"URL", host("[fe80::1%a\nb]:443")},
		{"URL", func(c *transport.Config) { c.URL = &url.URL{Scheme: "ftp", Host: "h"} }},
		{"URL", func(c *transport.Config) { c.URL = &url.URL{Scheme: "ws", Host: "h", Fragment: "f"} }},
		{"URL", func(c *transport.Config) { c.URL.RawQuery = "a=%zz" }},
		{"APIKey", func(c *transport.Config) { c.APIKey = "" }},
		{"Header", header("", "x")},
		{"Header", header("X Trace", "x")},
		{"Header", header("X-Trace:", "x")},
		{"Header", header("X-Tracé", "x")},
		{"Header", header("X-Trace\r\n", "x")},
		{"Header", header("X-Trace", "a", "b\nc")},
		{"Header", header("X-Trace", "a\x7f")},
		{"Header", header("Host", "a\nb")},
		{"Header", header("host", "a b")},
		{"Header", header("Host", "a", "b")},
		{"Header", header("Host", "")},
		{"Header", func(c *transport.Config) { c.Header = http.Header{"Host": {"a"}, strings.ToLower("Host"): {"b"}} }},
		{"ReadLimit", func(c *transport.Config) { c.ReadLimit = -1 }},
		{"ReadLimit", func(c *transport.Config) { c.ReadLimit = 1<<30 + 1 }},
		{"ReadLimit", func(c *transport.Config) { c.ReadLimit = 1 << 62 }},
		{"WriteTimeout", func(c *transport.Config) { c.WriteTimeout = -1 }},
		{"CloseTimeout", func(c *transport.Config) { c.CloseTimeout = -1 }},
		{"HandshakeTimeout", func(c *transport.Config) { c.HandshakeTimeout = -1 }},
	}
	for i, tt := range tests {
		c := ok()
		tt.change(&c)
		_, err := transport.NewDialer(c)
		if err == nil || !strings.HasPrefix(err.Error(), "transport: Config."+tt.field+" ") || strings.ContainsFunc(err.Error(), unicode.IsControl) {
			t.Errorf("%d %s: %q, want a printable error that begins with the field", i, tt.field, err)
		}
		var bad *transport.ConfigError
		if !errors.As(err, &bad) || bad.Field != tt.field || bad.Reason == "" {
			t.Errorf("%d %s: %#v, want a ConfigError of it", i, tt.field, err)
		}
	}
	for _, change := range []func(*transport.Config){
		func(*transport.Config) {},
		host("h"), host("h:1"), host("h:65535"), host("h:"), host("1.2.3.4:443"), host("[::1]"), host("[::1]:443"), host("[fe80::1%eth0]:443"),
		host("bücher.example"), host("a_b.example"),
		header("X-Trace", "a\tb", "žluť", ""), header("x-trace!#$%&'*+.^_`|~", "x"), header("Host", "[::1]:443"), header("host", "h:1"), header("X-Trace"),
		func(c *transport.Config) { c.ReadLimit = 1 << 30 },
	} {
		c := ok()
		change(&c)
		if _, err := transport.NewDialer(c); err != nil {
			t.Errorf("%v %v: %v", c.URL, c.Header, err)
		}
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
			MaxPayload: 1_000_000, ConnectedAt: time.Now(), Transport: transport.WebSocket,
		}
		if info != want {
			t.Errorf("info %v, want %v", info, want)
		}
		if info.LinkTimeout() != deadAfter {
			t.Errorf("link timeout %v", info.LinkTimeout())
		}
	})
}

// As socket.io does it: a path ends in a slash, whether it was given with one or not.
func TestDialPath(t *testing.T) {
	for given, want := range map[string]string{
		"":           "/socket.io/",
		"/":          "/socket.io/",
		"//":         "/socket.io/",
		"/rt/v2":     "/rt/v2/",
		"/rt/v2/":    "/rt/v2/",
		"/a%2Fb":     "/a%2Fb/",
		"/socket.io": "/socket.io/",
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				if got := p.req.URL.EscapedPath(); got != want {
					t.Errorf("%q was asked for as %q, want %q", given, got, want)
				}
				p.greet()
				p.drain()
			})
			srv.mustDial(func(c *transport.Config) {
				var err error
				if c.URL, err = url.Parse("ws://pipe.test" + given); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// A header is the same in whatever letters its name was written.
func TestDialHeaderNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := make(chan *http.Request, 1)
		srv := newServer(t, func(p *peer) {
			requests <- p.req
			p.greet()
			p.drain()
		})
		given := http.Header{
			"host": {"other.test"}, "x-trace": {"1", "2"}, "X-TRACE": {"0"}, "connection": {"close"}, "UPGRADE": {"h2c"},
			"authorization": {"Bearer x"}, "sec-websocket-version": {"8"},
		}
		before := given.Clone()
		srv.mustDial(func(c *transport.Config) { c.Header = given })
		req := <-requests
		if req.Host != "other.test" {
			t.Errorf("host %q", req.Host)
		}
		for name, want := range map[string][]string{
			"X-Trace": {"0", "1", "2"}, "Authorization": {"Bearer x"}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		} {
			if got := req.Header.Values(name); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if !reflect.DeepEqual(given, before) {
			t.Errorf("the given header was changed: %v", given)
		}
	})
}

// The zone of an IPv6 address says which of our own interfaces leads there: it is for the dialler,
// and not for the server.
func TestDialZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := make(chan string, 1)
		srv := newServer(t, func(p *peer) {
			hosts <- p.req.Host
			p.greet()
			p.drain()
		})
		dialed := ""
		srv.mustDial(func(c *transport.Config) {
			c.URL = &url.URL{Scheme: "ws", Host: "[fe80::1%eth0]:6001"}
			c.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				dialed = addr
				return srv.ln.Dial(ctx, network, addr)
			}}}
		})
		if host := <-hosts; dialed != "[fe80::1%eth0]:6001" || host != "[fe80::1]:6001" {
			t.Errorf("dialed %s, with the Host %s", dialed, host)
		}
	})
}

func TestResume(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
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
		{"pid too long to be kept", transport.Resume{}, `40`, `40{"sid":"s","pid":"` + long(257) + `"}`, false},
		{"pid alone is not sent", transport.Resume{PID: "p"}, `40`, `40{"sid":"s","pid":"p"}`, false},
		{"offset alone is not sent", transport.Resume{Offset: "o"}, `40`, `40{"sid":"s","pid":"p"}`, false},
		{"offset of 1 KiB", transport.Resume{PID: "p", Offset: long(1024)}, `40{"pid":"p","offset":"` + long(1024) + `"}`, `40{"sid":"s","pid":"p"}`, true},
		{"offset too long to be sent", transport.Resume{PID: "p", Offset: long(1025)}, `40`, `40{"sid":"s","pid":"p"}`, false},
		{"offset of 2 MB", transport.Resume{PID: "p", Offset: long(2 << 20)}, `40`, `40{"sid":"s","pid":"p"}`, false},
		{"pid too long to be sent", transport.Resume{PID: long(257), Offset: "o"}, `40`, `40{"sid":"s","pid":"` + long(256) + `"}`, false},
		{"offset that is not UTF-8", transport.Resume{PID: "p", Offset: "\xff"}, `40`, `40{"sid":"s","pid":"p"}`, false},
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
				if asked := tt.want != "40"; asked == tt.resume.IsZero() {
					t.Errorf("IsZero %t, and asked for recovery: %t", tt.resume.IsZero(), asked)
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
			// From it net.Dialer learns how long to try each address of several.
			if end, ok := ctx.Deadline(); !ok || time.Until(end) != transport.DefaultHandshakeTimeout {
				t.Errorf("dials until %v, want the handshake's timeout", end)
			}
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
