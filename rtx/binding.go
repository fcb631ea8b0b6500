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

	group   *Group // the source, if it is a group
	places  places // where it is attached; for a stream of the whole client that is the nil subscription
	exited  *exit  // nil until there is something to say
	ended   bool
	settled bool        // ended, and so has its queue
	stop    func() bool // takes the context's callback back
}

// An exit is what there is to say of channels that left a stream, and of its end.
type exit struct {
	refused  map[string]error   // why channels left, by their names, unless they came back
	expelled bool               // the last of them did: the stream is about to end
	cause    error              // why the stream ended
	over     context.Context    // ends when the stream has; made by the first Ready that waits
	stop     context.CancelFunc // of over
	waiting  int                // calls of Ready
}

func (b *binding) exit() *exit {
	if b.exited == nil {
		b.exited = new(exit)
	}
	return b.exited
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
	b.readmit(s.name)
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
	if s == nil {
		b.c.routes.detach(a)
		return
	}
	s.routes.detach(a)
	b.c.release(s)
}

// lost tells the binding that a channel left it, refused or unsubscribed. A stream of that one channel ends, a group's
// goes on while it has another. The caller holds c.mu and calls the returned function without it.
func (b *binding) lost(s *subscription, err error) (after func()) {
	b.detach(s)
	x := b.exit()
	if x.refused == nil {
		x.refused = make(map[string]error, 1)
	}
	x.refused[s.name] = err
	x.expelled = b.places.empty()
	if b.group == nil {
		return func() { b.end(err, true) }
	}
	gap := left(s.name, err)
	if !x.expelled {
		return func() { b.sink.lose(gap) }
	}
	all := b.refusals()
	return func() {
		b.sink.lose(gap)
		b.end(all, true)
	}
}

// readmit forgets why a channel left. The caller holds c.mu.
func (b *binding) readmit(channel string) {
	if b.exited != nil {
		delete(b.exited.refused, channel)
	}
}

// refusals joins why channels left, in the order of their names. The caller holds c.mu.
func (b *binding) refusals() error {
	refused := b.exit().refused
	if len(refused) == 1 {
		for _, err := range refused {
			return err
		}
	}
	errs := make([]error, 0, len(refused))
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		errs = append(errs, refused[name])
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
		b.ended = true
		b.exit().cause = err
		for a := range b.places.all() {
			b.detach(a.s)
		}
		if b.group != nil {
			delete(b.group.streams, b)
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
