package stream

import (
	"testing"
	"testing/synctest"
	"time"
)

// A loss that is told later may have begun earlier: a reconnection is marked when the channel is
// confirmed, with the time at which it was lost. Where such losses become one gap, it spans both.
func TestAMergedGapBeginsWithItsEarliestLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
		q := New[int](Config{Capacity: 1})
		q.Mark(Gap{Channel: "a", Malformed: 1, Since: at(5), Until: at(6)})
		q.Mark(Gap{Channel: "a", Reconnected: true, Since: at(2), Until: at(3)})
		q.Mark(Gap{Channel: "a", Malformed: 1, Since: at(4), Until: at(8)})
		want := Gap{Channel: "a", Malformed: 2, Reconnected: true, Since: at(2), Until: at(8)}
		for g := range q.Gaps() {
			if g != want {
				t.Errorf("got %+v\nwant %+v", g, want)
			}
			return
		}
		t.Error("no gap")
	})
}
