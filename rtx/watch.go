package rtx

import (
	"context"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// tellLocked pushes a value to each open stream. A push never blocks.
func (w *watches[T]) tellLocked(v T) {
	for one := range w.open.all() {
		one.q.Push(v, "", 0)
	}
}

// stream opens one. first returns what it begins with; it is called under the client's lock.
func (w *watches[T]) stream(ctx context.Context, c *Client, name string, cfg stream.Config, first func() []T) *Stream[T] {
	if err := c.check(ctx); err != nil {
		return failed[T](name, err)
	}
	q := stream.New[T](cfg)
	one := &watch[T]{c: c, q: q, set: w, label: name, id: c.ids.Add(1), ctx: ctx}
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
	return newStream(q, one)
}

// endWith ends the stream when ctx ends. It must be called before the stream is handed out, but the
// client may have ended it already.
func (w *watch[T]) endWith(ctx context.Context) {
	if ctx.Done() == nil {
		return
	}
	stop := context.AfterFunc(ctx, w.endIfDone)
	w.c.mu.Lock()
	w.stop = stop
	over := !w.set.open.has(w)
	w.c.mu.Unlock()
	if over {
		stop()
	}
}

// end ends the stream. It may be called by any goroutine, without c.mu, more than once.
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

// endIfDone ends the stream if its context has ended.
func (w *watch[T]) endIfDone() {
	if w.ctx.Err() != nil {
		w.end(context.Cause(w.ctx), true)
	}
}

func (w *watch[T]) ready(context.Context) error { return w.q.Err() }
func (w *watch[T]) readiness() error            { return nil }
func (w *watch[T]) client() *Client             { return w.c }
func (w *watch[T]) name() string                { return w.label }
func (w *watch[T]) number() uint64              { return w.id }
func (w *watch[T]) tracer() *tracer             { return w.c.trace }
