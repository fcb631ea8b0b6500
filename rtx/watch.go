package rtx

import (
	"context"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// watches are the open streams of what concerns the client as a whole: its states, or the service's errors. They belong to the
// client's lock.
type watches[T any] struct{ open ordered[*watch[T]] }

// tell hands a value to each. A push never blocks. The caller holds the client's lock.
func (w *watches[T]) tell(v T) {
	for one := range w.open.all() {
		one.q.Push(v, "", 0)
	}
}

// A watch is one of them.
type watch[T any] struct {
	c    *Client
	q    *stream.Queue[T]
	set  *watches[T]
	id   uint64
	ctx  context.Context
	stop func() bool // takes the context's callback back; nil if there is none, or not yet
}

// stream opens one. first returns what it begins with; it is called under the client's lock.
func (w *watches[T]) stream(ctx context.Context, c *Client, name string, cfg stream.Config, first func() []T) *Stream[T] {
	if err := c.check(ctx); err != nil {
		return failed[T](name, err)
	}
	q := stream.New[T](cfg)
	one := &watch[T]{c: c, q: q, set: w, id: c.ids.Add(1), ctx: ctx}
	c.mu.Lock()
	for _, v := range first() {
		q.Push(v, "", 0)
	}
	var over error
	if c.ended {
		over = c.endErrLocked()
	} else {
		w.open.add(one)
	}
	c.mu.Unlock()
	if over != nil {
		q.End(over, true)
	} else {
		one.endWith(ctx)
	}
	return newStream(q, name, one)
}

// endWith ends the stream when ctx does. The caller has not yet handed it out, but the client may end it.
func (w *watch[T]) endWith(ctx context.Context) {
	if ctx.Done() == nil {
		return
	}
	stop := context.AfterFunc(ctx, w.heed)
	w.c.mu.Lock()
	w.stop = stop
	over := !w.set.open.has(w)
	w.c.mu.Unlock()
	if over {
		stop()
	}
}

// end ends the stream: idempotent, from any goroutine, without c.mu.
func (w *watch[T]) end(err error, discard bool) {
	w.c.mu.Lock()
	w.set.open.remove(w)
	stop := w.stop
	w.c.mu.Unlock()
	if stop != nil {
		stop()
	}
	w.q.End(err, discard)
}

// heed ends the stream if its context has ended.
func (w *watch[T]) heed() {
	if w.ctx.Err() != nil {
		w.end(context.Cause(w.ctx), true)
	}
}

func (w *watch[T]) ready(context.Context) error { return w.q.Err() }
func (w *watch[T]) number() uint64              { return w.id }
