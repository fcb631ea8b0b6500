package shapes

import "testing"

func TestTake(t *testing.T) {
	t.Run("negative", func(t *testing.T) {
		if new(box).take(-1) {
			t.Error("took less than nothing")
		}
	})
}
