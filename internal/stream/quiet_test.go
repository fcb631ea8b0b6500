package stream

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
)

// Values that are pushed quietly wait for Rouse, which lets them go at once.
func TestPushQuietly(t *testing.T) {
	q := New[int](Config{Capacity: 16})
	for i := range 3 {
		open, first := q.PushQuietly(i, "c", 1)
		if !open || first != (i == 0) {
			t.Errorf("push %d: open %t, first %t", i, open, first)
		}
	}
	if len(q.Wake()) != 0 || len(q.C()) != 0 {
		t.Errorf("%d tokens and %d values in C before Rouse", len(q.Wake()), len(q.C()))
	}
	if d := q.Stats().Depth; d != 3 {
		t.Errorf("depth %d, want 3", d)
	}
	q.Rouse()
	if len(q.Wake()) != 1 || len(q.C()) != 3 {
		t.Errorf("%d tokens and %d values in C after Rouse", len(q.Wake()), len(q.C()))
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
	q.Rouse()
	<-q.C()
	q.Pending()(func(int, *Gap) bool { return true })
	if q.Rouse(); len(q.Wake()) != 0 {
		t.Error("there is a token, and nothing to take")
	}
}

// A receiver of C that waits is woken once for values that come close together, and gets all.
func TestQuietValuesWakeAReceiverOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 1024})
		got := make(chan int, 1024)
		go func() {
			for v := range q.C() {
				got <- v
			}
			close(got)
		}()
		const n = 2*maxBurst + 3
		for i := range n {
			q.PushQuietly(i, "c", 1)
			synctest.Wait()
			if want := (i + 1) / (maxBurst + 1) * (maxBurst + 1); len(got) != want {
				t.Fatalf("%d values came before Rouse, want %d", len(got), want)
			}
		}
		q.Rouse()
		synctest.Wait()
		if len(got) != n {
			t.Errorf("%d values, want %d", len(got), n)
		}
		q.End(nil, false)
		want := 0
		for v := range got {
			if v != want {
				t.Fatalf("value %d, want %d", v, want)
			}
			want++
		}
	})
}

// Whatever looks at the values, or at a place among them, sees those that were pushed quietly.
func TestQuietValuesAreThere(t *testing.T) {
	for name, look := range map[string]func(q *Queue[int]){
		"Push":     func(q *Queue[int]) { q.Push(9, "c", 1) },
		"Mark":     func(q *Queue[int]) { q.Mark(Gap{Channel: "c", Reconnected: true}) },
		"End":      func(q *Queue[int]) { q.End(nil, false) },
		"Discard":  func(q *Queue[int]) { q.End(nil, true) },
		"Stats":    func(q *Queue[int]) { _ = q.Stats() },
		"Pending":  func(q *Queue[int]) { q.Pending()(func(int, *Gap) bool { return false }); q.Push(0, "c", 1) },
		"overflow": func(q *Queue[int]) { q.rarely(); q.PushQuietly(9, "c", 1) },
	} {
		q := New[int](Config{Capacity: 16})
		for i := range 3 {
			q.PushQuietly(i, "c", 1)
		}
		look(q)
		if len(q.C()) < 3 {
			t.Errorf("%s: %d values in C, want 3", name, len(q.C()))
		}
	}
}

// What does not fit is handled as by Push, and is told at once; the places of losses are the same.
func TestPushQuietlyOverflows(t *testing.T) {
	for _, policy := range []Policy{DropOldest, DropNewest, EndStream, Grow(100)} {
		for _, capacity := range []int{1, 2, 4, 9, 16, 300} {
			t.Run(fmt.Sprintf("%v, %d", policy, capacity), func(t *testing.T) {
				c := Config{Capacity: capacity, Policy: policy, MultiSource: true}
				loud, quiet := New[int](c), New[int](c)
				for i := range 2*capacity + 5 {
					channel := fmt.Sprint("c", i%3)
					want := loud.Push(i, channel, 1)
					if got, _ := quiet.PushQuietly(i, channel, 1); got != want {
						t.Errorf("push %d: open %t, want %t", i, got, want)
					}
					if i%7 == 3 {
						loud.Mark(Gap{Channel: channel, Malformed: 1})
						quiet.Mark(Gap{Channel: channel, Malformed: 1})
					}
					if i%5 == 1 {
						quiet.Rouse()
					}
				}
				quiet.Rouse()
				if a, b := loud.Dropped(), quiet.Dropped(); a != b {
					t.Errorf("%d dropped, want %d", b, a)
				}
				if len(quiet.Wake()) == 0 && !quiet.Ended() {
					t.Error("nobody is woken")
				}
				loud.End(nil, true)
				quiet.End(nil, true)
				if a, b := everything(loud), everything(quiet); !slices.Equal(a, b) {
					t.Errorf("it tells\n%v, want\n%v", b, a)
				}
			})
		}
	}
}

// everything returns all that an ended queue tells, as text.
func everything(q *Queue[int]) (all []string) {
	for v, g := range q.All() {
		if g != nil {
			all = append(all, fmt.Sprintf("%s: %d dropped, %d malformed", g.Channel, g.Dropped, g.Malformed))
			continue
		}
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// A reader that waits gets everything, also if the queue ends before Rouse.
func TestQuietValuesBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Config{Capacity: 16})
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

// Values that were let go are not kept alive.
func TestQuietValuesAreNotKept(t *testing.T) {
	q := New[*int](Config{Capacity: 16})
	for i := range 3 {
		q.PushQuietly(&i, "c", 1)
	}
	q.Rouse()
	for _, v := range q.burst.values[:3] {
		if v != nil {
			t.Error("a value is kept")
		}
	}
}
