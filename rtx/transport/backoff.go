package transport

import (
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Backoff bounds the delays between attempts. Each delay is drawn at random
// between zero and a bound ("full jitter") that grows from attempt to attempt,
// so that the clients of a restarting server come back spread out.
type Backoff struct {
	Initial    time.Duration // the bound of the first delay; 0: 250 ms
	Max        time.Duration // the bound of all; 0: 30 s
	Multiplier float64       // what the bound grows by each time; 0: 2
}

// Defaults of [Backoff].
const (
	DefaultBackoffInitial    = 250 * time.Millisecond
	DefaultBackoffMax        = 30 * time.Second
	DefaultBackoffMultiplier = 2
)

// Validate names the field that is wrong, if one is.
func (b Backoff) Validate() error {
	b = b.withDefaults()
	switch {
	case b.Initial < time.Millisecond:
		return fmt.Errorf("transport: Backoff.Initial %s is below 1ms", b.Initial)
	case b.Max < b.Initial:
		return fmt.Errorf("transport: Backoff.Max %s is below Initial %s", b.Max, b.Initial)
	case !(b.Multiplier >= 1 && b.Multiplier <= 100): // also refuses NaN
		return fmt.Errorf("transport: Backoff.Multiplier %g is not between 1 and 100", b.Multiplier)
	}
	return nil
}

func (b Backoff) withDefaults() Backoff {
	if b.Initial == 0 {
		b.Initial = DefaultBackoffInitial
	}
	if b.Max == 0 {
		b.Max = DefaultBackoffMax
	}
	if b.Multiplier == 0 {
		b.Multiplier = DefaultBackoffMultiplier
	}
	return b
}

// full draws delays between 0 and a growing bound: the interval of the
// underlying back-off is the middle of that range.
func (b Backoff) full() *backoff.ExponentialBackOff {
	b = b.withDefaults()
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(b.Initial/2),
		backoff.WithMaxInterval(b.Max/2),
		backoff.WithMultiplier(b.Multiplier),
		backoff.WithRandomizationFactor(1),
		backoff.WithMaxElapsedTime(0), // the default gives up after 15 minutes
	)
}

// slowest draws delays between half of Max and Max.
func (b Backoff) slowest() *backoff.ExponentialBackOff {
	b = b.withDefaults()
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(b.Max*3/4),
		backoff.WithMaxInterval(b.Max*3/4),
		backoff.WithMultiplier(1),
		backoff.WithRandomizationFactor(1.0/3),
		backoff.WithMaxElapsedTime(0),
	)
}
