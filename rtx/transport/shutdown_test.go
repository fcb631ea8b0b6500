package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestCloseInEveryPhase(t *testing.T) {
	hang := func(p *peer) { p.drain() }
	tests := []struct {
		name   string
		script func(*peer)
		change func(*server, *transport.Config)
		work   func(transport.Session, time.Time) (time.Time, error)
		want   time.Duration // how long Close takes
		err    error         // of Connect
	}{
		{name: "dial", change: func(_ *server, c *transport.Config) {
			c.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}}
		}, err: transport.ErrClosed},
		{name: "TLS handshake", change: func(_ *server, c *transport.Config) { c.URL.Scheme = "wss" }, err: transport.ErrClosed},
		{name: "upgrade", change: func(s *server, _ *transport.Config) {
			s.accept = func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return false }
		}, err: transport.ErrClosed},
		{name: "open", script: hang, err: transport.ErrClosed},
		{name: "connect", script: func(p *peer) { p.send(openPacket); p.drain() }, err: transport.ErrClosed},
		{name: "back-off", script: func(p *peer) { p.send("9"); p.drain() }, err: transport.ErrClosed},
		{name: "connected", script: func(p *peer) { p.greet(); p.drain() }},
		{name: "connected to a server that is gone", script: func(p *peer) { p.greet(); time.Sleep(time.Hour) }, want: time.Second},
		{name: "writing", script: func(p *peer) { p.greet(); time.Sleep(time.Hour) }, want: time.Second,
			work: func(s transport.Session, _ time.Time) (time.Time, error) {
				return time.Time{}, s.Send(context.Background(), []byte(`2["e"]`))
			}},
	}
	for _, tt := range tests {
		for _, twice := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := newServer(t, tt.script)
					c := srv.config()
					if tt.change != nil {
						tt.change(srv, &c)
					}
					w := newOwner(t, mustDialer(t, c), transport.SupervisorOptions{
						Backoff: transport.Backoff{Initial: time.Hour, Max: 10 * time.Hour},
					})
					w.work = tt.work
					connecting := make(chan error, 1)
					go func() { connecting <- w.sup.Connect(context.Background(), true) }()
					time.Sleep(time.Second)
					start := time.Now()
					if twice {
						go w.sup.Close()
					}
					if err := w.sup.Close(); err != nil {
						t.Error(err)
					}
					if d := time.Since(start); d != tt.want {
						t.Errorf("Close took %v, want %v", d, tt.want)
					}
					if err := <-connecting; !errors.Is(err, tt.err) {
						t.Errorf("Connect: %v, want %v", err, tt.err)
					}
					<-w.sup.Done()
					if err := w.sup.Err(); err != nil {
						t.Errorf("Err: %v", err)
					}
					if ups, downs := len(w.all("up")), len(w.all("down")); ups != downs {
						t.Errorf("%d up, %d down", ups, downs)
					}
					if tt.err == nil && !errors.Is(w.last("down").cause, transport.ErrClosed) {
						t.Errorf("down with %v", w.last("down").cause)
					}
				})
			})
		}
	}
}

func TestCloseUnused(t *testing.T) {
	w := newOwner(t, &countingDialer{dial: unreachable}, transport.SupervisorOptions{})
	w.sup.Wake()
	w.sup.Reconnect()
	w.sup.Established(nil)
	for range 3 {
		if err := w.sup.Close(); err != nil {
			t.Error(err)
		}
	}
	<-w.sup.Done()
}
