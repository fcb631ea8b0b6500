package stream

import (
	"slices"
	"testing"
)

func TestDropOldestTellsTheGapInItsPlace(t *testing.T) {
	q := New[int](Config{Capacity: 3})
	for i := range 5 {
		if !q.Push(i, "prices", 1) {
			t.Fatal("an open queue refused a value")
		}
	}
	q.Mark(Gap{Channel: "prices", Reconnected: true})
	q.End(nil, false)
	var got []int
	var gaps []Gap
	for v, gap := range q.All() {
		if gap != nil {
			got = append(got, -1)
			gaps = append(gaps, *gap)
			continue
		}
		got = append(got, v)
	}
	if want := []int{-1, 2, 3, 4, -1}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v (-1 is a gap)", got, want)
	}
	if gaps[0].Dropped != 2 || !gaps[1].Reconnected {
		t.Fatalf("gaps: %+v", gaps)
	}
}

func TestGrowKeepsEverythingInOrder(t *testing.T) {
	q := New[int](Config{Capacity: 2, Policy: Grow(1000)})
	for i := range 1000 {
		q.Push(i, "prices", 1)
	}
	q.End(nil, false)
	next := 0
	for v := range q.C() {
		if v != next {
			t.Fatalf("got %d, want %d", v, next)
		}
		next++
	}
	if next != 1000 {
		t.Fatalf("got %d values of 1000", next)
	}
	q.Wait()
}
