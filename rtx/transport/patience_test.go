package transport_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

var earlier = transport.Resume{PID: "pid-1", Offset: "offset-1"}

const (
	askEarlier = `40{"pid":"pid-1","offset":"offset-1"}`
	recovered  = `40{"sid":"socket-1","pid":"pid-1"}`
)

// slowly writes bytes at 100 kB/s.
func slowly(p *peer, b []byte) {
	for len(b) > 0 {
		n := min(len(b), 10_000)
		time.Sleep(100 * time.Millisecond)
		if _, err := p.raw.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
}

// What was missed may take longer than any time limit, as long as it keeps coming.
func TestSlowResume(t *testing.T) {
	var many []byte
	for range 3000 {
		many = append(many, serverFrame(eventOf(1000))...)
	}
	for name, missed := range map[string][]byte{
		"3 MB in 3,000 events": many,
		"3 MB in one event":    serverFrame(eventOf(3_000_000)),
	} {
		for _, resume := range []transport.Resume{earlier, {}} {
			t.Run(fmt.Sprintf("%s, resuming %t", name, !resume.IsZero()), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := newServer(t, func(p *peer) {
						p.send(openPacket)
						p.read()
						slowly(p, missed)
						p.send(recovered)
						p.drain()
					})
					start := time.Now()
					sess, err := mustDialer(t, srv.config()).Dial(t.Context(), resume)
					took := time.Since(start)
					if resume.IsZero() {
						var failed *transport.HandshakeError
						if !errors.As(err, &failed) || failed.Resuming || !errors.Is(err, context.DeadlineExceeded) || took != 20*time.Second {
							t.Errorf("%v after %v, want a deadline after 20s", err, took)
						}
						return
					}
					if err != nil {
						t.Fatalf("%v after %v", err, took)
					}
					defer sess.Close(nil)
					if !sess.Info().Recovered || took < 30*time.Second {
						t.Errorf("info %v after %v", sess.Info(), took)
					}
					n := 0
					for n < len(missed)-20_000 {
						p, err := sess.Recv()
						if err != nil {
							t.Fatal(err)
						}
						n += len(p.Data) + 6
					}
				})
			})
		}
	}
}

// A resume that stands still ends, and is told apart.
func TestResumeStandsStill(t *testing.T) {
	every := func(d time.Duration, write func(p *peer) bool) func(*peer) {
		return func(p *peer) {
			go p.drain() // the pongs
			for {
				time.Sleep(d)
				if !write(p) {
					return
				}
			}
		}
	}
	raw := func(b ...byte) func(*peer) bool {
		return func(p *peer) bool { _, err := p.raw.Write(b); return err == nil }
	}
	text := func(frame string) func(*peer) bool { return raw(serverFrame(frame)...) }
	event := text(`42["e",1,"offset-2"]`)
	tests := []struct {
		name string
		play func(*peer)
		want time.Duration // from the beginning; CONNECT comes at 5 s
	}{
		{"nothing", func(p *peer) { p.drain() }, 25 * time.Second},
		{"events, and then nothing", func(p *peer) {
			for range 4 {
				time.Sleep(15 * time.Second)
				event(p)
			}
			p.drain()
		}, 85 * time.Second},
		{"half a frame", func(p *peer) { raw(0x81, 20, '4', '2')(p); p.drain() }, 25 * time.Second},
		{"a frame that drips", func(p *peer) {
			_, _ = p.raw.Write(binary.BigEndian.AppendUint64([]byte{0x81, 127}, 1<<20))
			every(100*time.Millisecond, raw('x'))(p)
		}, 25 * time.Second},
		{"pings", every(time.Second, text("2")), 25 * time.Second},
		{"noops", every(time.Second, text("6")), 25 * time.Second},
		{"WebSocket pings", every(time.Second, raw(0x89, 0)), 25 * time.Second},
		{"another namespace", every(time.Second, text(`42/admin,["e"]`)), 25 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					time.Sleep(5 * time.Second)
					p.send(openPacket)
					p.expect(askEarlier)
					tt.play(p)
				})
				start := time.Now()
				_, err := mustDialer(t, srv.config()).Dial(t.Context(), earlier)
				var failed *transport.HandshakeError
				if !errors.As(err, &failed) || failed.Step != "connect" || !failed.Resuming || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("err = %#v, want a deadline while resuming", err)
				}
				if took := time.Since(start); took != tt.want {
					t.Errorf("took %v, want %v", took, tt.want)
				}
			})
		})
	}
}

// The context bounds a resume as ever.
func TestResumeHeedsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.send(openPacket)
			p.expect(askEarlier)
			slowly(p, serverFrame(eventOf(10_000_000)))
		})
		ctx, cancel := context.WithTimeout(t.Context(), 33*time.Second)
		defer cancel()
		start := time.Now()
		_, err := mustDialer(t, srv.config()).Dial(ctx, earlier)
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 33*time.Second {
			t.Errorf("%v after %v, want the context's end after 33s", err, took)
		}
	})
}

// What a resume failed on, and would fail on again, is told apart from a failure before it was
// asked for.
func TestFailedResumeIsTold(t *testing.T) {
	tests := []struct {
		name     string
		open     string
		replay   []string
		is       error
		resuming bool
	}{
		{"frame too big", openPacket, []string{`42["` + strings.Repeat("x", 2000) + `"]`}, transport.ErrFrameTooBig, true},
		{"backlog too big", openPacket, repeat(`42["e"]`, transport.MaxBacklogPackets+1), transport.ErrBacklog, true},
		{"undecodable", openPacket, []string{`42`}, nil, true},
		{"disconnect", openPacket, []string{`41`}, transport.ErrServerDisconnect, true},
		{"cut", openPacket, []string{"cut"}, nil, true},
		{"before it was asked for", `0{`, nil, nil, false},
	}
	for _, tt := range tests {
		for _, resume := range []transport.Resume{earlier, {}, {PID: "p", Offset: strings.Repeat("x", 2000)}} {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					p.send(tt.open)
					p.read()
					for _, f := range tt.replay {
						if f == "cut" {
							_ = p.raw.Close()
							return
						}
						p.send(f)
					}
					p.drain()
				})
				c := srv.config()
				c.ReadLimit = 1000
				_, err := mustDialer(t, c).Dial(t.Context(), resume)
				var failed *transport.HandshakeError
				if want := tt.resuming && resume == earlier; !errors.As(err, &failed) || failed.Resuming != want {
					t.Errorf("%s, of %v: %#v, want Resuming %t", tt.name, resume, err, want)
				}
				if tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("%s: %v, want %v", tt.name, err, tt.is)
				}
			})
		}
	}
}

func repeat(frame string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = frame
	}
	return all
}
