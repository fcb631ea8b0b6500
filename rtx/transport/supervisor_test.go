package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
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

func TestConnectTriesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newOwner(t, &countingDialer{dial: unreachable}, transport.SupervisorOptions{})
		for n := 1; n <= 3; n++ {
			if err := w.sup.Connect(t.Context(), false); err != errNoRoute {
				t.Errorf("err = %v, want that of the dial", err)
			}
			if got := w.all("dialing"); len(got) != n || got[n-1].attempt != 1 || got[n-1].at != 0 {
				t.Errorf("dials %v, want %d first attempts", got, n)
			}
		}
		select {
		case <-w.sup.Done():
			t.Error("done")
		default:
		}
		if err := w.sup.Close(); err != nil || w.sup.Err() != nil {
			t.Errorf("Close %v, Err %v", err, w.sup.Err())
		}
		<-w.sup.Done()
		if err := w.sup.Connect(t.Context(), false); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// Each delay lies within its bound, the next dial comes exactly after it, and
// the delays are spread over the whole range.
func TestBackoffBounds(t *testing.T) {
	for _, b := range []transport.Backoff{{}, {Initial: 10 * time.Millisecond, Max: time.Second, Multiplier: 3}} {
		synctest.Test(t, func(t *testing.T) {
			const attempts = 300
			ctx, cancel := context.WithCancel(t.Context())
			dialer := &countingDialer{}
			dialer.dial = func(_ context.Context, n int) (transport.Session, error) {
				if n == attempts {
					cancel()
				}
				return nil, errNoRoute
			}
			w := newOwner(t, dialer, transport.SupervisorOptions{Backoff: b})
			err := w.sup.Connect(ctx, true)
			var interrupted *transport.InterruptedError
			if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || !errors.Is(err, errNoRoute) {
				t.Errorf("err = %v, want the context's and the last attempt's", err)
			}
			initial, most, factor := 250*time.Millisecond, 30*time.Second, 2.0
			if b.Initial != 0 {
				initial, most, factor = b.Initial, b.Max, b.Multiplier
			}
			bound := initial
			dials, delays := w.all("dialing"), w.all("retrying")
			low, high := 0, 0
			for i := range attempts - 1 {
				d := delays[i].delay
				if d < 0 || d > bound {
					t.Errorf("delay %d is %v, beyond %v", i, d, bound)
				}
				switch {
				case d < bound/4:
					low++
				case d > bound*3/4:
					high++
				}
				if got := dials[i+1].at - delays[i].at; got != d {
					t.Errorf("dial %d came after %v, want %v", i+2, got, d)
				}
				if dials[i].attempt != i+1 || delays[i].attempt != i+2 {
					t.Errorf("attempt %d is told as %d, the next as %d", i+1, dials[i].attempt, delays[i].attempt)
				}
				bound = min(time.Duration(float64(bound)*factor), most)
			}
			// A quarter of 299 is 75. Fewer than 25 has a probability below 1e-12.
			if low < 25 || high < 25 {
				t.Errorf("%d delays in the lowest quarter and %d in the highest: no full jitter", low, high)
			}
		})
	}
}

// The back-off begins anew after a session that proved stable, to the
// nanosecond, and not after one that fell short of that.
func TestBackoffResetsAfterStability(t *testing.T) {
	for _, tt := range []struct {
		lived time.Duration
		reset bool
	}{{10 * time.Second, true}, {10*time.Second - time.Nanosecond, false}, {0, false}} {
		synctest.Test(t, func(t *testing.T) {
			const failures = 12
			srv := newServer(t, func(p *peer) {
				p.greet()
				time.Sleep(tt.lived)
				_ = p.raw.Close()
			})
			real := mustDialer(t, srv.config())
			dialer := &countingDialer{}
			dialer.dial = func(ctx context.Context, n int) (transport.Session, error) {
				if n == failures+1 {
					return real.Dial(ctx, transport.Resume{})
				}
				return nil, errNoRoute
			}
			w := newOwner(t, dialer, transport.SupervisorOptions{StableAfter: 10 * time.Second})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if err := w.sup.Connect(ctx, true); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			w.sup.Close()
			after := w.all("retrying")[failures]
			wantAttempt, bound := failures+2, 30*time.Second
			if tt.reset {
				wantAttempt, bound = 1, 250*time.Millisecond
			}
			if after.attempt != wantAttempt || after.delay > bound {
				t.Errorf("lived %v: then attempt %d after %v, want attempt %d after at most %v", tt.lived, after.attempt, after.delay, wantAttempt, bound)
			}
			// The one after it has the bound that follows.
			next := w.all("retrying")[failures+1]
			if tt.reset && next.delay > 500*time.Millisecond {
				t.Errorf("second delay %v", next.delay)
			}
		})
	}
}

// A session that the owner never calls established is no success: its end is
// the error of Connect.
func TestUpIsNotEstablished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			time.Sleep(time.Second)
			p.send("41")
			p.drain()
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		w.up = func(transport.Session) {}
		if err := w.sup.Connect(t.Context(), false); !errors.Is(err, transport.ErrServerDisconnect) {
			t.Errorf("err = %v", err)
		}
		if got, want := w.order(), []string{"dialing", "up", "down"}; !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	})
}

func TestConcurrentConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			time.Sleep(3 * time.Second)
			p.greet()
			p.drain()
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		results := make(chan error, 5)
		for range 4 {
			go func() { results <- w.sup.Connect(t.Context(), false) }()
		}
		// One that gives up early does not take the attempt from the others.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.sup.Connect(ctx, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
		for range 4 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if err := w.sup.Connect(t.Context(), true); err != nil {
			t.Error(err)
		}
		if srv.count() != 1 || len(w.all("dialing")) != 1 {
			t.Errorf("%d links, %d dials, want one", srv.count(), len(w.all("dialing")))
		}
	})
}

// Connect whose context ends takes its attempt with it, waits for that, and
// leaves a supervisor that can be used again.
func TestConnectAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			if p.n > 1 {
				p.greet()
			}
			p.drain()
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		why := errors.New("no more time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, why)
		defer cancel()
		err := w.sup.Connect(ctx, true)
		if !errors.Is(err, why) || time.Since(w.start) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(w.start))
		}
		if err := w.sup.Connect(ctx, true); !errors.Is(err, why) || len(w.all("dialing")) != 1 {
			t.Errorf("with an ended context: %v, and %d dials", err, len(w.all("dialing")))
		}
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Error(err)
		}
		if got, want := w.order(), []string{"dialing", "dialing", "up"}; !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	})
}

// A context that ends after the success does nothing to the link.
func TestConnectContextEndsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); p.drain() })
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		if err := w.sup.Connect(ctx, false); err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(30 * time.Second)
		if downs := w.all("down"); len(downs) != 0 {
			t.Errorf("went down: %v", downs)
		}
	})
}

func TestRefusedAtFirst(t *testing.T) {
	refuse := func(p *peer) {
		p.send(openPacket)
		p.expect("40")
		p.send(`44{"message":"Invalid API key","data":{"code":4001}}`)
		p.drain()
	}
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, refuse)
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		err := w.sup.Connect(t.Context(), true)
		var refused *transport.ConnectError
		if !errors.As(err, &refused) || refused.Code != 4001 {
			t.Fatalf("err = %v", err)
		}
		<-w.sup.Done()
		if w.sup.Err() != err {
			t.Errorf("Err = %v", w.sup.Err())
		}
		if again := w.sup.Connect(t.Context(), true); again != err || srv.count() != 1 {
			t.Errorf("again: %v, with %d links", again, srv.count())
		}
		w.sup.Close()
		if w.sup.Err() != err {
			t.Errorf("Err after Close = %v", w.sup.Err())
		}
	})
}

// A refusal after a success is retried, but never faster than the slowest pace,
// and Connect waits for the outcome.
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

// keepAlive lets a script sleep for a minute within the limit of 45 s.
func keepAlive(script func(*peer)) func(*peer) {
	return func(p *peer) {
		stop := time.AfterFunc(25*time.Second, func() { p.send("2") })
		defer stop.Stop()
		script(p)
	}
}

// Whatever ends a session, the next one follows, and only after it.
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

// An error of the owner's ends the session: from Receive as a bad frame, from
// Work politely.
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
				want := "41 close StatusNormalClosure"
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

// Reconnect dials at once, whatever is under way, and counts as no failure.
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
				if frames := strings.Join(<-got, " "); frames != "41 close StatusNormalClosure" {
					t.Errorf("server got %q", frames)
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

func TestRetryable(t *testing.T) {
	status := func(n int) error { return &transport.HandshakeError{Step: "upgrade", Status: n, Code: -1} }
	tests := []struct {
		err           error
		before, after any
	}{
		{&transport.ConnectError{}, transport.Never, transport.Slowly},
		{status(401), transport.Never, transport.Slowly},
		{status(403), transport.Never, transport.Slowly},
		{status(404), transport.Slowly, transport.Slowly},
		{status(200), transport.Slowly, transport.Slowly},
		{status(429), transport.Slowly, transport.Slowly},
		{status(500), transport.Soon, transport.Soon},
		{status(503), transport.Soon, transport.Soon},
		{&transport.HandshakeError{Step: "upgrade", Status: 302, Err: transport.ErrRedirect}, transport.Slowly, transport.Slowly},
		{&transport.HandshakeError{Step: "connect", Err: transport.ErrBacklog}, transport.Soon, transport.Soon},
		{errNoRoute, transport.Soon, transport.Soon},
		{transport.ErrServerDisconnect, transport.Soon, transport.Soon},
		{&transport.ProtocolError{}, transport.Soon, transport.Soon},
		{&transport.DeadLinkError{}, transport.Soon, transport.Soon},
		{&transport.CloseError{Code: 1008}, transport.Soon, transport.Soon},
	}
	for _, tt := range tests {
		if got := transport.Retryable(tt.err, false); got != tt.before {
			t.Errorf("%v at first: %v, want %v", tt.err, got, tt.before)
		}
		if got := transport.Retryable(tt.err, true); got != tt.after {
			t.Errorf("%v later: %v, want %v", tt.err, got, tt.after)
		}
	}
}

func TestOptionsAreValidated(t *testing.T) {
	tests := []struct {
		field string
		o     transport.SupervisorOptions
	}{
		{"StableAfter", transport.SupervisorOptions{StableAfter: -1}},
		{"Initial", transport.SupervisorOptions{Backoff: transport.Backoff{Initial: -1}}},
		{"Max", transport.SupervisorOptions{Backoff: transport.Backoff{Initial: time.Minute}}},
		{"Multiplier", transport.SupervisorOptions{Backoff: transport.Backoff{Multiplier: 0.5}}},
	}
	for _, tt := range tests {
		if err := tt.o.Validate(); err == nil || !strings.Contains(err.Error(), tt.field) {
			t.Errorf("%s: %v", tt.field, err)
		}
	}
	if err := (transport.SupervisorOptions{}).Validate(); err != nil {
		t.Error(err)
	}
}
