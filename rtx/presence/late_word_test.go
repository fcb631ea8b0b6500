package presence

import "testing"

// The tracker may be about to tell a room that is closed at that moment.
func TestARoomThatHasEndedTakesNothing(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[string](tr)
	ops := []op{{after: &entry{id: "ann", info: []byte(`"A"`)}}}
	r.follow(ops, Snapshot, "ann", false)
	r.Close()
	r.follow([]op{{after: &entry{id: "bob", info: []byte(`"B"`)}}}, Diff, "ann", false)
	r.follow(nil, Stale, "ann", false)

	change, ok := <-r.C
	if !ok || change.Kind != Snapshot || len(change.Members) != 1 || change.Members[0].ID != "ann" {
		t.Errorf("%+v, %t: want what was told before", change, ok)
	}
	if change, ok = <-r.C; ok {
		t.Errorf("%+v after the end", change)
	}
	if n := r.Members().Len(); n != 1 {
		t.Errorf("%d members", n)
	}
}
