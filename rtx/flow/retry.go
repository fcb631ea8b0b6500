package flow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// A RetryOption configures [Retry]. A nil RetryOption is ignored.
type RetryOption interface{ applyRetry(*retry) }

type retryOption func(*retry)

func (o retryOption) applyRetry(r *retry) { o(r) }

type retry struct {
	first, longest time.Duration
	attempts       int
	final          func(error) bool
}

// WithBackoff sets how long Retry waits: a random time up to first after the first failure, up to
// twice that after the second, and so on up to longest. Values below 1 ns leave the default: 250 ms
// and 30 s.
func WithBackoff(first, longest time.Duration) RetryOption {
	return retryOption(func(r *retry) {
		if first > 0 && longest > 0 {
			r.first, r.longest = min(first, longest), longest
		}
	})
}

// WithAttempts sets how many attempts Retry makes before it gives up. 0 or less means no limit,
// which is the default.
func WithAttempts(n int) RetryOption {
	return retryOption(func(r *retry) { r.attempts = max(n, 0) })
}

// WithFinal sets which errors no further attempt can heal: after one for which final reports true
// Retry gives up at once. The default is none. It is not asked about the end of the context.
func WithFinal(final func(error) bool) RetryOption {
	return retryOption(func(r *retry) { r.final = final })
}

// A RetryError says that Retry gave up.
type RetryError struct {
	Attempts int   // that were made
	Err      error // of the last one
	Cause    error // why the context ended; nil if the rule said to give up
}

// Error says why Retry gave up, after how many attempts, and the last error.
func (e *RetryError) Error() string {
	if e == nil {
		return "<nil>"
	}
	why := ""
	if e.Cause != nil {
		why = fmt.Sprintf(" (%v)", e.Cause)
	}
	return fmt.Sprintf("flow: gave up after attempt %d%s: %v", e.Attempts, why, e.Err)
}

// Unwrap returns Err, and Cause if it is set.
func (e *RetryError) Unwrap() []error {
	switch {
	case e == nil:
		return nil
	case e.Cause != nil:
		return []error{e.Err, e.Cause}
	case e.Err != nil:
		return []error{e.Err}
	}
	return nil
}

// Retry returns do with further attempts: it calls do until it returns nil, waiting longer each
// time. It gives up when its rule says so ([WithAttempts], [WithFinal]) or its context ends, and
// returns a [*RetryError]. Without a rule only the context ends it.
//
// The call returns only when the value is done or given up, so it holds the order where it is used:
// in a loop, or in [ForEach] with an n of 1, no later value overtakes one that fails. With another
// n the other hands go on. It may wrap the function for gaps too.
func Retry[T any](do func(context.Context, T) error, opts ...RetryOption) func(context.Context, T) error {
	need("Retry", do != nil)
	r := &retry{first: 250 * time.Millisecond, longest: 30 * time.Second}
	for _, o := range opts {
		if o != nil {
			o.applyRetry(r)
		}
	}
	return func(ctx context.Context, v T) error {
		if ctx == nil {
			return errors.New("flow: Retry: the context is nil")
		}
		limit := r.first
		for attempt := 1; ; attempt++ {
			err := do(ctx, v)
			switch {
			case err == nil:
				return nil
			case ctx.Err() != nil:
				return &RetryError{attempt, err, context.Cause(ctx)}
			case attempt == r.attempts, r.final != nil && r.final(err):
				return &RetryError{Attempts: attempt, Err: err}
			}
			if !pause(ctx, rand.N(limit)+1) {
				return &RetryError{attempt, err, context.Cause(ctx)}
			}
			limit = min(2*limit, r.longest)
		}
	}
}

// pause reports whether d passed before ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
