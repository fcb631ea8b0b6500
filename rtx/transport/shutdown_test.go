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

// What belongs to a session has ended before Down, and Down comes before the
// next dial: here the wait for the server's close frame, and an owner that is
// slow to receive.
func TestSessionEndsWhole(t *testing.T) {
	t.Run("close frame", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				p.greet()
				p.send("41")
				time.Sleep(time.Minute)
			})
			w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
			if err := w.sup.Connect(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if down := w.last("down"); down.at != time.Second || !errors.Is(down.cause, transport.ErrServerDisconnect) {
				t.Errorf("down at %v with %v, want it after the close timeout", down.at, down.cause)
			}
		})
	})
	t.Run("reader", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				p.greet()
				p.send(`42["e"]`)
				p.drain()
			})
			w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
			w.receive = func(transport.Session, transport.Packet) error {
				time.Sleep(7 * time.Second)
				return nil
			}
			if err := w.sup.Connect(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			_ = w.sup.Close()
			if down := w.last("down"); down.at != 7*time.Second {
				t.Errorf("down at %v, want it after Receive has returned", down.at)
			}
		})
	})
}

// A Connect that is given up takes its session with it before it returns.
func TestConnectAbandonedWhileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); time.Sleep(time.Minute) })
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		w.up = func(transport.Session) {}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := w.sup.Connect(ctx, true)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(w.start) != 4*time.Second {
			t.Errorf("%v after %v, want the context's end and the close timeout", err, time.Since(w.start))
		}
		if down := w.last("down"); !errors.Is(down.cause, context.DeadlineExceeded) {
			t.Errorf("down with %v", down.cause)
		}
	})
}
