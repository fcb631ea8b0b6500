package transport

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// DefaultStableAfter is the default of SupervisorOptions.StableAfter.
const DefaultStableAfter = 10 * time.Second

// SupervisorOptions tune a [Supervisor]. The zero value is the default.
type SupervisorOptions struct {
	Backoff     Backoff
	StableAfter time.Duration // a session established this long is stable; 0: DefaultStableAfter
	Logger      *slog.Logger  // nil: silent
}

// Validate names the field that is wrong, if one is.
func (o SupervisorOptions) Validate() error {
	if o.StableAfter < 0 {
		return fmt.Errorf("transport: SupervisorOptions.StableAfter %s is negative", o.StableAfter)
	}
	return o.Backoff.Validate()
}

// A Supervisor keeps one session alive: one at a time, and what belongs to it
// has ended before the next begins.
//
// All methods may be called concurrently. Connect and Close wait for the
// supervisor's goroutine, so a [Handler] must not call them.
type Supervisor struct {
	dialer      Dialer
	handler     Handler
	backoff     Backoff
	stableAfter time.Duration
	log         *slog.Logger
	now         func() time.Time // the wall clock; tests make it jump

	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	wake   chan struct{} // capacity 1: Work is asked for
	done   chan struct{} // closed when ended for good

	mu          sync.Mutex // held for bookkeeping only
	running     chan struct{}
	redial      context.CancelCauseFunc // ends the current round; nil while there is none
	goal        *goal                   // what calls of Connect wait for; nil if nobody does
	session     Session                 // the one that is up
	established time.Time               // since when it is; zero: not yet
	succeeded   bool                    // a session has been established before
	abandoned   bool                    // the goroutine is ending, since nobody waits for its first success
	closed      bool
	err         error // the final refusal
}

// goal is the next established session, for those who wait for it.
type goal struct {
	reached chan struct{} // closed when it is, or when it never will be
	err     error         // then why not

	// Guarded by Supervisor.mu.
	waiters int
	retry   bool  // one of them asked for it
	last    error // why the last attempt failed
	abandon context.CancelCauseFunc
}

// NewSupervisor does no I/O and starts no goroutine. Options that Validate
// refuses are replaced by their defaults.
func NewSupervisor(d Dialer, h Handler, o SupervisorOptions) *Supervisor {
	if o.StableAfter <= 0 {
		o.StableAfter = DefaultStableAfter
	}
	if o.Backoff.Validate() != nil {
		o.Backoff = Backoff{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Supervisor{
		dialer:      d,
		handler:     h,
		backoff:     o.Backoff,
		stableAfter: o.StableAfter,
		log:         o.Logger,
		now:         time.Now,
		wake:        make(chan struct{}, 1),
		done:        make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	return s
}

// Connect returns nil once a session is established, at once if one is.
//
// Before the first success it makes one attempt and returns why it failed; then
// it may be called again. With retry it makes attempts, as far apart as the
// back-off says, until one succeeds, the server refuses for good, or ctx ends.
// Calls at the same time share the attempts. If ctx ends and nobody else waits,
// the attempt is given up and waited for. After a first success the supervisor
// reconnects on its own, and Connect only waits.
//
// Errors: what Dial returned, or why the session ended before it was
// established; an *InterruptedError if ctx ended; ErrClosed. A final refusal,
// such as a bad key, is returned by every later call.
func (s *Supervisor) Connect(ctx context.Context, retry bool) error {
	for {
		if ctx.Err() != nil {
			return &InterruptedError{Cause: context.Cause(ctx)}
		}
		g, running, err := s.join(retry)
		switch {
		case err != nil:
			return err
		case g == nil && running == nil:
			return nil
		case g == nil: // an attempt that nobody wanted any more is still ending
			select {
			case <-running:
			case <-ctx.Done():
			}
			continue
		}
		select {
		case <-g.reached:
			if g.err != nil {
				<-running
			}
			return g.err
		case <-ctx.Done():
			return s.leave(ctx, g, running)
		}
	}
}

// join makes the caller wait for the goal, and starts the goroutine if there is
// none. No goal and no error mean connected, or, with running, that an
// abandoned attempt must end first.
func (s *Supervisor) join(retry bool) (g *goal, running chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, nil, ErrClosed
	case s.err != nil:
		return nil, nil, s.err
	case s.abandoned:
		return nil, s.running, nil
	case !s.established.IsZero():
		return nil, nil, nil
	}
	if s.goal == nil {
		s.goal = &goal{reached: make(chan struct{}), abandon: func(error) {}}
	}
	s.goal.waiters++
	s.goal.retry = s.goal.retry || retry
	if s.running == nil {
		ctx, abandon := context.WithCancelCause(s.ctx)
		s.goal.abandon = abandon
		s.running = make(chan struct{})
		go s.run(ctx, abandon, s.running)
	}
	return s.goal, s.running, nil
}

// leave is for a caller of Connect whose context has ended.
func (s *Supervisor) leave(ctx context.Context, g *goal, running chan struct{}) error {
	err := &InterruptedError{Cause: context.Cause(ctx)}
	s.mu.Lock()
	if s.goal != g { // reached or failed in the same moment
		s.mu.Unlock()
		<-g.reached
		return g.err
	}
	err.Last = g.last
	g.waiters--
	last := g.waiters == 0 && !s.succeeded
	if last {
		s.goal, s.abandoned = nil, true // who comes now waits for the end, and begins anew
	}
	s.mu.Unlock()
	if last {
		g.abandon(err.Cause)
		<-running
	}
	return err
}

// run is the supervisor's goroutine.
func (s *Supervisor) run(ctx context.Context, cancel context.CancelCauseFunc, running chan struct{}) {
	defer close(running)
	defer cancel(nil)
	err, final := s.supervise(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.redial, s.abandoned = nil, nil, false
	if s.closed {
		err = ErrClosed
		close(s.done)
	} else if final {
		s.err = err
		close(s.done)
	}
	if g := s.goal; g != nil {
		s.goal = nil
		g.err = err
		close(g.reached)
	}
}

// Established says that the socket id of the session is known: it completes
// Connect, and from now on counts the time after which the session is stable.
// It may be called from any goroutine and more than once; for a session that is
// down it does nothing.
func (s *Supervisor) Established(sess Session) {
	s.mu.Lock()
	first := sess != nil && s.session == sess && s.established.IsZero() && !s.abandoned
	if first {
		s.established = time.Now()
		s.succeeded = true
		if g := s.goal; g != nil {
			s.goal = nil
			close(g.reached)
		}
	}
	s.mu.Unlock()
	if first {
		info := sess.Info()
		s.log.Info("transport: connected", "socket_id", info.SocketID, "recovered", info.Recovered)
	}
}

// Wake has Handler.Work called soon. Calls before that count as one. It never
// blocks.
func (s *Supervisor) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Reconnect drops the session, or the dial or the back-off that is under way,
// and dials at once. Without any of these it does nothing. It does not wait.
func (s *Supervisor) Reconnect() {
	s.mu.Lock()
	redial := s.redial
	s.mu.Unlock()
	if redial != nil {
		redial(ErrReconnect)
	}
}

// Close ends everything, leaving the server politely, within the session's
// close timeout, and returns when no goroutine of the supervisor is left. It is
// idempotent; every call waits.
func (s *Supervisor) Close() error {
	s.mu.Lock()
	if !s.closed && s.err == nil && s.running == nil {
		close(s.done)
	}
	s.closed = true
	running := s.running
	s.mu.Unlock()

	s.cancel(ErrClosed)
	if running != nil {
		<-running
	}
	return nil
}

// Done is closed when the supervisor has ended for good: closed, or refused for
// good before the first success.
func (s *Supervisor) Done() <-chan struct{} { return s.done }

// Err is the final refusal, or nil while there is none and after Close.
func (s *Supervisor) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
