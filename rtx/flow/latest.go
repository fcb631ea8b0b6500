package flow

import (
	"context"
	"sync"

	"github.com/realtimex/realtimex-go/rtx"
)

// A Latest remembers the newest value of a sequence, for whoever asks at any time. One goroutine
// ranges over All, which passes everything on; any number of others call Get, or range over Watch.
// All methods but All may be called concurrently. The zero Latest has no value and no sequence.
type Latest[T any] struct {
	src Seq[T]

	mu      sync.Mutex
	v       T
	known   bool
	behind  *rtx.Gap // what was missed after v; before the first value, all that was missed
	ended   bool     // so has src
	watches map[*watch[T]]struct{}
}

// A watch is what one taker has not seen yet.
type watch[T any] struct {
	before *rtx.Gap
	v      T
	fresh  bool
	behind *rtx.Gap
	wake   chan struct{}
}

// NewLatest returns a Latest of src. It knows what was handed out by All.
func NewLatest[T any](src Seq[T]) *Latest[T] { return &Latest[T]{src: src} }

// All returns src. Each value is remembered before it is handed out. A gap passes in its place.
func (l *Latest[T]) All() Seq[T] {
	return func(yield func(T, *rtx.Gap) bool) {
		if l == nil || l.src == nil {
			return
		}
		left := false
		l.src(func(v T, gap *rtx.Gap) bool {
			l.note(v, gap)
			left = !yield(v, gap)
			return !left
		})
		if !left {
			l.end()
		}
	}
}

func (l *Latest[T]) note(v T, gap *rtx.Gap) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gap != nil {
		l.behind = merged(l.behind, gap)
	} else {
		l.v, l.known, l.behind = v, true, nil
	}
	for w := range l.watches {
		switch {
		case gap == nil:
			if w.behind != nil {
				w.before = merged(w.before, w.behind)
			}
			w.v, w.fresh, w.behind = v, true, nil
		case w.fresh:
			w.behind = merged(w.behind, gap)
		default:
			w.before = merged(w.before, gap)
		}
		w.rouse()
	}
}

func (l *Latest[T]) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for w := range l.watches {
		w.rouse()
	}
}

func (w *watch[T]) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Get returns the newest value. If something was missed since, gap says what, and the value may be
// out of date. ok is false if there is no value yet. It does not block.
func (l *Latest[T]) Get() (v T, gap *rtx.Gap, ok bool) {
	if l == nil {
		return v, nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.v, l.behind, l.known
}

// Watch returns a sequence of the newest values for one more taker: first the value that is held
// now, then each that is newer. A taker that is slower than the values gets only the newest of
// them. A gap comes before the first value after it, however many values were skipped; the gaps
// skipped with them are merged into one. If the value held at the beginning is older than a gap,
// that gap follows it.
//
// It waits for more until the sequence that All ranges over has ended, or ctx has. Each range
// begins with what is held then.
func (l *Latest[T]) Watch(ctx context.Context) Seq[T] {
	return func(yield func(T, *rtx.Gap) bool) {
		if l == nil || l.src == nil || ctx == nil {
			return
		}
		w := &watch[T]{wake: make(chan struct{}, 1)}
		l.mu.Lock()
		w.v, w.fresh, w.behind = l.v, l.known, l.behind
		if !l.known {
			w.before, w.behind = l.behind, nil
		}
		if l.watches == nil {
			l.watches = make(map[*watch[T]]struct{})
		}
		l.watches[w] = struct{}{}
		l.mu.Unlock()
		defer func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			delete(l.watches, w)
		}()
		for ctx.Err() == nil {
			v, gap, there, ended := l.take(w)
			switch {
			case there:
				if !yield(v, gap) {
					return
				}
			case ended:
				return
			default:
				select {
				case <-w.wake:
				case <-ctx.Done():
				}
			}
		}
	}
}

// take returns what a taker gets next, if there is something.
func (l *Latest[T]) take(w *watch[T]) (v T, gap *rtx.Gap, there, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var none T
	switch {
	case w.before != nil:
		gap, w.before = w.before, nil
	case w.fresh:
		v, w.v, w.fresh = w.v, none, false
		w.before, w.behind = w.behind, nil
	default:
		return v, nil, false, l.ended
	}
	return v, gap, true, false
}
