package rtx

import (
	"context"
	"errors"
)

// A binding is a stream as the client sees it: its sink, and the channels it is attached to. Its fields belong to the
// client's lock, but for sink, names and client, which never change.
type binding struct {
	c     *Client
	sink  sink
	names []string // the events it takes; "*" for all but the internal ones
	name  string   // the stream's, for the log

	group   *Group                        // the source, if it is a group
	places  map[*subscription]*attachment // where it is attached; nil for a stream of the whole client
	whole   *attachment                   // its place on the client, for a stream of the whole client
	refused []error                       // the channels that left it, for Ready
	ended   bool
	stop    func() bool // takes the context's callback back
}

func (c *Client) newBinding(s sink, names []string, name string) *binding {
	return &binding{c: c, sink: s, names: names, name: name, places: make(map[*subscription]*attachment, 1)}
}

// attach puts the binding on a channel and holds it. The caller holds c.mu.
func (b *binding) attach(s *subscription) {
	if b.ended || b.places[s] != nil {
		return
	}
	a := &attachment{b: b, epoch: b.c.epoch, term: s.term}
	b.places[s] = a
	s.routes.attach(a)
	b.c.hold(s)
}

// detach takes the binding off a channel and releases it. The caller holds c.mu.
func (b *binding) detach(s *subscription) {
	a := b.places[s]
	if a == nil {
		return
	}
	delete(b.places, s)
	s.routes.detach(a)
	b.c.release(s)
}

// lost tells the binding that a channel left it, refused or unsubscribed. A stream of that one channel ends, a group's
// goes on while it has another. The caller holds c.mu and calls the returned function without it.
func (b *binding) lost(s *subscription, err error) (after func()) {
	b.detach(s)
	b.refused = append(b.refused, err)
	if b.group == nil {
		return func() { b.end(err, true) }
	}
	if len(b.places) == 0 {
		joined := errors.Join(b.refused...)
		return func() {
			b.sink.lose(left(s.name, err))
			b.end(joined, true)
		}
	}
	return func() { b.sink.lose(left(s.name, err)) }
}

// end ends the stream: idempotent, from any goroutine, without c.mu.
func (b *binding) end(err error, discard bool) {
	c := b.c
	c.mu.Lock()
	if b.ended {
		c.mu.Unlock()
		return
	}
	b.ended = true
	stop := b.stop
	for s := range b.places {
		b.detach(s)
	}
	if b.whole != nil {
		c.routes.detach(b.whole)
	}
	if b.group != nil {
		delete(b.group.streams, b)
	}
	delete(c.bindings, b)
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
	b.sink.finish(err, discard)
	if b.sink.spilling() {
		c.keepSpill(b.sink)
	}
	c.sup.Wake()
}

// endWith ends the stream when ctx does. The caller has not yet handed the stream out.
func (b *binding) endWith(ctx context.Context) {
	if ctx.Done() == nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { b.end(context.Cause(ctx), true) })
	b.c.mu.Lock()
	over := b.ended
	b.stop = stop
	b.c.mu.Unlock()
	if over {
		stop()
	}
}
