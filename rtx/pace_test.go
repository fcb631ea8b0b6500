package rtx

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Each delay lies within its bound, the next attempt comes exactly after it, and the delays are
// spread over the range.
func TestDelaysOfRedialling(t *testing.T) {
	for _, p := range []struct{ initial, limit time.Duration }{{}, {10 * time.Millisecond, time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			const attempts = 300
			opts := []Option{WithConnectRetry()}
			if p.initial != 0 {
				opts = append(opts, WithBackoff(p.initial, p.limit))
			} else {
				p.initial, p.limit = 250*time.Millisecond, 30*time.Second
			}
			s := newScripted(t, opts...)
			ctx, cancel := context.WithCancel(t.Context())
			s.dial = func(_ context.Context, n int, _ *scriptedSession) error {
				if n == attempts {
					cancel()
				}
				return errNoRoute
			}
			states := s.c.States(t.Context())
			connected := make(chan error, 1)
			go func() { connected <- s.c.Connect(ctx) }()
			bound, low, high := p.initial, 0, 0
			for i := 0; i < attempts-1; {
				st := <-states.C
				if st.State != StateConnecting || st.Err == nil {
					continue // idle, and the first attempt
				}
				if st.Delay < 0 || st.Delay > bound {
					t.Errorf("delay %d is %v, beyond %v", i, st.Delay, bound)
				}
				switch {
				case st.Delay < bound/4:
					low++
				case st.Delay > bound*3/4:
					high++
				}
				if st.Attempt != i+2 {
					t.Errorf("attempt %d is told as %d", i+2, st.Attempt)
				}
				if i < attempts-2 {
					time.Sleep(st.Delay)
					synctest.Wait()
					s.mu.Lock()
					if got := s.dials[i+1].at; got != st.At.Add(st.Delay).Sub(s.start) {
						t.Errorf("attempt %d came at %v, told for %v", i+2, got, st.At.Add(st.Delay).Sub(s.start))
					}
					s.mu.Unlock()
				}
				bound = min(2*bound, p.limit)
				i++
			}
			// A quarter of 299 is 75. Fewer than 25 has a probability below 1e-12.
			if low < 25 || high < 25 {
				t.Errorf("%d delays in the lowest quarter and %d in the highest: no full jitter", low, high)
			}
			err := <-connected
			var interrupted *InterruptedError
			var last *DialError
			if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || !errors.As(err, &last) {
				t.Errorf("err = %v, want the context's and the last attempt's", err)
			}
		})
	}
}

// The delays begin anew after a session that proved stable, to the nanosecond, and not after one
// that fell short of that.
func TestDelaysBeginAnewAfterAStableSession(t *testing.T) {
	for _, tt := range []struct {
		lived time.Duration
		reset bool
	}{{10 * time.Second, true}, {10*time.Second - time.Nanosecond, false}, {0, false}} {
		synctest.Test(t, func(t *testing.T) {
			const failures = 12
			s := newScripted(t, WithConnectRetry())
			s.dial = func(_ context.Context, n int, _ *scriptedSession) error {
				if n == failures+1 {
					return nil
				}
				return errNoRoute
			}
			sess := s.connect()
			states := s.c.States(t.Context())
			if tt.lived > 0 {
				time.Sleep(tt.lived)
			}
			sess.end(transport.ErrServerClose)
			time.Sleep(time.Minute) // no more changes than a stream of states keeps
			all := story(states)[1:]
			wantAttempt, bound := failures+2, 30*time.Second
			if tt.reset {
				wantAttempt, bound = 1, 250*time.Millisecond
			}
			if all[0].Attempt != wantAttempt || all[0].Delay > bound {
				t.Errorf("lived %v: then attempt %d after %v, want attempt %d after at most %v",
					tt.lived, all[0].Attempt, all[0].Delay, wantAttempt, bound)
			}
			if tt.reset && all[1].Delay > 500*time.Millisecond {
				t.Errorf("the second delay is %v", all[1].Delay)
			}
		})
	}
}

func TestPace(t *testing.T) {
	const rounds = 2000
	tests := map[string]struct {
		draw      func(p *pace) time.Duration
		low, high time.Duration
	}{
		"first":                 {func(p *pace) time.Duration { p.Reset(); return p.Redial(false, 0) }, 0, 200 * time.Millisecond},
		"grown":                 {func(p *pace) time.Duration { return p.Redial(false, 0) }, 0, 10 * time.Second},
		"slow":                  {func(p *pace) time.Duration { return p.Redial(true, 0) }, 5 * time.Second, 10 * time.Second},
		"asked to wait":         {func(p *pace) time.Duration { p.Reset(); return p.Redial(false, 7*time.Second) }, 7 * time.Second, 7200 * time.Millisecond},
		"asked to wait, slow":   {func(p *pace) time.Duration { p.Reset(); return p.Redial(true, 7*time.Second) }, 7 * time.Second, 7200 * time.Millisecond},
		"channel, first":        {func(p *pace) time.Duration { return p.Retry(0, 0) }, 0, 500 * time.Millisecond},
		"channel, third":        {func(p *pace) time.Duration { return p.Retry(2, 0) }, 0, 2 * time.Second},
		"channel, ever":         {func(p *pace) time.Duration { return p.Retry(1000, 0) }, 0, 30 * time.Second},
		"channel, asked":        {func(p *pace) time.Duration { return p.Retry(0, 40*time.Second) }, 40 * time.Second, 40 * time.Second},
		"channel, asked little": {func(p *pace) time.Duration { return p.Retry(6, time.Second) }, time.Second, 30 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPace(200*time.Millisecond, 10*time.Second)
			for range 10 {
				p.Redial(false, 0) // as far as it grows
			}
			least, most := time.Hour, time.Duration(0)
			for range rounds {
				d := tt.draw(p)
				least, most = min(least, d), max(most, d)
			}
			// That the outer tenth of 2,000 draws is empty has a probability below 1e-91.
			slack := (tt.high - tt.low) / 10
			if least < tt.low || most > tt.high || least > tt.low+slack || most < tt.high-slack {
				t.Errorf("drew %v to %v, want %v to %v", least, most, tt.low, tt.high)
			}
		})
	}
}
