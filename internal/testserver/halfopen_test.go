package testserver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// What a half-open link swallowed can't be overtaken by the end of the stream: the client hears
// nothing of a stop.
func TestStopIsNotHeardOverAHalfOpenLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		c := connect(t, s)
		s.HalfOpenAll()
		s.Stop()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, frame, err := c.ws.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %s, %v", frame, err)
		}
		c.ws.CloseNow()
		s.Close()
		time.Sleep(time.Minute)
	})
}

// A half-open link that has timed out is still in its close handshake when the server stops:
// nothing waits for it for ever.
func TestStopDuringTheCloseHandshakeOfAHalfOpenLink(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			s := NewPipeServer(t)
			for range 4 {
				connect(t, s)
			}
			s.HalfOpenAll()
			time.Sleep(46 * time.Second)
			s.Stop()
			s.Close()
			time.Sleep(time.Minute)
		})
	}
}
