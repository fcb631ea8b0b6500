package transport_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestBackoffBounds(t *testing.T) {
	for _, b := range []transport.Backoff{{}, {Initial: 10 * time.Millisecond, Max: time.Second, Multiplier: 3}} {
		synctest.Test(t, func(t *testing.T) {
			const attempts = 300
			ctx, cancel := context.WithCancel(t.Context())
			dialer := &countingDialer{}
			dialer.dial = func(_ context.Context, n int) (transport.Session, error) {
				if n == attempts {
					cancel()
				}
				return nil, errNoRoute
			}
			w := newOwner(t, dialer, transport.SupervisorOptions{Backoff: b})
			err := w.sup.Connect(ctx, true)
			var interrupted *transport.InterruptedError
			if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || !errors.Is(err, errNoRoute) {
				t.Errorf("err = %v, want the context's and the last attempt's", err)
			}
			initial, most, factor := 250*time.Millisecond, 30*time.Second, 2.0
			if b.Initial != 0 {
				initial, most, factor = b.Initial, b.Max, b.Multiplier
			}
			bound := initial
			dials, delays := w.all("dialing"), w.all("retrying")
			low, high := 0, 0
			for i := range attempts - 1 {
				d := delays[i].delay
				if d < 0 || d > bound {
					t.Errorf("delay %d is %v, beyond %v", i, d, bound)
				}
				switch {
				case d < bound/4:
					low++
				case d > bound*3/4:
					high++
				}
				if got := dials[i+1].at - delays[i].at; got != d {
					t.Errorf("dial %d came after %v, want %v", i+2, got, d)
				}
				if dials[i].attempt != i+1 || delays[i].attempt != i+2 {
					t.Errorf("attempt %d is told as %d, the next as %d", i+1, dials[i].attempt, delays[i].attempt)
				}
				bound = min(time.Duration(float64(bound)*factor), most)
			}
			// A quarter of 299 is 75. Fewer than 25 has a probability below 1e-12.
			if low < 25 || high < 25 {
				t.Errorf("%d delays in the lowest quarter and %d in the highest: no full jitter", low, high)
			}
		})
	}
}

func TestBackoffResetsAfterStability(t *testing.T) {
	for _, tt := range []struct {
		lived time.Duration
		reset bool
	}{{10 * time.Second, true}, {10*time.Second - time.Nanosecond, false}, {0, false}} {
		synctest.Test(t, func(t *testing.T) {
			const failures = 12
			srv := newServer(t, func(p *peer) {
				p.greet()
				time.Sleep(tt.lived)
				_ = p.raw.Close()
			})
			real := mustDialer(t, srv.config())
			dialer := &countingDialer{}
			dialer.dial = func(ctx context.Context, n int) (transport.Session, error) {
				if n == failures+1 {
					return real.Dial(ctx, transport.Resume{})
				}
				return nil, errNoRoute
			}
			w := newOwner(t, dialer, transport.SupervisorOptions{StableAfter: 10 * time.Second})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if err := w.sup.Connect(ctx, true); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			w.sup.Close()
			after := w.all("retrying")[failures]
			wantAttempt, bound := failures+2, 30*time.Second
			if tt.reset {
				wantAttempt, bound = 1, 250*time.Millisecond
			}
			if after.attempt != wantAttempt || after.delay > bound {
				t.Errorf("lived %v: then attempt %d after %v, want attempt %d after at most %v", tt.lived, after.attempt, after.delay, wantAttempt, bound)
			}
			// The one after it has the bound that follows.
			next := w.all("retrying")[failures+1]
			if tt.reset && next.delay > 500*time.Millisecond {
				t.Errorf("second delay %v", next.delay)
			}
		})
	}
}

func TestRetryable(t *testing.T) {
	status := func(n int) error { return &transport.HandshakeError{Step: "upgrade", Status: n, Code: -1} }
	tests := []struct {
		err           error
		before, after any
	}{
		{&transport.ConnectError{}, transport.Never, transport.Slowly},
		{status(401), transport.Never, transport.Slowly},
		{status(403), transport.Never, transport.Slowly},
		{status(404), transport.Slowly, transport.Slowly},
		{status(200), transport.Slowly, transport.Slowly},
		{status(429), transport.Slowly, transport.Slowly},
		{status(500), transport.Soon, transport.Soon},
		{status(503), transport.Soon, transport.Soon},
		{&transport.HandshakeError{Step: "upgrade", Status: 302, Err: transport.ErrRedirect}, transport.Slowly, transport.Slowly},
		{&transport.HandshakeError{Step: "connect", Err: transport.ErrBacklog}, transport.Soon, transport.Soon},
		{errNoRoute, transport.Soon, transport.Soon},
		{transport.ErrServerDisconnect, transport.Soon, transport.Soon},
		{&transport.ProtocolError{}, transport.Soon, transport.Soon},
		{&transport.DeadLinkError{}, transport.Soon, transport.Soon},
		{&transport.CloseError{Code: 1008}, transport.Soon, transport.Soon},
	}
	for _, tt := range tests {
		if got := transport.Retryable(tt.err, false); got != tt.before {
			t.Errorf("%v at first: %v, want %v", tt.err, got, tt.before)
		}
		if got := transport.Retryable(tt.err, true); got != tt.after {
			t.Errorf("%v later: %v, want %v", tt.err, got, tt.after)
		}
	}
}

func TestOptionsAreValidated(t *testing.T) {
	tests := []struct {
		field string
		o     transport.SupervisorOptions
	}{
		{"StableAfter", transport.SupervisorOptions{StableAfter: -1}},
		{"Initial", transport.SupervisorOptions{Backoff: transport.Backoff{Initial: -1}}},
		{"Max", transport.SupervisorOptions{Backoff: transport.Backoff{Initial: time.Minute}}},
		{"Multiplier", transport.SupervisorOptions{Backoff: transport.Backoff{Multiplier: 0.5}}},
	}
	for _, tt := range tests {
		if err := tt.o.Validate(); err == nil || !strings.Contains(err.Error(), tt.field) {
			t.Errorf("%s: %v", tt.field, err)
		}
	}
	if err := (transport.SupervisorOptions{}).Validate(); err != nil {
		t.Error(err)
	}
}
