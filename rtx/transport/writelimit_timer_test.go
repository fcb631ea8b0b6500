package transport

import (
	"testing"
	"testing/synctest"
	"time"
)

// The limit holds for each write, whether the timer was left running by the one before or not; a
// write that ends in time is never cut, and a closed link leaves no timer.
func TestWriteLimit(t *testing.T) {
	const limit = 10 * time.Second
	for _, pause := range []time.Duration{0, time.Second, limit - 1, limit, limit + 1, 25 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var stalled time.Time
			var w writeLimit
			w.use(limit, func() { stalled = time.Now() })
			for range 5 {
				w.begin()
				time.Sleep(limit / 2)
				w.accepted(1)
				time.Sleep(limit - 1)
				if n, over := w.end(); n != 1 || over {
					t.Fatalf("pauses of %v: %d bytes, over %t", pause, n, over)
				}
				time.Sleep(pause)
			}
			w.begin()
			begun := time.Now()
			time.Sleep(2 * limit)
			synctest.Wait()
			if _, over := w.end(); !over || stalled.Sub(begun) != limit {
				t.Errorf("pauses of %v: over %t after %v", pause, over, stalled.Sub(begun))
			}
		})
	}
}

// Writes that follow each other do not set the timer again, and a single one leaves none running.
func TestWriteLimitSetsItsTimerSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w writeLimit
		w.use(10*time.Second, func() { t.Error("stalled") })
		write := func() { w.begin(); w.accepted(1); w.end() }
		runs := func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.set }
		write()
		if runs() {
			t.Error("the timer runs after a single write")
		}
		write()
		if !runs() {
			t.Error("the timer is set for each write")
		}
		time.Sleep(time.Minute)
		if runs() {
			t.Error("the timer goes on although nothing is written")
		}
		write()
		write()
		w.stop()
		time.Sleep(time.Minute)
		if !runs() { // look would have cleared it
			t.Error("the timer ran after stop")
		}
	})
}
