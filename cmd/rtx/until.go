package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// A limit says when a command that could go on for ever has done enough.
type limit struct {
	count    uint
	duration time.Duration
}

func (l *limit) flags(cmd *cobra.Command, what, short string) {
	cmd.Flags().UintVarP(&l.count, "count", short, 0, "end after that many "+what)
	cmd.Flags().DurationVar(&l.duration, "for", 0, "end after that time, such as 10s")
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

// reached reports whether n are enough.
func (l *limit) reached(n uint) bool { return l.count > 0 && n >= l.count }

// expire calls end, on a goroutine of its own, once the time is over. The function that it returns takes that back, and waits
// until end has returned if it was too late for that.
func (l *limit) expire(ctx context.Context, end func(context.Context)) (stop func()) {
	if l.duration == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	timer := time.AfterFunc(l.duration, func() {
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
