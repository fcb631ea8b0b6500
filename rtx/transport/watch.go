package transport

import (
	"context"
	"time"
)

// lookEvery is how often the clocks are compared.
const lookEvery = 5 * time.Second

// watch does the supervisor's part of a session until it ends: it writes pongs,
// calls Handler.Work, and declares the link dead. One timer serves all of it.
// Nobody resets it when bytes arrive; it goes off when the link would have been
// dead, looks when the last byte came, and is set anew.
func (s *Supervisor) watch(ctx context.Context, sess Session) error {
	limit := sess.Info().LinkTimeout()
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	var next time.Time
	for work := true; ; {
		if err := s.dead(sess, limit); err != nil {
			return err
		}
		if now := time.Now(); work || !next.IsZero() && !now.Before(next) {
			var err error
			if next, err = s.handler.Work(sess, now); err != nil {
				return err
			}
			work = false
		}
		wait := lookEvery
		if limit > 0 {
			wait = min(wait, limit-sess.Silence())
		}
		if !next.IsZero() {
			wait = min(wait, time.Until(next))
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-sess.Pings():
			if err := sess.Pong(); err != nil {
				return err
			}
		case <-s.wake:
			work = true
		case <-timer.C:
		}
	}
}

// dead tells whether the link is. The monotonic clock decides to the
// nanosecond, but it stands still while the machine sleeps, on most systems. The
// wall clock tells of that: when the server has given us up long ago, there is
// no sense in waiting for what remains of the limit.
func (s *Supervisor) dead(sess Session, limit time.Duration) error {
	if limit <= 0 {
		return nil
	}
	if silence := sess.Silence(); silence >= limit {
		return &DeadLinkError{Silence: silence}
	}
	if silence := s.now().Sub(sess.ReceivedAt()); silence > limit {
		return &DeadLinkError{Silence: silence, Slept: true}
	}
	return nil
}
