package flow

import (
	"sync"

	"github.com/realtimex/realtimex-go/rtx"
)

// A pump makes of a sequence that waits by itself one that does not: its goroutine ranges over the
// sequence and offers one item at a time. It is the only goroutine of this package that can outlive
// the operator that started it.
type pump[T any] struct {
	src  Seq[T]
	wake chan struct{} // as a stream's Wake

	mu      sync.Mutex
	changed sync.Cond // of what follows
	v       T         // the item on offer, if full
	gap     *rtx.Gap
	full    bool
	wanted  bool // an operator reads
	running bool // the goroutine is there
	ended   bool // so has the sequence
}

func newPump[T any](src Seq[T]) *pump[T] {
	p := &pump[T]{src: src, wake: make(chan struct{}, 1)}
	p.changed.L = &p.mu
	return p
}

func (p *pump[T]) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = true
	if p.full {
		p.rouse() // for an item of before, whose token may have been used
	}
	p.goLocked()
}

// goLocked starts the goroutine unless it is there, or has nowhere to put an item.
func (p *pump[T]) goLocked() {
	if p.wanted && !p.full && !p.running && !p.ended {
		p.running = true
		go p.run()
	}
}

// leave tells the goroutine to go, and waits for that unless it waits within the sequence.
func (p *pump[T]) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = false
	p.changed.Broadcast()
	for p.full && p.running {
		p.changed.Wait()
	}
}

func (p *pump[T]) run() {
	for {
		left := false
		p.src(func(v T, gap *rtx.Gap) bool {
			left = !p.offer(v, gap)
			return !left
		})
		p.mu.Lock()
		again := left && p.wanted && !p.full // somebody has begun to read meanwhile, and has taken
		if !again {
			p.running = false
		}
		if !left {
			p.ended = true
			close(p.wake)
		}
		p.changed.Broadcast()
		p.mu.Unlock()
		if !again {
			return
		}
	}
}

// offer waits until the item was taken. It reports false if nobody wants more; then the item stays
// on offer.
func (p *pump[T]) offer(v T, gap *rtx.Gap) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.v, p.gap, p.full = v, gap, true
	p.rouse()
	for p.full && p.wanted {
		p.changed.Wait()
	}
	return p.wanted
}

// pending is the sequence of what is on offer. It does not wait.
func (p *pump[T]) pending(yield func(T, *rtx.Gap) bool) {
	p.mu.Lock()
	v, gap, full := p.v, p.gap, p.full
	if full {
		var none T
		p.v, p.gap, p.full = none, nil, false
		p.changed.Broadcast()
		p.goLocked()
	}
	p.mu.Unlock()
	if full {
		yield(v, gap)
	}
}

// rouse is called while there is an item, so wake is open.
func (p *pump[T]) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}
