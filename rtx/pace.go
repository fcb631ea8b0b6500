package rtx

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// The pace of reconnecting, unless WithBackoff says otherwise, and that of trying a channel again.
const (
	defaultBackoffInitial = 250 * time.Millisecond
	defaultBackoffMax     = 30 * time.Second
	retryInitial          = 500 * time.Millisecond
	retryMax              = 30 * time.Second
)

// pace makes the machine's delays: each is drawn evenly between zero and a bound ("full jitter") that doubles from one to
// the next, so that the clients of a service that restarts come back spread out. It belongs to the client's lock.
type pace struct {
	initial, limit time.Duration
	redial, slow   *backoff.ExponentialBackOff
}

func newPace(initial, limit time.Duration) *pace {
	return &pace{
		initial: initial, limit: limit,
		redial: delays(initial/2, limit/2, 2, 1),
		slow:   delays(limit*3/4, limit*3/4, 1, 1.0/3), // between half of the limit and the limit
	}
}

// delays draws around an interval that grows: by jitter times the interval to both sides.
func delays(interval, limit time.Duration, multiplier, jitter float64) *backoff.ExponentialBackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(interval),
		backoff.WithMaxInterval(limit),
		backoff.WithMultiplier(multiplier),
		backoff.WithRandomizationFactor(jitter),
		backoff.WithMaxElapsedTime(0), // the default gives up after 15 minutes
	)
}

// Redial is what the service asked for, if it did, and the jitter above it.
func (p *pace) Redial(slow bool, after time.Duration) time.Duration {
	if slow && after == 0 {
		return p.slow.NextBackOff()
	}
	return after + p.redial.NextBackOff()
}

func (p *pace) Reset() { p.redial.Reset() }

// Retry has a bound of its own for each channel, which the number of its failures tells.
func (p *pace) Retry(tries int, after time.Duration) time.Duration {
	bound := min(retryMax, retryInitial<<min(tries, 10))
	return max(after, delays(bound/2, bound/2, 1, 1).NextBackOff())
}
