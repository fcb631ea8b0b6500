package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

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
				if err == nil || err.Error() != "transport: websocket handshake failed at "+tt.want {
					t.Errorf("\n got %v\nwant transport: websocket handshake failed at %s", err, tt.want)
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

// Its links are cut at the end of the time, too, though nobody but it knows the
// connection below.
func TestOwnRoundTripperHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.send(openPacket); p.drain() })
		inner := &http.Transport{DialContext: srv.ln.Dial}
		defer inner.CloseIdleConnections()
		start := time.Now()
		_, err := srv.dial(func(c *transport.Config) {
			c.HTTPClient = &http.Client{Transport: roundTripper(inner.RoundTrip)}
			c.CloseTimeout = time.Hour
		})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != transport.DefaultHandshakeTimeout {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
