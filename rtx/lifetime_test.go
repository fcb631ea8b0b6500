package rtx

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Streams with the same context end with it, all of them, and one that ended before takes none along.
func TestStreamsOfOneContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.connect()
		ctx, cancel := context.WithCancelCause(t.Context())
		other, cancelOther := context.WithCancel(t.Context())
		defer cancelOther()
		var streams []*Stream[int]
		for i := range 100 {
			streams = append(streams, On[int](ctx, s.c.Channel(fmt.Sprint("c", i%7)), "n"))
		}
		rest := On[int](other, s.c.Channel("c0"), "n")
		for _, one := range streams[:70] {
			one.Close()
		}
		synctest.Wait()
		for i, one := range streams[70:] {
			if err := one.Err(); err != nil {
				t.Fatalf("stream %d ended with the others: %v", i+70, err)
			}
		}
		if n := len(s.c.lifetimes); n != 2 {
			t.Errorf("%d lifetimes, want 2", n)
		}
		why := errors.New("enough")
		cancel(why)
		synctest.Wait()
		for i, one := range streams[70:] {
			if err := one.Err(); !errors.Is(err, why) {
				t.Errorf("stream %d: %v, want the context's cause", i+70, err)
			}
		}
		if err := rest.Err(); err != nil {
			t.Errorf("the stream of another context: %v", err)
		}
		rest.Close()
		if late := On[int](ctx, s.c.Channel("c0"), "n"); !errors.Is(late.Err(), why) {
			t.Errorf("a stream of a context that has ended: %v", late.Err())
		}
		if n := len(s.c.lifetimes); n != 0 {
			t.Errorf("%d lifetimes are left", n)
		}
		_ = s.c.Close()
		time.Sleep(time.Minute)
	})
}

// Streams are opened, closed and ended by their contexts at the same time. Each ends, and nothing of
// the contexts is left.
func TestLifetimesUnderContention(t *testing.T) {
	w := newWire(t)
	w.up()
	ch := w.c.Channel("quotes")
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		streams := make([]*Stream[int], 16)
		for i := range streams {
			all.Go(func() {
				streams[i] = On[int](ctx, ch, "n")
				if i%3 == 0 {
					streams[i].Close()
				}
			})
		}
		all.Go(cancel)
		all.Wait()
		for _, s := range streams {
			for range s.C { // closed at the end
			}
			if !s.Ended() {
				t.Fatal("a stream has not ended")
			}
		}
	}
	w.c.mu.Lock()
	left := len(w.c.lifetimes)
	w.c.mu.Unlock()
	if left > 0 {
		t.Errorf("%d lifetimes are left", left)
	}
	_ = w.c.Close()
}
