package rtx

import (
	"context"
	"reflect"
)

// endWith ends the stream when ctx ends. It must be called before the stream is handed out.
func (b *binding) endWith(ctx context.Context) {
	if ctx.Done() == nil {
		return
	}
	c := b.c
	c.mu.Lock()
	fresh := b.joinLocked(ctx)
	c.mu.Unlock()
	var unused func() bool
	if fresh != nil {
		stop := context.AfterFunc(ctx, fresh.end) // may run the user's code
		c.mu.Lock()
		if fresh.stop = stop; fresh.empty() {
			unused = fresh.closeLocked()
		}
		c.mu.Unlock()
	}
	callStops(unused)
	c.mu.Lock()
	over := b.ended
	c.mu.Unlock()
	if over {
		c.dropSpill(b)
	}
}

// joinLocked puts the stream on the lifetime of ctx. If that is a new one, it is returned.
func (b *binding) joinLocked(ctx context.Context) (fresh *lifetime) {
	c := b.c
	shared := reflect.TypeOf(ctx).Kind() == reflect.Pointer // others may not be comparable
	if shared {
		b.life = c.lifetimes[ctx]
	}
	if b.life == nil {
		fresh = &lifetime{c: c, ctx: ctx}
		b.life = fresh
		if shared {
			if c.lifetimes == nil {
				c.lifetimes = make(map[context.Context]*lifetime)
			}
			c.lifetimes[ctx] = fresh
		}
	}
	b.seat = int32(len(b.life.streams))
	b.life.streams = append(b.life.streams, b)
	return fresh
}

// leaveLocked takes the stream off its lifetime, if it is on one. If it was the last one, the
// function that detaches the callback is returned, which may be the user's code.
func (b *binding) leaveLocked() (stop func() bool) {
	l := b.life
	if l == nil || int(b.seat) >= len(l.streams) || l.streams[b.seat] != b {
		return nil
	}
	l.streams[b.seat] = nil
	l.left++
	switch {
	case l.empty():
		if l.stop == nil {
			return nil // whoever makes the callback sees it
		}
		return l.closeLocked()
	case l.left >= 32 && l.left > len(l.streams)/2:
		live := make([]*binding, 0, len(l.streams)-l.left)
		for _, b := range l.streams {
			if b != nil {
				b.seat = int32(len(live))
				live = append(live, b)
			}
		}
		l.streams, l.left = live, 0
	}
	return nil
}

func (l *lifetime) empty() bool { return l.left == len(l.streams) }

// closeLocked makes sure that no stream joins any more.
func (l *lifetime) closeLocked() (stop func() bool) {
	if reflect.TypeOf(l.ctx).Kind() == reflect.Pointer && l.c.lifetimes[l.ctx] == l {
		delete(l.c.lifetimes, l.ctx)
	}
	return l.stop
}

// end ends the streams.
func (l *lifetime) end() {
	l.c.mu.Lock()
	l.closeLocked()
	streams := l.streams
	l.streams, l.left = nil, 0
	l.c.mu.Unlock()
	for _, b := range streams {
		if b != nil {
			b.endIfDone()
		}
	}
}

// endIfDone ends the stream if its context has ended. The context's own callback may not have run
// yet.
func (b *binding) endIfDone() {
	if b.life != nil && b.life.ctx.Err() != nil {
		b.end(context.Cause(b.life.ctx), true)
	}
}
