package presence

import (
	"context"
	"fmt"

	"github.com/realtimex/realtimex-go/rtx"
)

// Ready waits for the first Snapshot, and returns nil once there is one, even if ctx has ended.
//
// If the room has ended, Ready returns why: a [*rtx.SubscribeError] if the channel was refused, a
// [*MemberError], [ErrNotPresence], or one of the other errors of [Room.Err]; [ErrClosed] after
// Close and Drain. If ctx ends first, it returns a [*rtx.WaitError], which says what was waited for
// and the last failure. That ends only the wait, not the room.
func (r *Room[T]) Ready(ctx context.Context) error {
	switch {
	case !r.opened():
		return errNoRoom
	case ctx == nil:
		return errNoContext
	}
	select {
	case <-r.ready:
	case <-r.done:
	default:
		select {
		case <-r.ready:
		case <-r.done:
		case <-ctx.Done():
			return r.waited(ctx)
		}
	}
	select {
	case <-r.done: // with or without a Snapshot before
		return r.over()
	default:
		return nil
	}
}

// Readiness returns nil if the roster comes from the present connection. While the room is Stale,
// and before the first Snapshot, it returns a [*rtx.NotReadyError], which says what is missing and
// the last failure. If the room has ended, the error wraps the reason, which is [ErrClosed] after
// Close and Drain. Readiness does not wait, so it can be used in a health probe.
func (r *Room[T]) Readiness() error {
	if !r.opened() {
		return errNoRoom
	}
	r.mu.Lock()
	ended, current := r.ended, r.current
	r.mu.Unlock()
	switch {
	case ended:
		return &rtx.NotReadyError{Missing: "an open room", Last: r.over()}
	case current:
		return nil
	}
	if err := r.missing(); err != nil {
		return err
	}
	return &rtx.NotReadyError{Missing: fmt.Sprintf("the roster of %q", r.channel)}
}

// over returns why a room that has ended is not ready.
func (r *Room[T]) over() error {
	if err := r.Err(); err != nil {
		return err
	}
	return ErrClosed
}
