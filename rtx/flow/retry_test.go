package flow

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

var errBusy = errors.New("busy")

// The waits grow to the longest and are random up to that; nothing but success or the context ends
// it without a rule.
func TestRetryBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := []time.Duration{250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000} // in ms
		var most, least [9]time.Duration
		for range 200 {
			var last time.Time
			attempt := 0
			err := Retry(func(context.Context, int) error {
				if attempt > 0 {
					waited := time.Since(last)
					if waited > limits[attempt-1]*time.Millisecond {
						t.Fatalf("waited %v before attempt %d", waited, attempt+1)
					}
					most[attempt-1] = max(most[attempt-1], waited)
					if least[attempt-1] == 0 || waited < least[attempt-1] {
						least[attempt-1] = waited
					}
				}
				if attempt++; attempt > len(limits) {
					return nil
				}
				last = time.Now()
				return errBusy
			})(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, waited := range most {
			if limit := limits[i] * time.Millisecond; waited < limit*9/10 || least[i] > limit/10 {
				t.Errorf("waited %v to %v before attempt %d", least[i], waited, i+2)
			}
		}
	})
}

func TestRetryGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		busy := func(context.Context, int) error { attempts++; return errBusy }
		for name, row := range map[string]struct {
			opts     []RetryOption
			attempts int
		}{
			"after so many attempts":    {[]RetryOption{WithAttempts(3), nil}, 3},
			"at once if it is final":    {[]RetryOption{WithFinal(func(err error) bool { return err == errBusy })}, 1},
			"after one":                 {[]RetryOption{WithAttempts(1), WithBackoff(-1, 0)}, 1},
			"after as many, more often": {[]RetryOption{WithAttempts(9), WithBackoff(time.Millisecond, time.Millisecond)}, 9},
		} {
			attempts = 0
			err := Retry(busy, row.opts...)(t.Context(), 1)
			var gaveUp *RetryError
			if !errors.As(err, &gaveUp) || !errors.Is(err, errBusy) || gaveUp.Cause != nil || gaveUp.Attempts != row.attempts || attempts != row.attempts {
				t.Errorf("%s: %v, %d attempts", name, err, attempts)
			}
		}
		begin := time.Now()
		_ = Retry(busy, WithAttempts(9), WithBackoff(time.Millisecond, time.Millisecond))(t.Context(), 1)
		if took := time.Since(begin); took > 8*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// The end of the context ends a wait, and is told beside what failed. A call is not asked about.
func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("shutting down")
		final := func(err error) bool { return errors.Is(err, context.Canceled) }
		expect(t, (&RetryError{2, errBusy, why}).Error(), "flow: gave up after attempt 2 (shutting down): busy")
		expect(t, (&RetryError{Attempts: 3, Err: errBusy}).Error(), "flow: gave up after attempt 3: busy")
		for _, during := range []bool{true, false} {
			ctx, cancel := context.WithCancelCause(t.Context())
			err := Retry(func(ctx context.Context, _ int) error {
				if during {
					cancel(why)
					return ctx.Err()
				}
				time.AfterFunc(1, func() { cancel(why) })
				return errBusy
			}, WithFinal(final), WithBackoff(time.Hour, time.Hour))(ctx, 1)
			var gaveUp *RetryError
			if !errors.As(err, &gaveUp) || !errors.Is(err, why) || gaveUp.Attempts != 1 || errors.Is(err, errBusy) == during {
				t.Error(err)
			}
		}
		if err := Retry(func(context.Context, int) error { return nil })(nil, 1); err == nil {
			t.Error("a nil context is taken")
		}
	})
}

// A sink that fails most of the time has everything in the end, in order, each value once.
func TestRetryHoldsTheOrder(t *testing.T) {
	bubbles(t, 50, func(t *testing.T, r *rand.Rand) {
		s := random(r, 20)
		var got script
		sink := Retry(func(_ context.Context, it item[int]) error {
			if r.IntN(4) > 0 {
				return errBusy
			}
			got = append(got, it)
			return nil
		})
		err := ForEach(t.Context(), either(s.play(r), r), 1,
			func(ctx context.Context, v int) error { return sink(ctx, item[int]{v: v}) },
			func(ctx context.Context, gap *rtx.Gap) error { return sink(ctx, item[int]{gap: gap}) })
		if err != nil {
			t.Error(err)
		}
		expect(t, show(got), s.String())
	})
}
