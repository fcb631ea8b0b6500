package stream

import (
	"iter"
	"testing"
	"time"
)

// A loop over a timed reader that is left at the value before a gap is not called again, and the gap
// is there for the next one.
func TestTimedReadersAreLeftBeforeAGap(t *testing.T) {
	for name, read := range map[string]func(*Queue[int]) iter.Seq2[int, *Gap]{
		"Debounce": func(q *Queue[int]) iter.Seq2[int, *Gap] { return q.Debounce(time.Hour, 0) },
		"Sample":   func(q *Queue[int]) iter.Seq2[int, *Gap] { return q.Sample(time.Hour) },
	} {
		q := New[int](Config{Capacity: 4})
		q.Push(1, "a", 1)
		q.Mark(Gap{Channel: "a", Reconnected: true})
		for v, gap := range read(q) {
			if v != 1 || gap != nil {
				t.Errorf("%s: %d, %v", name, v, gap)
			}
			break
		}
		for v, gap := range read(q) {
			if gap == nil {
				t.Errorf("%s: %d instead of the gap", name, v)
			}
			break
		}
	}
}
