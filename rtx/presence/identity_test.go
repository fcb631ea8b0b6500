package presence

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What JSON.parse and String() make of a number, where the service can send it; a whole number as
// it is written.
func TestNumbersAsIDs(t *testing.T) {
	for _, tc := range []struct{ sent, id string }{
		{`1`, "1"}, {`"1"`, "1"}, {`1.0`, "1"}, {`1e0`, "1"}, {`10e-1`, "1"}, {`1E2`, "100"}, {`-0`, "0"}, {`-0.0`, "0"}, {`0`, "0"}, {`-7`, "-7"},
		{`"1.0"`, "1.0"}, {`"1e0"`, "1e0"}, {`" 1"`, " 1"}, {`"01"`, "01"}, {`0.5`, "0.5"}, {`1e21`, "1e+21"}, {`1e+21`, "1e+21"}, {`1e20`, "100000000000000000000"},
		{`1e-7`, "1e-7"}, {`1e-6`, "0.000001"}, {`1.5e300`, "1.5e+300"}, {`5e-324`, "5e-324"},
		{`9007199254740992`, "9007199254740992"}, {`9007199254740993`, "9007199254740993"}, {`123456789012345678901234567890`, "123456789012345678901234567890"},
	} {
		m, fault := readMember([]byte(`{"user_id":`+tc.sent+`}`), testChannel)
		if fault != "" || string(m.id) != tc.id {
			t.Errorf("%s is %q (%s), want %q", tc.sent, m.id, fault, tc.id)
		}
	}
	for _, sent := range []string{`1e999`, `-1e999`, strings.Repeat("9", maxID+1), `"` + strings.Repeat("x", maxID+1) + `"`, `"` + strings.Repeat(`\u0041`, maxID+1) + `"`, `01`, `+1`, `.5`, `1.`, `1e`, `NaN`, `--1`} {
		if m, fault := readMember([]byte(`{"user_id":`+sent+`}`), testChannel); fault == "" {
			t.Errorf("%.20s is %q", sent, m.id)
		}
	}
	if m, fault := readMember([]byte(`{"user_id":"`+strings.Repeat(`\u0041`, maxID)+`"}`), testChannel); fault != "" || len(m.id) != maxID {
		t.Errorf("%s, %d bytes", fault, len(m.id))
	}
}

// A number that a double can't hold is another one once a service has read it as JavaScript does.
// Me is who everybody sees: what the service has, whichever it is.
func TestOwnNumberPast53Bits(t *testing.T) {
	const own = `{"user_id":9007199254740993,"user_info":{"name":"me"}}`
	const exact, rounded = "9007199254740993", "9007199254740992"
	for name, tc := range map[string]struct{ roster, me, want string }{
		"rounded":              {`{"members":[{"user_id":9007199254740992,"user_info":{"name":"me"}}]}`, rounded, "snapshot +9007199254740992{me} of 1"},
		"rounded, string":      {`{"members":[{"user_id":"9007199254740992","user_info":{"name":"me"}}]}`, rounded, "snapshot +9007199254740992{me} of 1"},
		"rounded, Pusher's":    {`{"presence":{"ids":["9007199254740992"],"hash":{"9007199254740992":{"name":"me"}},"count":1}}`, rounded, "snapshot +9007199254740992{me} of 1"},
		"exact":                {`{"members":[{"user_id":9007199254740993,"user_info":{"name":"me"}}]}`, exact, "snapshot +9007199254740993{me} of 1"},
		"exact, string":        {`{"members":[{"user_id":"9007199254740993","user_info":{"name":"me"}}]}`, exact, "snapshot +9007199254740993{me} of 1"},
		"exact, a neighbour":   {`{"members":[9007199254740992,{"user_id":9007199254740993,"user_info":{"name":"me"}}]}`, exact, "snapshot +9007199254740992{} +9007199254740993{me} of 2"},
		"rounded, a namesake":  {`{"members":["9007199254740993",{"user_id":9007199254740992,"user_info":{"name":"me"}}]}`, rounded, "snapshot +9007199254740992{me} +9007199254740993{} of 2"},
		"without me":           {`{"members":[]}`, rounded, "snapshot +9007199254740992{me} of 1"},
		"the service says who": {`{"members":[],"me":9007199254740993}`, exact, "snapshot +9007199254740993{me} of 1"},
	} {
		tr := newTracker(testChannel)
		r := open[user](tr)
		tr.confirmed(tc.roster, own)
		if got := next(r); got != tc.want {
			t.Errorf("%s: %s", name, got)
		}
		if m, ok := r.Me(); !ok || m.ID != tc.me || m.Info.Name != "me" {
			t.Errorf("%s: Me is %v, %v", name, m, ok)
		}
		tr.confirmed(`{}`, own) // a copy under the other name, without a roster
		tr.event(removed, tc.me)
		if m, ok := r.Me(); !ok || m.ID != tc.me {
			t.Errorf("%s: Me has become %v, %v", name, m, ok)
		}
		tr.Down()
		tr.confirmed(tc.roster, own)
		next(r)
		if got := ids(r); len(got) != strings.Count(tc.want, "+") {
			t.Errorf("%s: again: %v", name, got)
		}
	}
	for _, number := range []string{"12345678901234567890", "-9007199254740995", "123456789012345678901234567890"} {
		tr := newTracker(testChannel)
		r := open[user](tr)
		tr.confirmed(`{"members":[{"user_id":`+asJavaScript(number)+`}]}`, `{"user_id":`+number+`}`)
		if m, ok := r.Me(); !ok || r.Members().Len() != 1 {
			t.Errorf("%s: Me is %v, %v; %v", number, m, ok, ids(r))
		}
	}
}

// The same on a service that says no roster, and names this client in an event only.
func TestOwnNumberPast53BitsInAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracker(testChannel)
		r := open[user](tr)
		defer tr.End(nil)
		tr.confirmed(`{}`, `{"user_id":9007199254740993,"user_info":{"name":"me"}}`)
		time.Sleep(rosterGrace)
		synctest.Wait()
		expect(t, r, "snapshot +9007199254740992{me} of 1")
		tr.event(added, `{"user_id":9007199254740993,"user_info":{"name":"me"}}`)
		expect(t, r, "diff +9007199254740993{me} -9007199254740992{me}")
		tr.event(added, `{"user_id":9007199254740993,"user_info":{"name":"me"}}`)
		tr.confirmed(`{}`, `{"user_id":9007199254740993,"user_info":{"name":"me"}}`)
		expect(t, r, "nothing")
		if m, ok := r.Me(); !ok || m.ID != "9007199254740993" {
			t.Fatalf("%v, %v", m, ok)
		}
	})
}

// Whom the service calls this client holds for its connection, also where a copy of the
// confirmation does not say it.
func TestServiceNamesThisClient(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[user](tr)
	tr.confirmed(`{"members":["s1","s2"],"me":"s1"}`, `{"name":"J"}`)
	tr.confirmed(`{"members":["s1","s2"]}`, `{"name":"J"}`)
	tr.event(removed, `"s1"`)
	expect(t, r, "snapshot +s1{} +s2{} of 2")
	if m, ok := r.Me(); !ok || m.ID != "s1" || r.Err() != nil {
		t.Fatalf("%v, %v, %v", m, ok, r.Err())
	}
	tr.Down()
	expect(t, r, "stale")
	tr.confirmed(`{"members":["s2"]}`, `{"user_id":"7"}`)
	expect(t, r, "snapshot +7{} -s1{} of 2")
	if m, ok := r.Me(); !ok || m.ID != "7" {
		t.Fatalf("%v, %v", m, ok)
	}
}
