package transport_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestRefusedOnReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			if p.n == 1 || p.n == 8 {
				p.greet()
				time.Sleep(time.Minute)
				p.send("41")
				p.drain()
				return
			}
			p.send(openPacket)
			p.expect("40")
			p.send(`44{"message":"Invalid API key","data":{"code":4001}}`)
			p.drain()
		})
		srv.script = keepAlive(srv.script)
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(61 * time.Second)
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Errorf("Connect while down: %v", err)
		}
		if srv.count() != 8 {
			t.Errorf("%d links", srv.count())
		}
		w.sup.Close()
		for i, r := range w.all("retrying") {
			var refused *transport.ConnectError
			if i == 0 {
				if r.delay > 250*time.Millisecond {
					t.Errorf("first delay %v", r.delay)
				}
				continue
			}
			if !errors.As(r.cause, &refused) || r.delay < 15*time.Second || r.delay > 30*time.Second {
				t.Errorf("delay %v after %v, want 15 s to 30 s", r.delay, r.cause)
			}
		}
	})
}

func keepAlive(script func(*peer)) func(*peer) {
	return func(p *peer) {
		stop := time.AfterFunc(25*time.Second, func() { p.send("2") })
		defer stop.Stop()
		script(p)
	}
}

func TestReconnects(t *testing.T) {
	tests := []struct {
		name string
		play func(*peer)
		is   error
	}{
		{"41", func(p *peer) { p.send("41"); p.drain() }, transport.ErrServerDisconnect},
		{"close frame", func(p *peer) { _ = p.ws.Close(1001, "restart") }, nil},
		{"cut", func(p *peer) { _ = p.raw.Close() }, io.EOF},
		{"bad frame", func(p *peer) { p.send("9"); p.drain() }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					p.greet()
					if p.n <= 5 {
						time.Sleep(20 * time.Second)
						tt.play(p)
						return
					}
					p.drain()
				})
				w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
				if err := w.sup.Connect(t.Context(), false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(110 * time.Second)
				w.sup.Close()
				if srv.count() != 6 {
					t.Errorf("%d links, want 6%s", srv.count(), w.dump())
				}
				want := []string{"dialing", "up"}
				for range 5 {
					want = append(want, "down", "retrying", "dialing", "up")
				}
				if got := w.order(); !slices.Equal(got, append(want, "down")) {
					t.Errorf("order %v", got)
				}
				for i, r := range w.all("retrying") {
					if r.attempt != 1 || r.delay > 250*time.Millisecond || r.delay < 0 {
						t.Errorf("retry %d: attempt %d after %v", i, r.attempt, r.delay)
					}
					if tt.is != nil && !errors.Is(r.cause, tt.is) {
						t.Errorf("cause %v, want %v", r.cause, tt.is)
					}
				}
			})
		})
	}
}

func TestReconnect(t *testing.T) {
	t.Run("connected", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			got := make(chan []string, 10)
			srv := newServer(t, func(p *peer) { p.greet(); got <- p.drain() })
			w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
			if err := w.sup.Connect(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			for n := 2; n <= 4; n++ {
				time.Sleep(time.Second)
				w.sup.Reconnect()
				synctest.Wait()
				if frames := strings.Join(<-got, " "); frames != "close StatusNormalClosure" {
					t.Errorf("server got %q, want no 41, after which it would forget the session", frames)
				}
				if srv.count() != n || w.last("up").at != time.Since(w.start) {
					t.Errorf("%d links, want %d at once", srv.count(), n)
				}
			}
			if r := w.all("retrying"); len(r) != 0 {
				t.Errorf("backed off: %v", r)
			}
			if down := w.last("down"); !errors.Is(down.cause, transport.ErrReconnect) {
				t.Errorf("cause %v", down.cause)
			}
		})
	})
	t.Run("dialing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				if p.n == 2 {
					p.greet()
				}
				p.drain()
			})
			w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
			time.AfterFunc(5*time.Second, w.sup.Reconnect)
			if err := w.sup.Connect(t.Context(), false); err != nil || time.Since(w.start) != 5*time.Second {
				t.Errorf("%v after %v, want a second dial after 5s", err, time.Since(w.start))
			}
		})
	})
	t.Run("backing off", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				if p.n == 2 {
					p.greet()
				}
				_ = p.raw.Close()
			})
			w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{
				Backoff: transport.Backoff{Initial: 100 * time.Hour, Max: 100 * time.Hour},
			})
			time.AfterFunc(time.Millisecond, w.sup.Reconnect)
			if err := w.sup.Connect(t.Context(), true); err != nil || time.Since(w.start) != time.Millisecond {
				t.Errorf("%v after %v, want a second dial after 1ms%s", err, time.Since(w.start), w.dump())
			}
		})
	})
}
