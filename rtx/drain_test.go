package rtx

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// spilling is a client with so many streams that each hold more than their buffer does.
func spilling(t *testing.T, n int) (*Client, []*Stream[int]) {
	t.Helper()
	w := newWire(t)
	t.Cleanup(func() { _ = w.c.Close() })
	w.up()
	streams := make([]*Stream[int], n)
	for i := range streams {
		streams[i] = On[int](context.Background(), w.c.Channel("a"), "n", WithBuffer(1), WithOverflow(Grow(1<<20)))
	}
	w.settle()
	for i := range 3 {
		w.publish("a", "n", fmt.Sprint(i))
	}
	return w.c, streams
}

// A countedSink counts how often it is asked whether it still spills.
type countedSink struct {
	sink
	looks *int
}

func (s countedSink) spilling() bool {
	*s.looks++
	return s.sink.spilling()
}

// Drain looks at each stream that spills a bounded number of times, however many there are, and
// returns at once if its context has ended.
func TestDrainIsLinear(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	looks := func(n int) (looks int) {
		c, _ := spilling(t, n)
		for _, b := range c.bindings.slice() {
			b.sink = countedSink{b.sink, &looks}
		}
		if err := c.Drain(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("Drain does not heed its context: %v", err)
		}
		return looks
	}
	for _, n := range []int{1000, 10_000} {
		if got := looks(n); got < n || got > 4*n {
			t.Errorf("%d looks for %d streams", got, n)
		}
	}
}

// Drain returns as soon as its context ends, with the cause; what is spilled is let out all the
// same.
func TestDrainHeedsItsContext(t *testing.T) {
	c, streams := spilling(t, 100)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	drained := make(chan error, 1)
	go func() { drained <- c.Drain(ctx) }()
	select {
	case err := <-drained:
		t.Fatalf("returned before the spill is out: %v", err)
	default:
	}
	cancel(why)
	if err := <-drained; !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	for i, s := range streams {
		n := 0
		for range s.C {
			n++
		}
		if n != 3 || s.Err() != nil {
			t.Fatalf("stream %d let %d out, %v", i, n, s.Err())
		}
	}
	if err := c.Drain(context.Background()); err != nil {
		t.Errorf("once they are out: %v", err)
	}
}
