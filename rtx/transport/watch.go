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
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	var next time.Time // when Work is due; zero: not before the next wake
	for work := true; ; {
		wait, err := s.look(sess, work, &next)
		if err != nil {
			return err
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-sess.Pings():
			work, err = false, sess.Pong()
		case <-s.wake:
			work = true
		case <-timer.C:
			work = false
		}
		if err != nil {
			return err
		}
	}
}

// look does what is due, and returns how long nothing will be. It is apart from
// watch, which waits most of the time, so that the stack of an idle supervisor
// stays small.
func (s *Supervisor) look(sess Session, work bool, next *time.Time) (wait time.Duration, err error) {
	limit := sess.Info().LinkTimeout()
	if err := s.dead(sess, limit); err != nil {
		return 0, err
	}
	if now := time.Now(); work || !next.IsZero() && !now.Before(*next) {
		if *next, err = s.handler.Work(sess, now); err != nil {
			return 0, err
		}
	}
	wait = lookEvery
	if limit > 0 {
		wait = min(wait, limit-sess.Silence())
	}
	if !next.IsZero() {
		wait = min(wait, time.Until(*next))
	}
	return wait, nil
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
