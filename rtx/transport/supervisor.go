package transport

import (
	"context"
	"log/slog"
	"time"
)

// DefaultStableAfter is the default of SupervisorOptions.StableAfter.
const DefaultStableAfter = 10 * time.Second

// SupervisorOptions tune a [Supervisor]. The zero value is the default.
type SupervisorOptions struct {
	Backoff     Backoff
	StableAfter time.Duration // 0: DefaultStableAfter
	Logger      *slog.Logger  // nil: silent
}

// A Supervisor keeps one session at a time alive.
type Supervisor struct {
	done chan struct{}
}

// NewSupervisor does no I/O and starts no goroutine.
func NewSupervisor(d Dialer, h Handler, o SupervisorOptions) *Supervisor {
	return &Supervisor{done: make(chan struct{})}
}

// Connect makes an attempt.
func (s *Supervisor) Connect(ctx context.Context, retry bool) error { return nil }

// Established says that the socket id is known.
func (s *Supervisor) Established(sess Session) {}

// Wake has Work called.
func (s *Supervisor) Wake() {}

// Reconnect drops the session and dials at once.
func (s *Supervisor) Reconnect() {}

// Close ends everything.
func (s *Supervisor) Close() error { return nil }

// Done is closed when the supervisor has ended for good.
func (s *Supervisor) Done() <-chan struct{} { return s.done }

// Err tells why.
func (s *Supervisor) Err() error { return nil }
