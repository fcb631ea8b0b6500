package transport_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// The server's end of a session, in whatever form, is no sign of life: a process that was stopped
// reads it late, and what was lost was lost since the last packet before it.
func TestAnEndIsNoSignOfLife(t *testing.T) {
	for name, end := range map[string]func(*peer){
		"DISCONNECT":      func(p *peer) { p.send("41") },
		"Engine.IO close": func(p *peer) { p.send("1") },
		"close frame":     func(p *peer) { _ = p.ws.Close(1012, "") },
		"FIN":             func(p *peer) { _ = p.raw.Close() },
		"broken packet":   func(p *peer) { p.send("9") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					p.greet()
					p.send(`42["e"]`)
					time.Sleep(6 * time.Second)
					end(p)
					p.drain()
				})
				sess := srv.mustDial()
				if _, err := sess.Recv(); err != nil {
					t.Fatal(err)
				}
				heard := sess.ReceivedAt()
				if p, err := sess.Recv(); err == nil {
					t.Fatalf("got %v", p)
				}
				if at := sess.ReceivedAt(); !at.Equal(heard) {
					t.Errorf("heard from %v after the last event", at.Sub(heard))
				}
				sess.Close(nil)
				time.Sleep(time.Minute)
			})
		})
	}
}
