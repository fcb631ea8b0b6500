package presence

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A roster that is not understood makes no members: after the grace the roster is this client
// alone, and says so.
func TestNoMemberIsInvented(t *testing.T) {
	for _, roster := range []string{
		`{"presence":{"count":120}}`, `{"presence":{}}`, `{"presence":{"ids":7,"hash":[],"count":120}}`, `{"presence":{"total":120,"page":{"size":10}}}`,
		`{"presence":{"1":{"name":"Ann"}}}`, `{"initial_state":{"presence":{"count":120}}}`, `{"members":{"count":120}}`, `{"users":{"count":120,"ids":null}}`,
		`{"members":{"total":120,"online":true,"kind":"all","who":[1]}}`, `{"members":120}`, `{"presence":"1"}`, `{"presence":true,"members":null}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			tr := newTracker(testChannel)
			r := open[user](tr)
			defer tr.End(nil)
			tr.log = slog.New(slog.NewTextHandler(&log, nil))
			const me = `{"user_id":"7","user_info":{"name":"me"}}`
			tr.confirmed(roster, me)
			tr.confirmed(roster, me)
			expect(t, r, "nothing")
			time.Sleep(rosterGrace)
			synctest.Wait()
			c := <-r.C
			if len(c.Members) != 1 || c.Members[0] != (Member[user]{"7", user{"me"}}) || !c.Incomplete {
				t.Errorf("%s: %+v", roster, c)
			}
			if st := r.Stats(); st.Unknown == 0 || !st.Incomplete {
				t.Errorf("%s: %+v", roster, st)
			}
			if n := strings.Count(log.String(), "level=WARN"); n != 1 {
				t.Errorf("%s: %d warnings:\n%s", roster, n, log.String())
			}
		})
	}
}

// What there is of Pusher's form is taken; what is missing is counted, and the roster says that it
// is incomplete.
func TestPartsMissing(t *testing.T) {
	for _, tc := range []struct {
		roster     string
		want       string
		unknown    uint64
		incomplete bool
	}{
		{`{"presence":{"ids":["1"],"hash":{"1":{"name":"Ann"}},"count":1}}`, "snapshot +1{Ann} of 1", 0, false},
		{`{"presence":{"ids":["1"],"hash":{"1":{"name":"Ann"}}}}`, "snapshot +1{Ann} of 1", 0, false},
		{`{"presence":{"ids":[],"hash":{},"count":0}}`, "snapshot of 0", 0, false},
		{`{"presence":{"ids":[],"count":0}}`, "snapshot of 0", 0, false},
		{`{"members":{}}`, "snapshot of 0", 0, false},
		{`{"members":[]}`, "snapshot of 0", 0, false},
		{`{"presence":{"ids":["1"]}}`, "snapshot +1{} of 1", 1, true},
		{`{"presence":{"hash":{"1":{"name":"Ann"}},"count":1}}`, "snapshot +1{Ann} of 1", 1, true},
		{`{"presence":{"ids":["1"],"hash":{"1":{"name":"Ann"}},"count":120}}`, "snapshot +1{Ann} of 1", 1, true},
		{`{"members":{"ids":["1"],"hash":{"1":{"name":"Ann"}},"count":120}}`, "snapshot +1{Ann} of 1", 1, true},
		{`{"members":{"ids":["1"],"hash":{"1":{"name":"Ann"}},"count":1,"page":{"size":10}}}`, "snapshot +1{Ann} of 1", 0, false},
		{`{"members":["1",{"name":"nobody"}]}`, "snapshot +1{} of 1", 1, true},
		{`{"members":{"1":{"name":"Ann"},"2":"Bob"}}`, "snapshot +1{Ann} of 1", 1, true},
		{`{"members":{"1":{"name":"Ann"},"ids":{"name":"Ida"},"count":{"name":"Dracula"}}}`, "snapshot +1{Ann} +count{Dracula} +ids{Ida} of 3", 0, false},
		{`{"presence":{"count":3},"members":["1"]}`, "snapshot +1{} of 1", 1, false},
	} {
		tr := newTracker(testChannel)
		r := open[user](tr)
		tr.confirmed(tc.roster, "")
		if got := next(r); got != tc.want || r.Stats().Unknown != tc.unknown || r.Stats().Incomplete != tc.incomplete {
			t.Errorf("%s: %s, %+v", tc.roster, got, r.Stats())
		}
		tr.End(nil)
	}
}

// Incomplete goes with the changes: a whole roster ends it, even if nobody differs.
func TestIncompleteIsTold(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[user](tr)
	var set Set[user]
	take := func(kind Kind, incomplete bool) {
		t.Helper()
		c := <-r.C
		set.Apply(c)
		if c.Kind != kind || c.Incomplete != incomplete || set.Incomplete() != incomplete || r.Stats().Incomplete != incomplete {
			t.Fatalf("%+v, set %v, room %v", c, set.Incomplete(), r.Stats().Incomplete)
		}
	}
	tr.confirmed(`{"members":["1","2",{}]}`, "")
	take(Snapshot, true)
	tr.event(added, `"3"`)
	take(Diff, true)
	tr.confirmed(`{"presence":{"count":5}}`, "") // a copy that says less
	expect(t, r, "nothing")
	tr.confirmed(`{"members":["1","2","3"]}`, "")
	take(Snapshot, false)
	tr.confirmed(`{"presence":{"count":5}}`, "")
	expect(t, r, "nothing")
	tr.Down()
	take(Stale, false)
	late := open[user](tr)
	tr.confirmed(`{"members":["1","2","3",true]}`, "")
	take(Snapshot, true)
	if c := <-late.C; !c.Incomplete {
		t.Fatalf("%+v", c)
	}
	if c := <-open[user](tr).C; !c.Incomplete {
		t.Fatalf("%+v", c)
	}
}

// Who is late learns of it too, from a Stale that says nothing else.
func TestIncompleteIsToldToTheLate(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[user](tr)
	tr.confirmed(`{"members":["1"]}`, "")
	<-r.C
	tr.Down()
	<-r.C
	tr.confirmed(`{"members":["1",{}]}`, "")
	tr.Down()
	if c := <-r.C; c.Kind != Stale || !c.Incomplete || len(c.Joined)+len(c.Left)+len(c.Updated) > 0 {
		t.Fatalf("%+v", c)
	}
	tr.confirmed(`{"members":["1",{}]}`, "")
	tr.Down()
	expect(t, r, "nothing")
}

// A service without rosters: what it never said is not claimed, also after a recovery.
func TestRosterThatGrewIsIncomplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracker(testChannel)
		r := open[user](tr)
		defer tr.End(nil)
		grace := func(incomplete bool) {
			t.Helper()
			tr.confirmed(`{}`, `{"user_id":"7"}`)
			time.Sleep(rosterGrace)
			synctest.Wait()
			if c := <-r.C; c.Kind != Snapshot || c.Incomplete != incomplete {
				t.Fatalf("%+v", c)
			}
		}
		grace(true)
		tr.Down()
		<-r.C
		tr.Resumed()
		grace(true)
		tr.confirmed(`{"members":["7","8"]}`, "")
		<-r.C
		tr.Down()
		<-r.C
		tr.Resumed()
		grace(false) // who was there is known, and the session was restored
		tr.Down()
		<-r.C
		grace(true)
	})
}
