package presence

import (
	"fmt"
	"testing"
)

// In the first change Joined and Members may be one array. Whoever appends to one must not write
// into the other.
func TestTheListsOfTheFirstChangeCanBeAppendedTo(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[string](tr)
	r.follow(nil, Snapshot, "", false)
	for i := range 5 { // while the snapshot waits
		r.follow([]op{{after: &entry{id: fmt.Sprint(i)}}}, Diff, "", false)
	}
	c := <-r.C
	joined := append(c.Joined, Member[string]{ID: "joined"})
	members := append(c.Members, Member[string]{ID: "members"})
	if len(joined) != 6 || joined[5].ID != "joined" || len(members) != 6 || members[5].ID != "members" {
		t.Errorf("%v and %v share what was appended", joined, members)
	}
}
