package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// The connection of an answer that came slowly is not used again: the server has begun to count long
// before, and may be closing it. That of a quick one is.
func TestPollingAfterASlowAnswer(t *testing.T) {
	for pause, more := range map[time.Duration]int{100 * time.Millisecond: 0, 3 * time.Second: 1} {
		synctest.Test(t, func(t *testing.T) {
			var slow time.Duration
			s := newPollServer(t, nil)
			s.get = func(w http.ResponseWriter, r *http.Request) {
				answer := <-s.answers
				_, _ = io.WriteString(w, answer[:1])
				_ = http.NewResponseController(w).Flush()
				time.Sleep(slow)
				_, _ = io.WriteString(w, answer[1:])
			}
			sess := s.mustDial()
			slow = pause
			before := s.dialed()
			for range 3 {
				s.answers <- "42[1]"
			}
			for range 3 {
				if _, err := sess.Recv(); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.dialed() - before; got != 2*more { // the first of them is on the old one
				t.Errorf("a pause of %v: %d new connections", pause, got)
			}
		})
	}
}

// A proxy that closes each connection after its answer, without a word of that in the answer, costs
// no session: the client finds out in the handshake, and uses a connection for each request.
func TestPollingThroughAProxyThatClosesUnannounced(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := newPollServer(t, nil)
			inner := http.Handler(s)
			unannounced := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rec := &recorder{header: make(http.Header)}
				inner.ServeHTTP(rec, r)
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(rec.body), rec.body)
				_ = conn.Close()
			})
			ln := newPipeListener()
			srv := &http.Server{Handler: unannounced}
			done := make(chan struct{})
			go func() { defer close(done); _ = srv.Serve(ln) }()
			defer func() { _ = srv.Close(); <-done }()
			sess := s.mustDial(func(c *transport.Config) {
				c.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: ln.Dial}}
			})
			for i := range 20 {
				s.answers <- fmt.Sprintf("42[%d]", i)
				if p, err := sess.Recv(); err != nil || string(p.Data) != fmt.Sprintf("[%d]", i) {
					t.Fatalf("packet %d: %s %v", i, p.Data, err)
				}
				if err := sess.Send(t.Context(), []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			sess.Close(nil)
		})
	}
}

type recorder struct {
	header http.Header
	body   []byte
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(b []byte) (int, error) { r.body = append(r.body, b...); return len(b), nil }
