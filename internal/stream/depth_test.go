package stream

import (
	"slices"
	"testing"
)

// A watch is told once when the queue fills up, and again only after there was less than half of
// that. It is called without the lock.
func TestWatchDepth(t *testing.T) {
	for name, tt := range map[string]struct {
		capacity int
		share    float64
		policy   Policy
		conflate bool
		steps    []int // values pushed, or, below 0, taken
		want     []int // the depths that are told
	}{
		"once":                        {10, 0.8, DropOldest, false, []int{7, 1, 2, 30}, []int{8}},
		"again after half":            {10, 0.8, DropOldest, false, []int{9, -6, 5}, []int{8, 8}},
		"not before half":             {10, 0.8, DropOldest, false, []int{9, -5, 5}, []int{8}},
		"half goes by in one take":    {10, 0.8, DropOldest, false, []int{9, -9, 1, 7}, []int{8, 8}},
		"a share that is no number":   {30, 0.1, DropNewest, false, []int{3}, []int{3}},
		"a buffer of one that stands": {1, 0.8, DropOldest, false, []int{5}, []int{1}},
		"a buffer of one":             {1, 0.8, DropOldest, false, []int{1, -1, 1, -1}, []int{1, 1}},
		"all":                         {4, 1, EndStream, false, []int{3, 1, 1}, []int{4}},
		"Grow":                        {4, 1, Grow(100), false, []int{10, -9, 5}, []int{4, 4}},
		"keys":                        {4, 0.5, DropOldest, true, []int{1, 1, 1, 1}, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			q := new(Queue[int])
			if tt.conflate {
				q.OpenConflated(Config{Capacity: tt.capacity, Policy: tt.policy}, By(func(v int) int { return v }))
			} else {
				q.Open(Config{Capacity: tt.capacity, Policy: tt.policy})
			}
			var got []int
			q.WatchDepth(tt.share, func(depth, capacity int) {
				if q.Stats().Depth != depth || capacity != tt.capacity {
					t.Errorf("told %d of %d", depth, capacity)
				}
				got = append(got, depth)
			})
			v := 0
			for _, n := range tt.steps {
				for range n {
					v++
					_ = q.Look(v)
					q.Push(v, "", 1)
				}
				if n >= 0 {
					continue
				}
				for range q.Pending() {
					if n++; n == 0 {
						break
					}
				}
			}
			q.End(nil, true)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
