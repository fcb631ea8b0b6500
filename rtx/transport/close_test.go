package transport_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestClose(t *testing.T) {
	tests := []struct {
		name string
		play func(*peer)
		want time.Duration
	}{
		{"answered", func(p *peer) {
			if all := p.drain(); strings.Join(all, " ") != "41 close StatusNormalClosure" {
				t.Errorf("server got %q", all)
			}
		}, 0},
		{"answered late", func(p *peer) {
			time.Sleep(400 * time.Millisecond)
			p.drain()
		}, 400 * time.Millisecond},
		{"never answered", func(*peer) { time.Sleep(time.Minute) }, 2 * time.Second},
		{"events go on", func(p *peer) {
			// Reads on its own goroutine, and answers nothing.
			for range 100 {
				time.Sleep(100 * time.Millisecond)
				_, _ = p.raw.Write(append([]byte{0x81, 7}, `42["e"]`...))
			}
		}, 2 * time.Second},
	}
	for _, tt := range tests {
		for _, reading := range []bool{false, true} {
			name := tt.name
			if reading {
				name += ", with a reader"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := newServer(t, func(p *peer) { p.greet(); tt.play(p) })
					sess := srv.mustDial(func(c *transport.Config) { c.CloseTimeout = 2 * time.Second })
					ended := make(chan error, 1)
					if reading {
						go func() {
							for {
								if _, err := sess.Recv(); err != nil {
									ended <- err
									return
								}
							}
						}()
						synctest.Wait()
					}
					start := time.Now()
					why := errors.New("enough")
					other := make(chan struct{})
					go func() { sess.Close(nil); close(other) }()
					synctest.Wait()
					sess.Close(why)
					if d := time.Since(start); d != tt.want {
						t.Errorf("took %v, want %v", d, tt.want)
					}
					<-other
					if reading {
						if err := <-ended; !errors.Is(err, transport.ErrClosed) {
							t.Errorf("the reader got %v, want the first reason", err)
						}
					}
				})
			})
		}
	}
}

func TestCloseWhileSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); time.Sleep(time.Minute) })
		sess := srv.mustDial()
		type result struct {
			after time.Duration
			err   error
		}
		start := time.Now()
		send := func() <-chan result {
			done := make(chan result, 1)
			go func() {
				err := sess.Send(t.Context(), []byte(`2["e"]`))
				done <- result{time.Since(start), err}
			}()
			synctest.Wait()
			return done
		}
		writing, waiting := send(), send()
		sess.Close(nil)
		if d := time.Since(start); d != time.Second {
			t.Errorf("took %v, want 1s", d)
		}
		if r := <-writing; !errors.Is(r.err, transport.ErrClosed) || r.after != time.Second {
			t.Errorf("writing: %v after %v", r.err, r.after)
		}
		if r := <-waiting; !errors.Is(r.err, transport.ErrSessionClosed) || r.after != 0 {
			t.Errorf("waiting: %v after %v, want to be told at once", r.err, r.after)
		}
	})
}
