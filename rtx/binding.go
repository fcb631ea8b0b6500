package rtx

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// A binding is a stream as the client sees it: its sink, and the channels it is attached to. Its fields belong to the
// client's lock, but for sink, names and client, which never change.
type binding struct {
	c     *Client
	sink  sink
	names []string // the events it takes; "*" for all but the internal ones

	group   *Group           // the source, if it is a group
	places  places           // where it is attached; none for a stream of the whole client
	whole   *attachment      // its place on the client, for a stream of the whole client
	refused map[string]error // why channels left it, by their names, unless they came back
	ended   bool
	cause   error              // why it ended
	settled bool               // ended, and so has its queue
	over    context.Context    // ends with the stream; made by the first Ready that waits
	finish  context.CancelFunc // of over
	stop    func() bool        // takes the context's callback back
}

func (c *Client) newBinding(s sink, names []string) *binding {
	return &binding{c: c, sink: s, names: names}
}

// attach puts the binding on a channel and holds it. The caller holds c.mu.
func (b *binding) attach(s *subscription) {
	if b.ended || b.places.get(s) != nil {
		return
	}
	a := &attachment{b: b, s: s, epoch: b.c.epoch, term: s.term}
	b.places.put(a)
	delete(b.refused, s.name)
	s.routes.attach(a)
	b.c.hold(s)
}

// detach takes the binding off a channel and releases it. The caller holds c.mu.
func (b *binding) detach(s *subscription) {
	a := b.places.get(s)
	if a == nil {
		return
	}
	b.places.remove(s)
	s.routes.detach(a)
	b.c.release(s)
}

// lost tells the binding that a channel left it, refused or unsubscribed. A stream of that one channel ends, a group's
// goes on while it has another. The caller holds c.mu and calls the returned function without it.
func (b *binding) lost(s *subscription, err error) (after func()) {
	b.detach(s)
	if b.refused == nil {
		b.refused = make(map[string]error, 1)
	}
	b.refused[s.name] = err
	if b.group == nil {
		return func() { b.end(err, true) }
	}
	gap := left(s.name, err)
	if !b.places.empty() {
		return func() { b.sink.lose(gap) }
	}
	all := b.refusals()
	return func() {
		b.sink.lose(gap)
		b.end(all, true)
	}
}

// refusals joins why channels left, in the order of their names. The caller holds c.mu.
func (b *binding) refusals() error {
	if len(b.refused) == 1 {
		for _, err := range b.refused {
			return err
		}
	}
	errs := make([]error, 0, len(b.refused))
	for _, name := range slices.Sorted(maps.Keys(b.refused)) {
		errs = append(errs, b.refused[name])
	}
	return errors.Join(errs...)
}

// end ends the stream, from any goroutine, without c.mu. The first call's err counts. Values of a Grow stream that are
// still on their way to C get there, unless this or a later call discards them.
func (b *binding) end(err error, discard bool) {
	c := b.c
	c.mu.Lock()
	first := !b.ended
	if first {
		b.ended, b.cause = true, err
		for a := range b.places.all() {
			b.detach(a.s)
		}
		if b.whole != nil {
			c.routes.detach(b.whole)
		}
		if b.group != nil {
			delete(b.group.streams, b)
		}
		if b.finish != nil {
			b.finish()
		}
		delete(c.bindings, b)
	}
	if !discard {
		discard = !c.keepSpill(b)
	}
	c.mu.Unlock()
	b.sink.finish(err, discard)
	c.dropSpill(b)
	if first {
		c.sup.Wake()
	}
}

// endWith ends the stream when ctx does. The caller has not yet handed the stream out.
func (b *binding) endWith(ctx context.Context) {
	if ctx.Done() == nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { b.end(context.Cause(ctx), true) })
	b.c.mu.Lock()
	b.stop = stop
	over := b.ended
	b.c.mu.Unlock()
	if over {
		b.c.dropSpill(b)
	}
}
