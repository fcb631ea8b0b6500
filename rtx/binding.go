package rtx

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// A binding is a stream as the client sees it: its sink, and the channels it is attached to. Its fields belong to the
// client's lock, but for sink, names, client and ctx, which never change.
type binding struct {
	c     *Client
	sink  sink
	names []string        // the events it takes; "*" for all but the internal ones
	ctx   context.Context // ends the stream; nil if it never ends

	group   *Group // the source, if it is a group
	places  places // where it is attached; for a stream of the whole client that is the nil subscription
	exited  *exit  // nil until there is something to say
	place   int    // among the client's open streams
	id      uint64 // of the stream; of a Partition's first one, the others follow
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
	return &binding{c: c, sink: s, names: names, id: c.ids.Add(1)}
}

// attach puts the binding on a channel and holds it. The caller holds c.mu.
func (b *binding) attach(s *subscription) {
	if b.ended || b.places.get(s) != nil {
		return
	}
	b.c.machine.Hold(&s.Channel)
	a := &attachment{b: b, s: s, epoch: b.c.machine.Epoch(), term: s.Term()}
	b.places.put(a)
	b.readmit(s.Name)
	s.routes.attach(a)
}

// detach takes the binding off a channel and releases it. The caller holds c.mu.
func (b *binding) detach(s *subscription) {
	a := b.places.get(s)
	if a == nil {
		return
	}
	c := b.c
	b.places.remove(s)
	if s == nil {
		c.routes.detach(a)
		return
	}
	s.routes.detach(a)
	if b.group != nil && s.Phase().Live() && c.session != nil {
		c.lapses.left(b, s.Name, c.session.ReceivedAt(), now())
	}
	c.machine.Release(now(), &s.Channel, a.term)
}

func (b *binding) number() uint64 { return b.id }

// expelled notes that a channel left the binding, refused or unsubscribed, and returns what is to be told without the
// lock. A stream of that one channel ends, a group's goes on while it has another. The caller holds c.mu.
func (b *binding) expelled(s *subscription, err error) departure {
	b.detach(s)
	x := b.exit()
	if x.refused == nil {
		x.refused = make(map[string]error, 1)
	}
	x.refused[s.Name] = err
	x.expelled = b.places.empty()
	d := departure{b: b}
	if b.group == nil {
		d.end = err
		return d
	}
	d.gap = left(s.Name, err)
	if x.expelled {
		d.end = b.refusals()
	}
	return d
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
	if !b.ended {
		b.ended = true
		b.exit().cause = err
		for a := range b.places.all() {
			b.detach(a.s)
		}
		if b.group != nil {
			b.group.streams.remove(b)
		}
		c.bindings.remove(b)
	}
	if !discard {
		discard = !c.keepSpill(b)
	}
	c.decideAndUnlock()
	b.sink.finish(err, discard)
	c.dropSpill(b)
}

// endWith ends the stream when ctx does. The caller has not yet handed the stream out.
func (b *binding) endWith(ctx context.Context) {
	if ctx.Done() == nil {
		return
	}
	b.ctx = ctx
	stop := context.AfterFunc(ctx, b.heed)
	b.c.mu.Lock()
	b.stop = stop
	over := b.ended
	b.c.mu.Unlock()
	if over {
		b.c.dropSpill(b)
	}
}

// heed ends the stream if its context has ended: the callback may not have run yet.
func (b *binding) heed() {
	if b.ctx != nil && b.ctx.Err() != nil {
		b.end(context.Cause(b.ctx), true)
	}
}
