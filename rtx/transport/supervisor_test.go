package transport_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// fakeDialer answers dials from a function, for what needs no wire.

type fakeDialer func(ctx context.Context, n int) (transport.Session, error)

type countingDialer struct {
	dial fakeDialer
	n    int // of the supervisor's goroutine
}

func (d *countingDialer) Dial(ctx context.Context, _ transport.Resume) (transport.Session, error) {
	d.n++
	return d.dial(ctx, d.n)
}

var errNoRoute = &transport.HandshakeError{Step: "dial", Code: -1, Err: errors.New("no route")}

func unreachable(context.Context, int) (transport.Session, error) { return nil, errNoRoute }

// Each delay lies within its bound, the next dial comes exactly after it, and

// the delays are spread over the whole range.

// The back-off begins anew after a session that proved stable, to the

// nanosecond, and not after one that fell short of that.

// A session that the owner never calls established is no success: its end is

// the error of Connect.

// Connect whose context ends takes its attempt with it, waits for that, and

// leaves a supervisor that can be used again.

// A context that ends after the success does nothing to the link.

// A refusal after a success is retried, but never faster than the slowest pace,

// and Connect waits for the outcome.

// keepAlive lets a script sleep for a minute within the limit of 45 s.

// Whatever ends a session, the next one follows, and only after it.

// An error of the owner's ends the session: from Receive as a bad frame, from

// Work with a plain close frame.

func TestOwnerEndsSession(t *testing.T) {
	why := errors.New("not for me")
	for _, from := range []string{"receive", "work"} {
		t.Run(from, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := make(chan []string, 1)
				srv := newServer(t, func(p *peer) {
					p.greet()
					if p.n > 1 {
						p.drain()
						return
					}
					p.send(`42["e"]`)
					got <- p.drain()
				})
				w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
				w.receive = func(transport.Session, transport.Packet) error {
					if from == "receive" {
						return why
					}
					w.sup.Wake()
					return nil
				}
				w.work = func(transport.Session, time.Time) (time.Time, error) {
					if from == "work" && len(w.all("packet")) > 0 && len(w.all("down")) == 0 {
						return time.Time{}, why
					}
					return time.Time{}, nil
				}
				if err := w.sup.Connect(t.Context(), false); err != nil {
					t.Fatal(err)
				}
				want := "close StatusNormalClosure"
				if from == "receive" {
					want = "close StatusProtocolError"
				}
				if frames := strings.Join(<-got, " "); frames != want {
					t.Errorf("server got %q, want %q", frames, want)
				}
				time.Sleep(time.Second)
				if down := w.last("down"); !errors.Is(down.cause, why) {
					t.Errorf("cause %v", down.cause)
				}
			})
		})
	}
}

// Work is called after Up, after each Wake, and at the time it asked for.

func TestWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); p.drain() })
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		w.work = func(s transport.Session, now time.Time) (time.Time, error) {
			if !now.Equal(time.Now()) {
				t.Errorf("told %v, it is %v", now, time.Now())
			}
			if now.Sub(w.start) < 20*time.Second {
				return now.Add(7 * time.Second), nil
			}
			return time.Time{}, nil
		}
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		for range 100 {
			w.sup.Wake()
		}
		synctest.Wait()
		time.Sleep(25 * time.Second)
		w.sup.Wake()
		synctest.Wait()
		var at []time.Duration
		for _, n := range w.all("work") {
			at = append(at, n.at)
		}
		// A wake may be told of twice, if it comes while Work is under way.
		want := []time.Duration{0, 7 * time.Second, 10 * time.Second, 17 * time.Second, 24 * time.Second, 35 * time.Second}
		if got := slices.Compact(at); !slices.Equal(got, want) || len(at) > len(want)+2 {
			t.Errorf("called at %v, want %v", at, want)
		}
	})
}

// Close returns at once whatever the supervisor is at, and leaves nothing:

// synctest fails a test that ends with a goroutine in its bubble.

// Reconnect dials at once, whatever is under way, and counts as no failure.

// The events that came are delivered before the session's end is told.

func TestEventsBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		srv := newServer(t, func(p *peer) {
			p.greet()
			if p.n == 1 {
				for range n {
					p.send(`42["e"]`)
				}
				_ = p.ws.Close(1001, "")
				return
			}
			p.drain()
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := len(w.all("packet")); got != n {
			t.Errorf("%d packets, want %d", got, n)
		}
	})
}
