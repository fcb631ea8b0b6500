package presence

import (
	"fmt"
	"strings"
	"testing"
)

// An info of 64 KiB is decoded; one that is longer is no T, and its member is there all the same.
func TestAnInfoIsBounded(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[string](tr)
	defer r.Close()
	fits := strings.Repeat("x", maxInfo-2) // and its quotation marks
	tr.Confirmed(fmt.Appendf(nil, `{"members":[{"user_id":"a","user_info":%q},{"user_id":"b","user_info":%q}]}`, fits, fits+"x"), nil)
	a, _ := r.Members().Get("a")
	b, there := r.Members().Get("b")
	if len(a.Info) != len(fits) || !there || b.Info != "" || r.Stats().Malformed != 1 {
		t.Errorf("infos of %d and %d bytes, %t, %+v", len(a.Info), len(b.Info), there, r.Stats())
	}
}
