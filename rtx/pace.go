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

// pace draws the delays of the machine ("full jitter"). Each delay is random, evenly distributed
// between 0 and a bound that doubles from one to the next, so that the clients of a restarted
// service do not come back all at once. It is guarded by the client's lock.
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

// delays returns a back-off around a growing interval, with a random offset of up to jitter times
// the interval in both directions.
func delays(interval, limit time.Duration, multiplier, jitter float64) *backoff.ExponentialBackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(interval),
		backoff.WithMaxInterval(limit),
		backoff.WithMultiplier(multiplier),
		backoff.WithRandomizationFactor(jitter),
		backoff.WithMaxElapsedTime(0), // the default gives up after 15 minutes
	)
}

// Redial returns the delay before the next attempt to connect. If the service asked for a delay, it
// is that one plus jitter.
func (p *pace) Redial(slow bool, after time.Duration) time.Duration {
	if slow && after == 0 {
		return p.slow.NextBackOff()
	}
	return after + p.redial.NextBackOff()
}

func (p *pace) Reset() { p.redial.Reset() }

// Retry returns the delay before a channel is subscribed again. Each channel has its own bound,
// which depends on the number of its failures.
func (p *pace) Retry(tries int, after time.Duration) time.Duration {
	bound := min(retryMax, retryInitial<<min(tries, 10))
	return max(after, delays(bound/2, bound/2, 1, 1).NextBackOff())
}
