package rtx

import (
	"fmt"
	"testing"
)

// Close waits for what streams that have ended still let out. One that ends after that lets nothing
// out any more.
func TestAStreamThatEndsAfterCloseLetsNothingOut(t *testing.T) {
	for _, closed := range []bool{false, true} {
		w := newWire(t)
		w.up()
		stream := On[int](t.Context(), w.c.Channel("a"), "n", WithBuffer(1), WithOverflow(Grow(1<<20)))
		w.settle()
		for i := range 5 {
			w.publish("a", "n", fmt.Sprint(i))
		}
		if closed {
			w.c.discardSpills()
		}
		stream.owner.end(nil, false)
		n := 0
		for range stream.C {
			n++
		}
		if want := map[bool]int{false: 5, true: 1}[closed]; n != want {
			t.Errorf("closed %v: %d values came, want %d", closed, n, want)
		}
		_ = w.c.Close()
	}
}
