//go:build unix

package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// A process that is stopped, as on a machine that sleeps, misses its heartbeats, and all its timers
// fire late. When it goes on, it finds that the service gave it up, and comes back.
func TestStoppedProcessComesBack(t *testing.T) {
	s := testserver.NewServer(t, testserver.WithPing(300*time.Millisecond, 300*time.Millisecond))
	l := start(t, []string{"RTX_URL=" + s.URL(), "RTX_KEY=" + s.Key()}, "listen", "orders")
	s.WaitSubscribed("orders")
	l.told("listening on orders")
	for n := 1; n <= 3; n++ {
		l.signal(syscall.SIGSTOP)
		s.WaitConnections(0) // the service has waited for its pong in vain
		l.signal(syscall.SIGCONT)
		l.told("to connect again")
		l.told("connected again")
		s.WaitSubscribed("orders")
		s.Publish("orders", "created", n)
		l.next()
	}
	l.signal(syscall.SIGINT)
	l.want(exitInterrupted)
}
