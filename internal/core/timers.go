package core

import "time"

// A timer has Poll look at a channel when it is due. It is void if the channel's own time is
// another by then.
type timer struct {
	at time.Time
	ch *Channel
}

func (t timer) void() bool { return !t.at.Equal(t.ch.due) }

// timers is a binary heap, the earliest first.
type timers []timer

// push adds one.
func (t *timers) push(x timer) {
	h := append(*t, x)
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !x.at.Before(h[parent].at) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = x
	*t = h
}

// pop takes the earliest off. There must be one.
func (t *timers) pop() timer {
	h := *t
	first, last := h[0], h[len(h)-1]
	h[len(h)-1] = timer{}
	h = h[:len(h)-1]
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if right := child + 1; right < len(h) && h[right].at.Before(h[child].at) {
			child = right
		}
		if !h[child].at.Before(last.at) {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = last
	}
	*t = h
	return first
}

// next drops what is void at the front, and returns the time of the first that is not.
func (t *timers) next() time.Time {
	for len(*t) > 0 {
		if first := (*t)[0]; !first.void() {
			return first.at
		}
		t.pop()
	}
	return time.Time{}
}

// sweep drops all that are void.
func (t *timers) sweep() {
	all := *t
	live := all[:0]
	for _, x := range all { // never fewer than are in live
		if !x.void() {
			live.push(x)
		}
	}
	clear(all[len(live):])
	*t = live
}
