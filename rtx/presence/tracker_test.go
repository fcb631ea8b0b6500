package presence

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// On a service that never tells a roster, a recovered session goes on with the one that grew.
func TestRosterSurvivesARecoveryWithoutOne(t *testing.T) {
	for name, resumed := range map[string]bool{"recovered": true, "fresh": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTracker(testChannel)
				bare := []byte(`{"channel":"` + testChannel + `"}`)
				own := []byte(`{"user_id":"7"}`)
				tr.Confirmed(bare, own)
				time.Sleep(rosterGrace)
				synctest.Wait()
				tr.Event("realtimex_internal:member_added", []byte(`{"user_id":"1"}`))
				tr.Event("realtimex_internal:member_added", []byte(`{"user_id":"2"}`))
				tr.Down()
				if resumed {
					tr.Resumed()
				}
				tr.Event("realtimex_internal:member_removed", []byte(`{"user_id":"2"}`))
				tr.Confirmed(bare, own)
				time.Sleep(rosterGrace)
				synctest.Wait()
				got := slices.Sorted(maps.Keys(tr.members))
				want := []string{"7"}
				if resumed {
					want = []string{"1", "7"}
				}
				if !slices.Equal(got, want) {
					t.Errorf("members are %v, want %v", got, want)
				}
			})
		})
	}
}

// The timer of an earlier grace may fire while its successor is set, too late to be stopped: it
// settles nothing.
func TestTimerOfAnEarlierGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracker(testChannel)
		r := open[user](tr)
		defer tr.End(nil)
		tr.confirmed(`{}`, `{"user_id":"7"}`)
		earlier := tr.grace
		time.Sleep(rosterGrace / 2)
		tr.Down()
		tr.alone(&earlier) // no grace runs
		expect(t, r, "nothing")
		tr.confirmed(`{}`, `{"user_id":"7"}`)
		tr.alone(&earlier) // another runs
		expect(t, r, "nothing")
		time.Sleep(rosterGrace - time.Nanosecond)
		synctest.Wait()
		expect(t, r, "nothing")
		tr.confirmed(`{"members":["7","8"]}`, "")
		expect(t, r, "snapshot +7{} +8{} of 2")
		tr.alone(&earlier)
		current := tr.grace
		tr.alone(&current) // none runs, and it is the current one
		expect(t, r, "nothing")
	})
}
