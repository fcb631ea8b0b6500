package rtx

import (
	"errors"
	"maps"
	"slices"
	"time"
)

func (b *binding) exit() *exit {
	if b.exited == nil {
		b.exited = new(exit)
	}
	return b.exited
}

func (c *Client) newBinding(s sink, names []string) *binding {
	return &binding{c: c, sink: s, events: namesOf(names), id: c.ids.Add(1)}
}

// attachLocked puts the binding on a channel and holds it.
func (b *binding) attachLocked(s *subscription) {
	if b.ended || b.places.get(s) != nil {
		return
	}
	b.c.machine.Hold(&s.Channel)
	a := b.c.newAttachment(b, s, s.Generation())
	b.places.put(a)
	b.readmitLocked(s.Name)
	s.routes.attach(a)
}

// detachLocked takes the binding off a channel and releases it.
func (b *binding) detachLocked(s *subscription) {
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
	if b.goesOn() {
		c.departLocked(b, s, a.epoch.Load())
	}
	s.routes.detach(a)
	c.releaseLocked(s, a.generation)
}

func (b *binding) client() *Client { return b.c }
func (b *binding) name() string    { return b.sink.name() }
func (b *binding) number() uint64  { return b.id }
func (b *binding) tracer() *tracer { return b.c.trace }

// evictedLocked notes that a channel left the binding because it was refused or unsubscribed, and
// returns what the caller has to tell without the lock. A stream of that one channel ends. A
// group's stream goes on while it has another channel, and has missed what came since the given
// time.
func (b *binding) evictedLocked(s *subscription, err error, since time.Time) departure {
	b.detachLocked(s)
	x := b.exit()
	if x.refused == nil {
		x.refused = make(map[string]error, 1)
	}
	x.refused[s.Name] = err
	x.evicted = b.places.empty()
	d := departure{b: b}
	if b.group == nil {
		d.end = err
		return d
	}
	d.gap = left(s.Name, since, err)
	if x.evicted {
		d.end = b.refusalsLocked()
	}
	return d
}

// readmitLocked forgets why a channel left.
func (b *binding) readmitLocked(channel string) {
	if b.exited != nil {
		delete(b.exited.refused, channel)
	}
}

// refusalsLocked returns why channels left, joined in the order of their names.
func (b *binding) refusalsLocked() error {
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

// end ends the stream. It may be called by any goroutine, without c.mu, more than once; the first
// call's err is kept. Values of a Grow stream that are still on their way to C are delivered,
// unless this or a later call discards them.
func (b *binding) end(err error, discard bool) {
	c := b.c
	c.mu.Lock()
	if !b.ended {
		b.ended = true
		b.exit().cause = err
		for a := range b.places.all() {
			b.detachLocked(a.s)
		}
		if b.group != nil {
			b.group.streams.remove(b)
		}
		c.bindings.remove(b)
	}
	var stops []func() bool
	if !discard {
		var kept bool
		kept, stops = c.keepSpillLocked(b)
		discard = !kept
	}
	c.decideAndUnlock()
	callStops(stops...)
	b.sink.finish(err, discard)
	c.dropSpill(b)
}

func (o *openStreams) len() int { return len(o.list) - o.gone }

func (o *openStreams) add(b *binding) {
	b.place = int32(len(o.list))
	o.list = append(o.list, b)
}

// remove removes a stream. It may have been removed before.
func (o *openStreams) remove(b *binding) {
	if int(b.place) >= len(o.list) || o.list[b.place] != b {
		return
	}
	o.list[b.place] = nil
	if o.gone++; o.gone < 32 || o.gone <= len(o.list)/2 {
		return
	}
	live := o.slice()
	for i, b := range live {
		b.place = int32(i)
	}
	o.list, o.gone = live, 0
}

// slice returns a copy, for use without the lock.
func (o *openStreams) slice() []*binding {
	all := make([]*binding, 0, o.len())
	for _, b := range o.list {
		if b != nil {
			all = append(all, b)
		}
	}
	return all
}
