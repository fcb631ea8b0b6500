package transport_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// These tests have proxies of their own, which play faults and tell what they saw. Those against
// tinyproxy, squid and dante are in package interop.

const proxyPassword = "pr0xy-passw0rd"

// pipeProxy is a network in memory with a proxy on proxy.test:3128. answer plays the proxy's part
// of one connection, given the request.
func pipeProxy(srv *server, answer func(conn net.Conn, req *http.Request)) *http.Transport {
	proxy := newPipeListener()
	srv.t.Cleanup(proxy.close)
	srv.wg.Go(func() {
		for {
			conn, err := proxy.Accept()
			if err != nil {
				return
			}
			srv.wg.Go(func() {
				defer conn.Close()
				if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					answer(conn, req)
				}
			})
		}
	})
	return &http.Transport{
		Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test:3128", User: url.UserPassword("user", proxyPassword)}),
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr != "proxy.test:3128" {
				srv.t.Errorf("dialed %s past the proxy", addr)
			}
			return proxy.Dial(ctx, network, addr)
		},
	}
}

// join copies between two connections until one ends.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(a, b); _ = a.Close() })
	both.Go(func() { _, _ = io.Copy(b, a); _ = b.Close() })
	both.Wait()
}

// RFC 6455, section 4.1: through a proxy a ws URL needs CONNECT as well. The request for it has
// nothing but the host and the port of the server, and what the proxy itself is to have.
func TestTunnel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, exchange)
		asked := make(chan *http.Request, 4)
		through := pipeProxy(srv, func(conn net.Conn, req *http.Request) {
			asked <- req
			there, err := srv.ln.Dial(t.Context(), "tcp", req.Host)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\nX-Via: a\r\n\r\n")
			join(conn, there)
		})
		through.ProxyConnectHeader = http.Header{"X-Team": {"7"}}
		c := srv.config()
		c.HTTPClient = &http.Client{Transport: through}
		converse(t, c)
		req := <-asked
		if req.Method != http.MethodConnect || req.Host != "pipe.test:80" || req.RequestURI != "pipe.test:80" {
			t.Errorf("the proxy was asked for %s %s", req.Method, req.RequestURI)
		}
		req.Header.Del("User-Agent")
		if want := "map[Proxy-Authorization:[Basic dXNlcjpwcjB4eS1wYXNzdzByZA==] X-Team:[7]]"; fmt.Sprint(req.Header) != want {
			t.Errorf("with the headers %v, want %s", req.Header, want)
		}
	})
}

// GetProxyConnectHeader replaces ProxyConnectHeader, as in net/http.
func TestTunnelHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, exchange)
		asked := make(chan http.Header, 1)
		through := pipeProxy(srv, func(_ net.Conn, req *http.Request) { asked <- req.Header })
		through.ProxyConnectHeader = http.Header{"X-Team": {"7"}}
		through.GetProxyConnectHeader = func(_ context.Context, _ *url.URL, target string) (http.Header, error) {
			return http.Header{"X-Target": {target}}, nil
		}
		c := srv.config()
		c.HTTPClient = &http.Client{Transport: through}
		_, _ = mustDialer(t, c).Dial(t.Context(), transport.Resume{})
		if h := <-asked; h.Get("X-Target") != "pipe.test:80" || h.Get("X-Team") != "" {
			t.Errorf("the proxy got %v", h)
		}
		own := errors.New("no header today")
		through.GetProxyConnectHeader = func(context.Context, *url.URL, string) (http.Header, error) { return nil, own }
		if _, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{}); !errors.Is(err, own) {
			t.Errorf("err = %v, want %v", err, own)
		}
	})
}

// What a proxy answers is told with its name, and never taken for the server's.
func TestProxyThatFails(t *testing.T) {
	endless := func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX: ")
		for range 4 << 10 { // 4 MiB
			if _, err := io.WriteString(conn, strings.Repeat("x", 1<<10)); err != nil {
				return
			}
		}
		_, _ = conn.Read(make([]byte, 1))
	}
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) { _, _ = io.WriteString(conn, text); _, _ = conn.Read(make([]byte, 1)) }
	}
	for _, tt := range []struct {
		name   string
		play   func(net.Conn)
		status int
		want   string // the end of the error's text
	}{
		{"wants credentials", say("HTTP/1.1 407 " + proxyPassword + "\r\n\r\n"), 407, "proxy proxy.test:3128: HTTP status 407 (Proxy Authentication Required)"},
		{"forbids", say("HTTP/1.1 403 No\r\n\r\n"), 403, "proxy proxy.test:3128: HTTP status 403 (Forbidden)"},
		{"can't reach it", say("HTTP/1.1 502 No\r\nContent-Length: 5\r\n\r\nsorry"), 502, "proxy proxy.test:3128: HTTP status 502 (Bad Gateway)"},
		{"another status", say("HTTP/1.1 299 Yes\r\n\r\n"), 299, "proxy proxy.test:3128: HTTP status 299"},
		{"breaks off", func(net.Conn) {}, 0, "proxy proxy.test:3128: unexpected EOF"},
		{"no HTTP", say("SSH-2.0-x\r\n"), 0, `proxy proxy.test:3128: malformed HTTP response "SSH-2.0-x"`},
		{"says more", say("HTTP/1.1 200 OK\r\n\r\nwelcome"), 0, "proxy proxy.test:3128: it sent more than its answer to CONNECT"},
		{"endless header", endless, 0, "proxy proxy.test:3128: unexpected EOF"},
		{"hangs", func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }, 0, "proxy proxy.test:3128: context deadline exceeded"},
	} {
		for _, scheme := range []string{"ws", "wss"} {
			if scheme == "wss" && tt.name == "says more" {
				continue // TLS finds that out
			}
			t.Run(tt.name+", "+scheme, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := newServer(t, exchange)
					c := srv.config()
					c.URL.Scheme = scheme
					c.HTTPClient = &http.Client{Transport: pipeProxy(srv, func(conn net.Conn, _ *http.Request) { tt.play(conn) })}
					start := time.Now()
					_, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
					var failed *transport.HandshakeError
					var proxy *transport.ProxyError
					if !errors.As(err, &failed) || failed.Step != "dial" || failed.Status != 0 || failed.Final() ||
						!errors.As(err, &proxy) || proxy.Proxy != "proxy.test:3128" || proxy.Status != tt.status {
						t.Errorf("err = %#v", err)
					}
					if !strings.HasSuffix(err.Error(), tt.want) || strings.Contains(err.Error(), proxyPassword) {
						t.Errorf("it reads  %v\nwant the end %s", err, tt.want)
					}
					want := time.Duration(0)
					if tt.name == "hangs" {
						want = transport.DefaultHandshakeTimeout
					}
					if took := time.Since(start); took != want {
						t.Errorf("took %v, want %v", took, want)
					}
				})
			})
		}
	}
}

// TLS to the proxy, around a ws and a wss URL, with the roots that are given.
func TestProxyOverTLS(t *testing.T) {
	middle := &proxy{}
	ps := httptest.NewTLSServer(middle)
	ps.Config.ErrorLog = discardLog
	t.Cleanup(func() { ps.Close(); middle.wg.Wait() })
	via, err := url.Parse(ps.URL)
	if err != nil {
		t.Fatal(err)
	}
	via.User = url.UserPassword("user", proxyPassword)
	for _, scheme := range []string{"ws", "wss"} {
		ts, _ := loopback(t, scheme == "wss", exchange)
		c := configFor(t, ts)
		c.URL.Scheme = scheme
		c.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via)}}
		_, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
		var bad *tls.CertificateVerificationError
		var told *transport.ProxyError
		if !errors.As(err, &bad) || !errors.As(err, &told) || told.Proxy != via.Host {
			t.Errorf("%s: err = %v, want the certificate of the proxy refused", scheme, err)
		}
		roots := x509.NewCertPool()
		roots.AddCert(ps.Certificate())
		if scheme == "wss" {
			roots.AddCert(ts.Certificate())
		}
		c.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via), TLSClientConfig: &tls.Config{RootCAs: roots}}}
		converse(t, c)
	}
	if n := middle.asked.Load(); n != 2 {
		t.Errorf("the proxy made %d tunnels, want 2", n)
	}
}

// Behind a proxy that works, a failure is the server's.
func TestServerBehindAProxyFails(t *testing.T) {
	middle := &proxy{}
	ps := httptest.NewServer(middle)
	t.Cleanup(func() { ps.Close(); middle.wg.Wait() })
	via, err := url.Parse(ps.URL)
	if err != nil {
		t.Fatal(err)
	}
	via.User = url.UserPassword("user", proxyPassword)
	for _, scheme := range []string{"ws", "wss"} {
		ts, srv := loopback(t, scheme == "wss", exchange)
		srv.accept = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusTeapot); return false }
		c := configFor(t, ts)
		c.URL.Scheme = scheme
		c.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via)}}
		_, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
		var failed *transport.HandshakeError
		if told, ok := errors.AsType[*transport.ProxyError](err); ok || !errors.As(err, &failed) || failed.Step != "upgrade" {
			t.Errorf("%s: err = %v, blames %v", scheme, err, told)
		}
		var bad *tls.CertificateVerificationError
		if scheme == "ws" && failed.Status != http.StatusTeapot || scheme == "wss" && !errors.As(err, &bad) {
			t.Errorf("%s: err = %v", scheme, err)
		}
	}
}

// A proxy that is not there is named, of whatever kind it is.
func TestProxyThatIsNotThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		for _, to := range []string{"ws", "wss"} {
			via := &url.URL{Scheme: scheme, Host: ln.Addr().String(), User: url.UserPassword("user", proxyPassword)}
			_, err := mustDialer(t, transport.Config{
				URL: &url.URL{Scheme: to, Host: "service.test"}, APIKey: testKey,
				HTTPClient: &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via)}},
			}).Dial(t.Context(), transport.Resume{})
			var told *transport.ProxyError
			if !errors.As(err, &told) || told.Proxy != via.Host || !errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), proxyPassword) {
				t.Errorf("%s to %s: err = %v", to, scheme, err)
			}
		}
	}
}

// The URL of a proxy may have a password, and what can't be parsed is quoted by who can't.
func TestBadProxyURL(t *testing.T) {
	given := errors.New("invalid proxy address \"http://user:" + proxyPassword + "@:x\"")
	for name, proxy := range map[string]func(*http.Request) (*url.URL, error){
		"an error":  func(*http.Request) (*url.URL, error) { return nil, given },
		"no scheme": http.ProxyURL(&url.URL{Scheme: "user", Opaque: proxyPassword + "@h:1"}),
		"no host":   http.ProxyURL(&url.URL{Scheme: "http", User: url.UserPassword("user", proxyPassword)}),
		"ftp":       http.ProxyURL(&url.URL{Scheme: "ftp", Host: "h"}),
	} {
		_, err := mustDialer(t, transport.Config{
			URL: &url.URL{Scheme: "ws", Host: "service.test"}, APIKey: testKey,
			HTTPClient: &http.Client{Transport: &http.Transport{Proxy: proxy}},
		}).Dial(t.Context(), transport.Resume{})
		var told *transport.ProxyError
		if !errors.As(err, &told) || !strings.HasSuffix(err.Error(), "transport: proxy: its URL can't be used") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The environment names the proxy, for ws and wss each, and the hosts that need none. net/http
// reads it once, so each case is a process of its own.
func TestProxyOfTheEnvironment(t *testing.T) {
	if to := os.Getenv("PROXY_TEST_DIALS"); to != "" {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		_, err = mustDialer(t, transport.Config{URL: u, APIKey: testKey}).Dial(t.Context(), transport.Resume{})
		if told, ok := errors.AsType[*transport.ProxyError](err); ok {
			fmt.Printf("PROXY %s %d\n", told.Proxy, told.Status)
			return
		}
		var dns *net.DNSError
		fmt.Printf("DIRECT %t\n", errors.As(err, &dns))
		return
	}
	if testing.Short() {
		t.Skip("starts processes")
	}
	var mu sync.Mutex
	var asked []string
	ps := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.RequestURI)
		w.WriteHeader(http.StatusGone)
	}))
	defer ps.Close()
	at := strings.TrimPrefix(ps.URL, "http://")
	for _, tt := range []struct {
		to, none, asks string
	}{
		{"ws://service.invalid", "", "CONNECT service.invalid:80"},
		{"wss://service.invalid", "", "CONNECT service.invalid:443"},
		{"ws://service.invalid:6001", "other.invalid", "CONNECT service.invalid:6001"},
		{"ws://service.invalid", "service.invalid", ""},
		{"wss://a.service.invalid", ".service.invalid", ""},
		{"wss://service.invalid", "*", ""},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxyOfTheEnvironment$")
		env := slices.DeleteFunc(os.Environ(), func(v string) bool {
			name, _, _ := strings.Cut(v, "=")
			return strings.HasSuffix(strings.ToLower(name), "_proxy")
		})
		cmd.Env = append(env, "PROXY_TEST_DIALS="+tt.to, "HTTP_PROXY="+ps.URL, "HTTPS_PROXY="+ps.URL, "NO_PROXY="+tt.none)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		want := "PROXY " + at + " 410\n"
		if tt.asks == "" {
			want = "DIRECT true\n"
		}
		if !strings.Contains(string(out), want) {
			t.Errorf("%s without a proxy for %q: %s, want %s", tt.to, tt.none, out, want)
		}
		mu.Lock()
		if got := strings.Join(asked, " "); got != tt.asks {
			t.Errorf("%s without a proxy for %q: the proxy was asked for %q, want %q", tt.to, tt.none, got, tt.asks)
		}
		asked = nil
		mu.Unlock()
	}
}
