package rtx

import (
	"testing"
	"unsafe"
)

// There is one of each for every stream on a channel of its own. The sizes are classes of the
// allocator, so one byte more costs 16 to 32.
func TestEntriesStaySmall(t *testing.T) {
	for name, size := range map[string][2]uintptr{
		"subscription": {unsafe.Sizeof(subscription{}), 208},
		"attachment":   {unsafe.Sizeof(attachment{}), 32},
		"binding":      {unsafe.Sizeof(binding{}), 112},
	} {
		if size[0] > size[1] {
			t.Errorf("a %s has %d bytes; %d are the most", name, size[0], size[1])
		}
	}
}
