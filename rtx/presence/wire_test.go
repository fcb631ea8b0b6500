package presence

import (
	"fmt"
	"strings"
	"testing"
)

func describe(facts []fact) string {
	var list []string
	for _, f := range facts {
		list = append(list, string(f.id)+"="+string(f.info))
	}
	return strings.Join(list, " ")
}

func TestConfirmations(t *testing.T) {
	long := strings.Repeat("x", maxID+1)
	for _, tc := range []struct {
		name, payload string
		told          bool
		members       string
		me            string
		unknown       int
	}{
		{name: "bare", payload: `{"channel":"presence-x"}`},
		{name: "bare with state", payload: `{"channel":"presence-x","socket_id":"s","initial_state":{}}`},
		{name: "null", payload: `null`},
		{name: "null roster", payload: `{"members":null,"presence":null,"initial_state":null}`},
		{name: "array", payload: `{"members":[{"user_id":"1","user_info":{"n":"A"}},{"user_id":2,"user_info":{"n":"B"}}]}`, told: true, members: `1={"n":"A"} 2={"n":"B"}`},
		{name: "users", payload: `{"users":[{"user_id":"1"}]}`, told: true, members: `1=`},
		{name: "empty array", payload: `{"members":[]}`, told: true},
		{name: "in initial_state", payload: `{"initial_state":{"members":[{"user_id":"1"}]}}`, told: true, members: `1=`},
		{name: "Pusher's", payload: `{"presence":{"ids":["1",2],"hash":{"1":{"n":"A"},"2":null},"count":2}}`, told: true, members: `1= 2= 1={"n":"A"} 2=`},
		{name: "Pusher's, in initial_state", payload: `{"initial_state":{"presence":{"ids":["1"],"hash":{"1":7}}}}`, told: true, members: `1= 1=7`},
		{name: "Pusher's, as text", payload: `"{\"presence\":{\"ids\":[\"1\"]}}"`, told: true, members: `1=`, unknown: 1},
		{name: "ids only", payload: `{"members":{"ids":["1"]}}`, told: true, members: `1=`, unknown: 1},
		{name: "by id", payload: `{"members":{"1":{"n":"A"},"2":{"user_id":2,"user_info":"b"}}}`, told: true, members: `1={"n":"A"} 2="b"`},
		{name: "flat", payload: `{"members":[{"user_id":"1","n":"A"},{"n":"B","user_id":"2","channel":"presence-x"},{"user_id":"3","channel":"other"}]}`, told: true, members: `1={"n":"A"} 2={"n":"B"} 3={"channel":"other"}`},
		{name: "a list alone", payload: `["1",{"user_id":"2"}]`, told: true, members: `1= 2=`},
		{name: "me", payload: `{"members":["1"],"me":{"user_id":1,"user_info":{}}}`, told: true, members: `1=`, me: "1"},
		{name: "me by id", payload: `{"me":"1"}`, me: "1"},
		{name: "numbers", payload: `{"members":[1,1.0,1e2,12345678901234567890,-5]}`, told: true, members: `1= 1= 100= 12345678901234567890= -5=`},
		{name: "escapes", payload: `{"members":["\u0031","\u00e9\n"]}`, told: true, members: "1= é\n="},
		{name: "duplicate keys", payload: `{"members":[{"user_id":"1","user_id":"2"}]}`, told: true, members: `2=`},
		{name: "bad members", payload: `{"members":[{},null,true,[],"",{"user_id":{}},{"user_id":null},{"user_id":"` + long + `"},"ok"]}`, told: true, members: `ok=`, unknown: 8},
		{name: "bad kind", payload: `{"members":"many"}`, unknown: 1},
		{name: "no object", payload: `7`, unknown: 1},
		{name: "not JSON", payload: `{"members":[`, unknown: 1},
		{name: "empty", payload: ``, unknown: 1},
	} {
		r := reader{channel: testChannel}
		c := r.confirmation([]byte(tc.payload))
		var members []fact
		told := r.roster(&c, func(f fact) bool { members = append(members, f.clone()); return true })
		if got := describe(members); told != tc.told || got != tc.members || c.me != tc.me || c.unknown != tc.unknown {
			t.Errorf("%s: told %v, members %q, me %q, unknown %d", tc.name, told, got, c.me, c.unknown)
		}
	}
}

func TestSameInfo(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{`{"a":1,"b":[2,{"c":3,"d":4}]}`, ` { "b" : [2,{"d":4,"c":3}], "a":1 }`, true},
		{`"\u0061"`, `"a"`, true},
		{`{"a":1}`, `{"a":2}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`9007199254740993`, `9007199254740992`, false},
		{`{`, `[`, false},
	} {
		if sameInfo([]byte(tc.a), []byte(tc.b)) != tc.same {
			t.Errorf("%s and %s: want %v", tc.a, tc.b, tc.same)
		}
	}
	if sameInfo(nil, []byte(`{}`)) || !sameInfo(nil, nil) {
		t.Error("no info")
	}
}

func TestEventForms(t *testing.T) {
	for _, payload := range []string{
		`{"user_id":"1","user_info":{"n":"A"}}`, `{"channel":"presence-x","user_id":1,"user_info":{"n":"A"}}`,
		`{"user_id":"1","n":"A"}`, `{"channel":"presence-x","n":"A","user_id":1}`,
		fmt.Sprintf("%q", `{"user_id":"1","n":"A"}`),
	} {
		f, fault := readMember(unwrap([]byte(payload)), testChannel)
		if fault != "" || string(f.id) != "1" || string(f.info) != `{"n":"A"}` {
			t.Errorf("%s: %q, %s, %s", payload, f.id, f.info, fault)
		}
	}
}
