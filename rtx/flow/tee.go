package flow

import (
	"iter"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// Tee returns n sequences, each with all items of src, for a goroutine each. Every value and every
// gap comes to every taker, in its place. A taker that has taken everything reads src for all, so
// Tee has no goroutine.
//
// No taker waits for another. What a slower one has not taken yet is kept for it, also before its
// first range and after one that was left early: up to buffer items (1 if it is less). Past that
// its oldest items are dropped, and it gets a gap in their place, with Dropped and no channel; gaps
// among them are merged into that one.
func Tee[T any](src Seq[T], n, buffer int) []Seq[T] {
	t := &tee[T]{src: some(src), buffer: max(buffer, 1)}
	seqs := make([]Seq[T], max(n, 0))
	for i := range seqs {
		k := &taker[T]{wake: make(chan struct{}, 1)}
		t.takers = append(t.takers, k)
		seqs[i] = func(yield func(T, *rtx.Gap) bool) { t.all(k, yield) }
	}
	return seqs
}

type tee[T any] struct {
	src    Seq[T]
	buffer int

	mu      sync.Mutex
	takers  []*taker[T]
	ranges  int                        // over the sequences, now
	next    func() (T, *rtx.Gap, bool) // reads src; nil if there is no range
	stop    func()
	reading bool // one of the ranges is in src
	ended   bool
}

type taker[T any] struct {
	items  []item[T]
	missed *rtx.Gap      // before them
	wake   chan struct{} // has a token if there may be something to do
}

type item[T any] struct {
	v   T
	gap *rtx.Gap
}

func (t *tee[T]) all(k *taker[T], yield func(T, *rtx.Gap) bool) {
	t.begin()
	defer t.leave()
	for {
		it, ok := t.take(k)
		if !ok || !yield(it.v, it.gap) {
			return
		}
	}
}

func (t *tee[T]) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ranges++
	if t.next == nil {
		t.next, t.stop = iter.Pull2(iter.Seq2[T, *rtx.Gap](t.src))
	}
}

func (t *tee[T]) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ranges--; t.ranges > 0 {
		return
	}
	stop := t.stop
	t.next, t.stop = nil, nil
	t.unlocked(stop) // src leaves its loop
}

// unlocked does what runs code of src. Others wait meanwhile.
func (t *tee[T]) unlocked(do func()) {
	t.reading = true
	t.mu.Unlock()
	defer func() { // src may panic
		t.mu.Lock()
		t.reading = false
		t.rouseLocked()
	}()
	do()
}

// take returns the taker's next item. It waits for it, or reads it from src if nobody else does.
func (t *tee[T]) take(k *taker[T]) (it item[T], ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		switch {
		case k.missed != nil:
			it.gap, k.missed = k.missed, nil
			return it, true
		case len(k.items) > 0:
			it = k.items[0]
			k.items[0] = item[T]{}
			k.items = k.items[1:]
			return it, true
		case t.ended:
			return it, false
		case t.reading:
			t.mu.Unlock()
			<-k.wake
			t.mu.Lock()
		default:
			t.readLocked()
		}
	}
}

// readLocked reads an item for all takers. The lock is released meanwhile.
func (t *tee[T]) readLocked() {
	var it item[T]
	ok := false
	next := t.next
	t.unlocked(func() { it.v, it.gap, ok = next() })
	if !ok {
		t.ended = true
		return
	}
	for _, k := range t.takers {
		if len(k.items) == t.buffer {
			k.dropOldest()
		}
		k.items = append(k.items, it)
	}
}

// rouseLocked lets those that wait look again.
func (t *tee[T]) rouseLocked() {
	for _, k := range t.takers {
		select {
		case k.wake <- struct{}{}:
		default:
		}
	}
}

func (k *taker[T]) dropOldest() {
	gap := k.items[0].gap
	if gap == nil {
		now := time.Now()
		gap = &rtx.Gap{Dropped: 1, Since: now, Until: now}
	}
	k.missed = merged(k.missed, gap)
	k.items[0] = item[T]{}
	k.items = k.items[1:]
}
