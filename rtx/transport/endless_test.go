package transport_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A message that never ends is alive for as many bytes as a message may have, and silence from then
// on, however fast it comes. Empty frames add nothing to it, so the read limit alone would let them
// go on for ever.
func TestAnEndlessMessageIsSilenceInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			go p.drain()
			_, _ = p.raw.Write([]byte{0x01, 1, '4'})
			empty := bytes.Repeat([]byte{0x00, 0}, 500)
			for {
				time.Sleep(100 * time.Millisecond)
				if _, err := p.raw.Write(empty); err != nil {
					return
				}
			}
		})
		// Ten seconds of it.
		sess := srv.mustDial(func(c *transport.Config) { c.ReadLimit = 100_000 })
		ended := readOn(sess)
		time.Sleep(8 * time.Second)
		if got := sess.Silence(); got > deadAfter/2 {
			t.Errorf("silent for %v while a message comes", got)
		}
		time.Sleep(4*time.Second + deadAfter)
		if got := sess.Silence(); got < deadAfter {
			t.Errorf("silent for %v, want %v at least", got, deadAfter)
		}
		sess.Close(&transport.DeadLinkError{})
		<-ended
	})
}
