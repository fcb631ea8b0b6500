package transport_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestPongAtEachPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pings = 50
		answered := make(chan struct{})
		srv := newServer(t, func(p *peer) {
			p.greet()
			for range pings {
				time.Sleep(25 * time.Second)
				sent := time.Now()
				p.send("2")
				p.expect("3")
				if d := time.Since(sent); d != 0 {
					t.Errorf("pong %v after its ping, want at once", d)
				}
			}
			close(answered)
			p.drain()
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		<-answered
		if downs := w.all("down"); len(downs) != 0 {
			t.Errorf("went down: %v", downs)
		}
	})
}

// Every packet counts as a sign of life, a few bytes of one do not, and the link
// is dead exactly its limit after the last one.
func TestDeadLink(t *testing.T) {
	frame := append([]byte{0x81, 10}, `42["e",{}]`...)
	tests := []struct {
		name string
		last time.Duration // when the last byte comes
		play func(p *peer)
	}{
		{"nothing", 0, func(*peer) {}},
		{"a ping", 7 * time.Second, func(p *peer) {
			time.Sleep(7 * time.Second)
			p.send("2")
			p.expect("3")
		}},
		{"an event", 44_999 * time.Millisecond, func(p *peer) {
			time.Sleep(44_999 * time.Millisecond)
			p.send(`42["e",{}]`)
		}},
		{"half a frame", 0, func(p *peer) {
			for i := range 32 {
				if i < 8 {
					_, _ = p.raw.Write(frame[i : i+1])
				}
				if i == 31 {
					_, _ = p.raw.Write(frame[8:9])
					return
				}
				time.Sleep(time.Second)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					p.greet()
					if p.n == 1 {
						tt.play(p)
					}
					p.drain()
				})
				w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
				if err := w.sup.Connect(t.Context(), false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.last + deadAfter - time.Nanosecond)
				synctest.Wait()
				if downs := w.all("down"); len(downs) != 0 {
					t.Fatalf("went down early: %v", downs)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				down := w.last("down")
				var dead *transport.DeadLinkError
				if !errors.As(down.cause, &dead) || dead.Slept || dead.Silence != deadAfter {
					t.Errorf("cause = %#v, want a silence of %v", down.cause, deadAfter)
				}
				if down.at != tt.last+deadAfter {
					t.Errorf("down at %v, want %v", down.at, tt.last+deadAfter)
				}
			})
		})
	}
}

// A machine that slept has a wall clock far ahead of the monotonic one. The
// next look at the clocks, at 15 s here, finds it.
func TestDeadAfterSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); p.drain() })
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		start := time.Now()
		transport.SetWallClock(w.sup, func() time.Time {
			now := time.Now()
			if now.Sub(start) >= 12*time.Second && len(w.all("down")) == 0 {
				now = now.Add(time.Hour)
			}
			return now
		})
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		down := w.last("down")
		var dead *transport.DeadLinkError
		if !errors.As(down.cause, &dead) || !dead.Slept || dead.Silence != time.Hour+15*time.Second {
			t.Errorf("cause = %#v", down.cause)
		}
		if down.at != 15*time.Second {
			t.Errorf("down at %v, want 15s", down.at)
		}
		if ups := w.all("up"); len(ups) != 2 {
			t.Errorf("%d sessions, want a second one", len(ups))
		}
	})
}

// A short jump, as of a clock being corrected, is nothing.
func TestClockCorrectionHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); p.drain() })
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		transport.SetWallClock(w.sup, func() time.Time { return time.Now().Add(-3 * time.Hour) })
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(deadAfter - time.Nanosecond)
		synctest.Wait()
		if downs := w.all("down"); len(downs) != 0 {
			t.Errorf("went down: %v", downs)
		}
	})
}

// A server that reads nothing while the client has something to write: the
// write timeout finds it before the silence does.
func TestHalfOpenWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			if p.n > 1 {
				p.drain()
			}
			time.Sleep(time.Minute)
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		var sent error
		w.work = func(s transport.Session, now time.Time) (time.Time, error) {
			if now.Sub(w.start) < 3*time.Second {
				return w.start.Add(3 * time.Second), nil
			}
			if sent == nil {
				sent = s.Send(t.Context(), []byte(`2["e"]`))
				return time.Time{}, sent
			}
			return time.Time{}, nil
		}
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(14 * time.Second)
		down := w.last("down")
		if !errors.Is(down.cause, transport.ErrWriteTimeout) || !errors.Is(sent, transport.ErrWriteTimeout) {
			t.Errorf("cause %v, Send %v", down.cause, sent)
		}
		if down.at != 13*time.Second {
			t.Errorf("down at %v, want 3s and the write timeout of 10s", down.at)
		}
	})
}

// Pings that come while no pong can be written are answered by one.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const flood = 10_000
		srv := newServer(t, func(p *peer) {
			p.greet()
			for range flood {
				p.send("2")
			}
			p.send(`42["after"]`)
			time.Sleep(time.Second)
			pongs := 0
			for p.read() == "3" {
				pongs++
				if pongs == 2 {
					break
				}
			}
			time.Sleep(time.Second)
			p.send(`42["end"]`)
			p.drain()
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if got := w.all("packet"); len(got) != 2 || got[0].data != `["after"]` || got[0].at != 0 {
			t.Errorf("packets %v, want the one behind the flood at once, and the end", got)
		}
		if downs := w.all("down"); len(downs) != 0 {
			t.Errorf("went down: %v", downs)
		}
	})
}
