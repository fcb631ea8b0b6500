package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/sioserver"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Over real TLS, with HTTP/1.1 and with HTTP/2, on which a poll and a POST share a connection. The
// WebSocket of an upgrade has a connection of its own.
func TestPollingOverTLS(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		for _, kinds := range [][]transport.Kind{{transport.Polling}, {transport.Polling, transport.WebSocket}} {
			t.Run(fmt.Sprintf("HTTP/2 %v, %v", http2, kinds), func(t *testing.T) {
				srv := sioserver.New(sioserver.Config{})
				srv.Of("/", sioserver.Handler{Event: func(s *sioserver.Socket, e sioserver.Event) { s.Emit("echo", e.Args) }})
				major := make(chan int, 1000)
				ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Query().Get("transport") == "polling" {
						major <- r.ProtoMajor
					}
					srv.ServeHTTP(w, r)
				}))
				ts.Config.ErrorLog = discardLog
				ts.EnableHTTP2 = http2
				ts.StartTLS()
				t.Cleanup(func() { srv.Close(); ts.Close() })
				u, err := url.Parse(ts.URL)
				if err != nil {
					t.Fatal(err)
				}
				d, err := transport.NewDialer(transport.Config{URL: u, APIKey: testKey, HTTPClient: ts.Client(), Transports: kinds})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				sess, err := d.Dial(ctx, transport.Resume{})
				if err != nil {
					t.Fatal(err)
				}
				defer sess.Close(nil)
				for i := range 50 {
					if err := sess.Send(ctx, fmt.Appendf(nil, `2["e",%d]`, i)); err != nil {
						t.Fatal(err)
					}
					if p, err := sess.Recv(); err != nil || string(p.Data) != fmt.Sprintf(`["echo",%d]`, i) {
						t.Fatalf("event %d: %s %v", i, p.Data, err)
					}
				}
				want := 1
				if http2 {
					want = 2
				}
				if got := <-major; got != want {
					t.Errorf("HTTP/%d", got)
				}
			})
		}
	}
}

// A certificate that can't be trusted is no sign of a network that lets no WebSocket through: nothing
// is tried over polling.
func TestUntrustedServerDoesNotFallBack(t *testing.T) {
	var conns atomic.Int32
	ts := httptest.NewUnstartedServer(http.NotFoundHandler())
	ts.Config.ErrorLog = discardLog
	ts.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	ts.StartTLS()
	defer ts.Close()
	c := configFor(t, ts)
	c.HTTPClient = &http.Client{Transport: new(http.Transport)}
	c.Transports = []transport.Kind{transport.WebSocket, transport.Polling}
	_, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
	var e *transport.HandshakeError
	if !errors.As(err, &e) || e.Transport != transport.WebSocket || conns.Load() != 1 {
		t.Errorf("%d connections: %v", conns.Load(), err)
	}
}
