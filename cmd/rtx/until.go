package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// A limit says when a command that could go on for ever has done enough. Its time runs from start:
// connecting and joining are part of it.
type limit struct {
	count    uint
	duration time.Duration
	end      time.Time // zero if the time has no end
}

func (l *limit) flags(cmd *cobra.Command, what string) {
	cmd.Flags().UintVarP(&l.count, "count", "n", 0, "end after that many "+what)
	cmd.Flags().DurationVar(&l.duration, "for", 0, "end after that time, such as 10s; connecting is part of it")
}

func (l *limit) check(cmd *cobra.Command) error {
	switch {
	case cmd.Flags().Changed("count") && l.count == 0:
		return usage("--count must be at least 1")
	case cmd.Flags().Changed("for") && l.duration <= 0:
		return usage("--for must be more than 0")
	}
	return nil
}

// start starts the time.
func (l *limit) start() {
	if l.duration > 0 {
		l.end = time.Now().Add(l.duration)
	}
}

// reached reports whether n are enough.
func (l *limit) reached(n uint) bool { return l.count > 0 && n >= l.count }

// A lateError says what there was not when the time was over.
type lateError struct {
	missing string
	limit   time.Duration
}

func (e *lateError) Error() string {
	return fmt.Sprintf("there was no %s within %v", e.missing, e.limit)
}

// within bounds a wait by what is left of the time, if that has an end: the context's cause is a
// lateError then.
func (l *limit) within(ctx context.Context, missing string) (context.Context, context.CancelFunc) {
	if l.end.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, l.end, &lateError{missing, l.duration})
}

// expire calls end, on a goroutine of its own, once the time is over. The function that it returns
// takes that back, and waits until end has returned if it was too late for that.
func (l *limit) expire(ctx context.Context, end func(context.Context)) (stop func()) {
	if l.end.IsZero() {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	timer := time.AfterFunc(time.Until(l.end), func() {
		defer close(done)
		end(ctx)
	})
	return func() {
		cancel()
		if !timer.Stop() {
			<-done
		}
	}
}
