package sioserver

import (
	"container/heap"
	"sync"
	"time"
)

// agenda calls functions at their times, one at a time, and those that are due at one instant in
// the order of their numbers: on timers of their own they would run in any. The functions must not
// block.
type agenda struct {
	mu      sync.Mutex
	due     entries
	timer   *time.Timer
	running bool
}

// entry is a function in an agenda. Its owner keeps it, and sets it as often as it likes.
type entry struct {
	number uint64
	do     func()
	at     time.Time
	place  int // in the heap, counted from 1; 0 if it is not in there
}

// set has e called at a time, in place of the time it was set to before.
func (a *agenda) set(e *entry, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e.at = at
	if e.place == 0 {
		heap.Push(&a.due, e)
	} else {
		heap.Fix(&a.due, e.place-1)
	}
	a.arm()
}

// drop has e not called.
func (a *agenda) drop(e *entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.place > 0 {
		heap.Remove(&a.due, e.place-1)
		a.arm()
	}
}

// arm sets the timer to what is due first. a.mu is held.
func (a *agenda) arm() {
	switch {
	case a.running: // run does so at its end
	case len(a.due) == 0:
		if a.timer != nil {
			a.timer.Stop()
		}
	case a.timer == nil:
		a.timer = time.AfterFunc(time.Until(a.due[0].at), a.run)
	default:
		a.timer.Reset(time.Until(a.due[0].at))
	}
}

// run calls what is due.
func (a *agenda) run() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running {
		return
	}
	a.running = true
	for len(a.due) > 0 && !a.due[0].at.After(time.Now()) {
		e := heap.Pop(&a.due).(*entry)
		a.mu.Unlock()
		e.do()
		a.mu.Lock()
	}
	a.running = false
	a.arm()
}

// entries is a heap.
type entries []*entry

func (h entries) Len() int { return len(h) }

func (h entries) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].number < h[j].number
	}
	return h[i].at.Before(h[j].at)
}

func (h entries) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}

func (h *entries) Push(x any) {
	e := x.(*entry)
	*h = append(*h, e)
	e.place = len(*h)
}

func (h *entries) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.place = 0
	return e
}
