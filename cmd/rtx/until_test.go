package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// The time of --for runs from the start: what connecting took is not there for joining, and whoever
// waits is told at its end.
func TestForBoundsTheWholeCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		l := limit{duration: 2 * time.Second}
		began := time.Now()
		l.start()
		time.Sleep(1500 * time.Millisecond) // connecting
		s := &session{conn: &connection{}}
		err := s.join(t.Context(), l, never)
		if took := time.Since(began); took != l.duration || err == nil || err.Error() != "there was no subscription within 2s" {
			t.Errorf("after %v: %v", took, err)
		}
		if err := s.explainWait(func() error {
			ctx, cancel := l.within(t.Context(), "connection")
			defer cancel()
			return never(ctx)
		}()); err == nil || err.Error() != "there was no connection within 2s" {
			t.Error(err)
		}
	})
}

func TestExpireGoesByTheWholeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit{duration: 2 * time.Second}
		l.start()
		began := time.Now()
		time.Sleep(1500 * time.Millisecond) // connecting and joining
		ended := make(chan time.Duration, 1)
		stop := l.expire(t.Context(), func(context.Context) { ended <- time.Since(began) })
		defer stop()
		if after := <-ended; after != l.duration {
			t.Errorf("it ended after %v", after)
		}
	})
}

func TestWithoutForThereIsNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l limit
		l.start()
		ctx, cancel := l.within(t.Context(), "connection")
		stop := l.expire(t.Context(), func(context.Context) { t.Error("it expired") })
		time.Sleep(24 * time.Hour)
		if ctx.Err() != nil {
			t.Error(ctx.Err())
		}
		stop()
		cancel()
	})
}
