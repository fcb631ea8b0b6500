package rtx_test

import (
	"errors"
	"testing"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A partition whose reader fell behind ends alone: the others go on.
func TestAPartitionThatOverflowsEndsAlone(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		parts := rtx.Partition(t.Context(), c.Channel("a"), "n", 2, func(v numbered) int { return v.N },
			rtx.WithBuffer(1), rtx.WithOverflow(rtx.EndStream))
		if err := parts[0].Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		home := func(n int) int { // where n comes
			publish(s, "a", n)
			for i, part := range parts {
				select {
				case _, ok := <-part.C:
					if ok {
						return i
					}
				default:
				}
			}
			t.Fatalf("%d came nowhere", n)
			return -1
		}
		behind, other := home(0), 1
		for home(other) == behind {
			other++
		}
		publish(s, "a", 0, 0) // one of them does not fit
		for i, part := range parts {
			if ended := errors.Is(part.Err(), rtx.ErrOverflow); ended != (i == behind) {
				t.Errorf("partition %d: %v", i, part.Err())
			}
		}
		<-parts[behind].C // what did fit
		for range 2 {
			if at := home(other); at == behind {
				t.Errorf("%d came on partition %d", other, at)
			}
		}
		publish(s, "a", 0) // for the one that has ended, and no reason for the other to
		if at := home(other); at == behind || parts[at].Err() != nil {
			t.Errorf("partition %d: %v", at, parts[at].Err())
		}
	})
}
