package transport_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// readOn receives on a goroutine of its own, until the session ends.
func readOn(sess transport.Session) <-chan error {
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := sess.Recv(); err != nil {
				ended <- err
				return
			}
		}
	}()
	return ended
}

// What keeps bytes moving and never gets anywhere is silence.
func TestDripIsSilence(t *testing.T) {
	tests := map[string][]byte{ // written each 100 ms
		"a frame that never ends":      {'x'},
		"empty continuation frames":    {0x00, 0},
		"continuations of one byte":    {0x00, 1, 'x'},
		"WebSocket pings":              {0x89, 0},
		"WebSocket pings with bytes":   {0x89, 5, 'h', 'e', 'l', 'l', 'o'},
		"large WebSocket pings":        append([]byte{0x89, 125}, bytes.Repeat([]byte{'x'}, 125)...),
		"WebSocket pongs":              {0x8a, 0},
		"a message of WebSocket pings": {0x89, 5, 'h', 'e', 'l', 'l', 'o'},
		"noops":                        {0x81, 1, '6'},
		"noops in two frames":          {0x01, 0, 0x80, 1, '6'},
		"pongs":                        {0x81, 1, '3'},
		"long pongs":                   append([]byte{0x81, 100, '3'}, bytes.Repeat([]byte{'x'}, 99)...),
	}
	begin := map[string][]byte{ // a message, to go on with
		"a frame that never ends":      binary.BigEndian.AppendUint64([]byte{0x81, 127}, 1<<20),
		"empty continuation frames":    {0x01, 1, '4'},
		"continuations of one byte":    {0x01, 1, '4'},
		"a message of WebSocket pings": {0x01, 1, '4'},
	}
	for name, drip := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					p.greet()
					go p.drain()
					time.Sleep(10 * time.Second)
					p.send("2")
					_, _ = p.raw.Write(begin[name])
					for {
						time.Sleep(100 * time.Millisecond)
						if _, err := p.raw.Write(drip); err != nil {
							return
						}
					}
				})
				sess := srv.mustDial()
				start := time.Now()
				ended := readOn(sess)
				time.Sleep(10*time.Second + deadAfter)
				if got := sess.Silence(); got != deadAfter {
					t.Errorf("silent for %v, want %v: since the ping", got, deadAfter)
				}
				if got := sess.ReceivedAt().Sub(start); got != 10*time.Second {
					t.Errorf("received %v after the start, want 10s: the ping", got)
				}
				select {
				case err := <-ended:
					t.Fatalf("ended: %v", err)
				default:
				}
				sess.Close(&transport.DeadLinkError{})
				<-ended
			})
		})
	}
}

// A large message on a slow link is alive for as long as it keeps coming, however long it takes.
func TestSlowMessageIsAlive(t *testing.T) {
	tests := []struct {
		name  string
		size  int
		burst int
		every time.Duration
	}{
		{"1 kB/s", 600_000, 100, 100 * time.Millisecond},
		{"in bursts of 20 s", 200_000, 16 << 10, 20 * time.Second}, // TLS records, slow link
		{"barely", 60_000, transport.MinRate + transport.MinRate/4, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				message := serverFrame(eventOf(tt.size))
				srv := newServer(t, func(p *peer) {
					p.greet()
					for left := message; len(left) > 0; {
						time.Sleep(tt.every)
						n := min(tt.burst, len(left))
						if _, err := p.raw.Write(left[:n]); err != nil {
							return
						}
						left = left[n:]
					}
					p.drain()
				})
				sess := srv.mustDial()
				start := time.Now()
				got := make(chan int, 1)
				go func() {
					p, _ := sess.Recv()
					got <- len(p.Data)
				}()
				var longest time.Duration
				for len(got) == 0 {
					time.Sleep(500 * time.Millisecond)
					synctest.Wait()
					if longest = max(longest, sess.Silence()); longest >= deadAfter {
						t.Fatalf("silent for %v after %v", longest, time.Since(start))
					}
				}
				if n := <-got; n != len(eventOf(tt.size))-2 || time.Since(start) < 3*deadAfter {
					t.Errorf("got %d bytes in %v", n, time.Since(start))
				}
			})
		})
	}
}

// A message that holds nothing but the frames around nothing is no sign of life for ever, however
// many they are.
func TestFloodOfEmptyFramesIsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			_, _ = p.raw.Write([]byte{0x01, 1, '4'})
			for {
				time.Sleep(time.Second)
				if _, err := p.raw.Write(bytes.Repeat([]byte{0x00, 0}, 500)); err != nil {
					return
				}
			}
		})
		// Reached after 20 s.
		sess := srv.mustDial(func(c *transport.Config) { c.ReadLimit = 20_000 })
		ended := readOn(sess)
		time.Sleep(20*time.Second + deadAfter)
		if got := sess.Silence(); got < deadAfter {
			t.Errorf("silent for %v, want %v at least", got, deadAfter)
		}
		sess.Close(&transport.DeadLinkError{})
		<-ended
	})
}

// A message just below the rate is no sign of life: the limit is where the documentation has it.
func TestTooSlowMessageIsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = transport.MinRate - 1 // bytes a second
		srv := newServer(t, func(p *peer) {
			p.greet()
			_, _ = p.raw.Write(binary.BigEndian.AppendUint64([]byte{0x81, 127}, 1<<20))
			for {
				time.Sleep(time.Second)
				if _, err := p.raw.Write(bytes.Repeat([]byte{'x'}, rate)); err != nil {
					return
				}
			}
		})
		sess := srv.mustDial()
		ended := readOn(sess)
		time.Sleep(deadAfter)
		if got := sess.Silence(); got != deadAfter {
			t.Errorf("silent for %v, want %v", got, deadAfter)
		}
		sess.Close(&transport.DeadLinkError{})
		<-ended
	})
}
