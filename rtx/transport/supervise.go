package transport

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// supervise runs rounds, each a dial, what becomes of its session, and the
// back-off after it, until one fails that none follows on, or ctx ends. Final
// means that Connect is not to begin again.
func (s *Supervisor) supervise(ctx context.Context) (cause error, final bool) {
	delays, slowest := s.backoff.full(), s.backoff.slowest()
	for attempt := 1; ; attempt++ {
		round, end := context.WithCancelCause(ctx)
		s.begin(end)
		s.handler.Dialing(attempt)
		stable, err := s.live(round)
		if stable {
			attempt = 0
			delays.Reset()
		}
		if round.Err() == nil { // else Close, Reconnect or an abandoned Connect ended it
			succeeded, retry := s.failed(err)
			v := retryable(err, succeeded)
			if v == never || !succeeded && !retry {
				end(nil)
				return err, v == never
			}
			delay := delays.NextBackOff()
			if v == slowly {
				delay = slowest.NextBackOff()
			}
			s.retry(round, attempt+1, delay, err)
		}
		end(nil)
		if ctx.Err() != nil {
			return context.Cause(ctx), false
		}
	}
}

// begin lets Reconnect end the round that begins.
func (s *Supervisor) begin(end context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redial = end
}

// failed notes why a round failed, and tells what the decision on the next one
// goes by.
func (s *Supervisor) failed(err error) (succeeded, retry bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.goal != nil {
		s.goal.last = err
		retry = s.goal.retry
	}
	return s.succeeded, retry
}

// retry tells what comes next, and waits for the time of it.
func (s *Supervisor) retry(round context.Context, attempt int, delay time.Duration, err error) {
	s.log.Info("transport: retrying", "attempt", attempt, "delay", delay, "error", err)
	s.handler.Retrying(attempt, delay, err)
	sleep(round, delay)
}

// sleep returns after d, or when ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// live dials, and stays with the session until it has ended.
func (s *Supervisor) live(ctx context.Context) (stable bool, cause error) {
	sess, err := s.up(ctx)
	if err != nil {
		return false, err
	}
	cause = s.serve(ctx, sess)
	return s.down(ctx, sess, cause), cause
}

// up dials, and hands the session to its owner.
func (s *Supervisor) up(ctx context.Context) (Session, error) {
	sess, err := s.dialer.Dial(ctx, s.handler.Resume())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.session = sess
	s.mu.Unlock()
	s.handler.Up(sess)
	return sess, nil
}

// down takes the session back, which has ended, and reports whether it was a
// stable one.
func (s *Supervisor) down(ctx context.Context, sess Session, cause error) (stable bool) {
	s.mu.Lock()
	since := s.established
	s.session, s.established = nil, time.Time{}
	s.mu.Unlock()
	if ctx.Err() == nil {
		s.log.Warn("transport: link lost", "error", cause)
	} else {
		s.log.Debug("transport: link closed", "reason", cause)
	}
	s.handler.Down(sess, cause)
	return !since.IsZero() && time.Since(since) >= s.stableAfter
}

// serve runs the session: the reader on a goroutine of its own, everything else
// here. The first of them to fail, or ctx, ends both; the one AfterFunc closes
// the session, which is what ends a read or a write in progress. When serve
// returns, the session is closed and the reader is gone.
func (s *Supervisor) serve(ctx context.Context, sess Session) (cause error) {
	ctx, end := context.WithCancelCause(ctx)
	var reader errgroup.Group
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closed)
		sess.Close(context.Cause(ctx))
	})
	reader.Go(func() error {
		err := s.read(ctx, sess)
		end(err)
		return err
	})

	end(s.watch(ctx, sess))
	<-closed
	_ = reader.Wait() // its error, if it came first, is the cause
	return context.Cause(ctx)
}

// read is the reader. What still arrives when the session is ending is not
// delivered: its owner is told of the end soon, and must find that what came
// before it was all.
func (s *Supervisor) read(ctx context.Context, sess Session) error {
	for {
		p, err := sess.Recv()
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := s.handler.Receive(sess, p); err != nil {
			return &ProtocolError{Err: err}
		}
	}
}
