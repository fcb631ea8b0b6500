package stream

import (
	"testing"
	"testing/synctest"
)

// Values that are pushed quietly are there at once, and their reader is woken by Rouse, once.
func TestPushQuietly(t *testing.T) {
	q := New[int](Config{Capacity: 4})
	for i := range 3 {
		open, first := q.PushQuietly(i, "c", 1)
		if !open || first != (i == 0) {
			t.Errorf("push %d: open %t, first %t", i, open, first)
		}
	}
	if len(q.Wake()) != 0 {
		t.Error("there is a token before Rouse")
	}
	if n := len(q.C()); n != 3 {
		t.Errorf("%d values in C, want 3", n)
	}
	q.Rouse()
	if len(q.Wake()) != 1 {
		t.Error("there is no token after Rouse")
	}
	n := 0
	for range q.Pending() {
		n++
	}
	if n != 3 || len(q.Wake()) != 0 {
		t.Errorf("%d values, %d tokens left", n, len(q.Wake()))
	}
	if _, first := q.PushQuietly(3, "c", 1); !first {
		t.Error("the first value after Rouse needs none")
	}
	<-q.C()
	if q.Rouse(); len(q.Wake()) != 0 {
		t.Error("there is a token, and nothing to take")
	}
}

// What does not fit is handled as by Push, and is told at once.
func TestPushQuietlyOverflows(t *testing.T) {
	for _, policy := range []Policy{DropOldest, DropNewest, EndStream, Grow(100)} {
		loud, quiet := New[int](Config{Capacity: 2, Policy: policy}), New[int](Config{Capacity: 2, Policy: policy})
		for i := range 5 {
			want := loud.Push(i, "c", 1)
			if got, _ := quiet.PushQuietly(i, "c", 1); got != want {
				t.Errorf("policy %v, push %d: open %t, want %t", policy, i, got, want)
			}
		}
		quiet.Rouse()
		if a, b := loud.Dropped(), quiet.Dropped(); a != b {
			t.Errorf("policy %v: %d dropped, want %d", policy, b, a)
		}
		if len(quiet.Wake()) == 0 && !quiet.Ended() {
			t.Errorf("policy %v: nobody is woken", policy)
		}
		loud.End(nil, true)
		quiet.End(nil, true)
	}
}

// A reader that waits gets everything, also if the queue ends before Rouse.
func TestQuietValuesBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 8})
		got := make(chan int, 8)
		go func() {
			for v := range q.All() {
				got <- v
			}
			close(got)
		}()
		synctest.Wait()
		for i := range 3 {
			q.PushQuietly(i, "c", 1)
		}
		synctest.Wait()
		if len(got) != 0 {
			t.Error("the reader was woken before Rouse")
		}
		q.End(nil, false)
		q.Rouse()
		synctest.Wait()
		if len(got) != 3 {
			t.Errorf("%d values, want 3", len(got))
		}
	})
}
