package presence

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A session that was recovered brings the roster of before only if nothing that was told since had
// to be dropped.
func TestARecoveredRosterIsBelievedOnlyIfNothingWasDropped(t *testing.T) {
	for _, tt := range []struct{ early, members int }{
		{maxEarly, 2 + maxEarly},
		{maxEarly + 1, 1 + maxEarly/2}, // the older half was dropped: this client and the rest
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := newTracker(testChannel)
			r := open[string](tr)
			defer r.Close()
			data := []byte(`{"user_id":"me"}`)
			tr.Confirmed([]byte(`{"members":[{"user_id":"me"},{"user_id":"old"}]}`), data)
			tr.Down()
			tr.Resumed()
			for i := range tt.early {
				tr.Event("presence:member_added", fmt.Appendf(nil, `{"user_id":"n%d"}`, i))
			}
			tr.Confirmed([]byte(`{}`), data)
			time.Sleep(rosterGrace)
			synctest.Wait()
			if n := r.Members().Len(); n != tt.members {
				t.Errorf("%d members after %d early messages, want %d", n, tt.early, tt.members)
			}
			if _, ok := r.Members().Get("old"); ok != (tt.early <= maxEarly) {
				t.Errorf("after %d early messages: who was there before is there: %t", tt.early, ok)
			}
		})
	}
}
