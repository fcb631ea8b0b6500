package flow

import (
	"context"
	"errors"
	"sync"

	"github.com/realtimex/realtimex-go/rtx"
)

// ForEach calls do for each value of src, up to n calls at a time, each on a goroutine, in no
// certain order. An n below 1 is taken as 1, and with 1 the order is kept. A gap is a barrier: what
// began before it ends, then onGap runs alone, then the values after it begin. For order by key,
// open a [rtx.Partition] and call ForEach with 1 for each of its streams.
//
// ForEach returns nil once src has ended and everything was done; then ask the stream's Err. If a
// function returns an error, the context given to the others is cancelled, and ForEach returns that
// error once they have returned. If ctx ends, it does the same and returns the cause. Then no value
// was taken that was not given to do. If a gap was, the error joins it.
//
// To try again before giving up, wrap do in [Retry].
func ForEach[T any](ctx context.Context, src Feed[T], n int, do func(context.Context, T) error, onGap func(context.Context, *rtx.Gap) error) error {
	switch {
	case ctx == nil:
		return errors.New("flow: ForEach: the context is nil")
	case do == nil, onGap == nil:
		return errors.New("flow: ForEach: a function is nil")
	case src.wake == nil:
		return nil
	}
	defer src.open()()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	e := &each[T]{ctx: ctx, fail: cancel, do: do, onGap: onGap, hands: make(chan struct{}, max(n, 1))}
	e.all(src)
	e.running.Wait()
	if e.left != nil {
		return errors.Join(context.Cause(ctx), e.left)
	}
	return context.Cause(ctx)
}

type each[T any] struct {
	ctx     context.Context
	fail    context.CancelCauseFunc // the first error stays
	do      func(context.Context, T) error
	onGap   func(context.Context, *rtx.Gap) error
	hands   chan struct{} // has a token for each call, and one for the loop, which takes no value without
	running sync.WaitGroup
	left    *rtx.Gap // taken when it was too late to tell
}

func (e *each[T]) all(src Feed[T]) {
	if !e.free() {
		return
	}
	ok := true
	for { // at first without a token: another operator may have left a rest
		empty, more := src.rest(e.take)
		if empty && !ok || !more {
			return
		}
		select {
		case _, ok = <-src.wake:
		case <-e.ctx.Done():
		}
		if e.ctx.Err() != nil {
			return
		}
	}
}

// free waits for a free hand, and takes it. It reports false if there is nothing more to do.
func (e *each[T]) free() bool {
	select {
	case e.hands <- struct{}{}:
		return e.ctx.Err() == nil
	case <-e.ctx.Done():
		return false
	}
}

// take uses the loop's hand for an item, and reports whether there is one for the next.
func (e *each[T]) take(v T, gap *rtx.Gap) bool {
	if gap != nil {
		e.running.Wait()
		if e.ctx.Err() != nil {
			e.left = gap
			return false
		}
		if err := e.onGap(e.ctx, gap); err != nil {
			e.fail(err)
		}
		return e.ctx.Err() == nil
	}
	e.running.Go(func() {
		defer func() { <-e.hands }()
		if err := e.do(e.ctx, v); err != nil {
			e.fail(err)
		}
	})
	return e.free()
}
