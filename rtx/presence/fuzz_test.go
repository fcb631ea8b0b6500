package presence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostileSeeds are rosters and members that are deep, huge, of odd ids, with keys that come twice,
// and with half surrogates.
func hostileSeeds() (seeds []string) {
	for _, depth := range []int{600, 1100} {
		deep := nested(depth)
		seeds = append(seeds,
			`{"members":[{"user_id":"1","user_info":`+deep+`},{"user_id":`+deep+`},"2"]}`,
			`{"presence":{"ids":["1"],"hash":{"1":`+deep+`},"count":1}}`, `{"user_id":"1","user_info":`+deep+`}`,
			strings.Repeat(`{"members":`, depth)+`1`+strings.Repeat(`}`, depth), strings.Repeat(`[`, depth), strings.Repeat(`{"":`, depth), `{"x":`+strings.Repeat(`[{`, depth),
		)
	}
	for _, form := range []string{"ids", "same", "flip", "bad", "members", "pusher", "hash"} {
		seeds = append(seeds, string(million(form, 300)))
	}
	return append(seeds,
		`{"members":[{"user_id":"1","user_info":{"n":"A"}}]}`,
		`{"presence":{"ids":["1",2],"hash":{"1":{"n":"A"},"2":null},"count":2}}`, `{"presence":{"count":120}}`, `{"presence":{"ids":7,"hash":[]}}`,
		`{"user_id":1,"n":"B","channel":"presence-x"}`, `"{\"user_id\":\"3\"}"`, `["1",{"user_id":"2"}]`, `{"user_id":`, `{"members":{"1":{"user_id":"1"}}}`,
		`[1,1.0,1e0,-0,1e21,1e-7,1e999,0x1,01,+1,.5,9007199254740993,"\u0000","",{"user_id":"`+strings.Repeat("x", maxID+1)+`"}]`,
		`{"members":[],"members":["1"],"users":["2"],"presence":null,"initial_state":{"members":["3"]},"initial_state":{"users":["4"]},"me":1,"me":"2"}`,
		`{"user_id":"1","user_id":2,"user_info":1,"user_info":{"a":1,"a":2}}`, `{"user\u005fid":"1","us\u0065r_info":{}}`,
		`{"members":[{"user_id":"\ud83d","user_info":"\udc00"},"\ud83d\ud83d","\ud83d\u0041"]}`, `{"\ud800":1,"user_id":"\udfff","n":"\ud83d\udc00"}`, "[\"\xff\xc3\"]",
		`{"members":[}`, `{"members":["1",]}`, `{"members":[1}}`, `{"members":{"1":]}}`, `{"user_id":"1","user_info":{]}}`, `{"user_id":"1","user_info":tru}`,
	)
}

// Whatever comes, nothing panics; what the tracker keeps is within its bounds, is JSON, and is in
// one order; what a room is told comes to what it has.
func FuzzTracker(f *testing.F) {
	for _, seed := range hostileSeeds() {
		f.Add([]byte(seed), []byte(seed))
		f.Add([]byte(seed), []byte(`{"user_id":9007199254740993,"user_info":{"n":"A"}}`))
	}
	f.Fuzz(func(t *testing.T, confirmation, event []byte) {
		const limit = 100
		tr := newTracker(testChannel)
		room, small := open[json.RawMessage](tr), open[map[string]any](tr, WithMaxMembers(limit), WithMaxBytes(10_000))
		other := open[json.RawMessage](tr)
		folded := &fold{room: room, members: make(map[string]string)}
		defer tr.End(nil)
		check := func() {
			t.Helper()
			size, n := 0, 0
			for e := tr.first; e != nil; e = e.next {
				size, n = size+e.size(), n+1
				if tr.members[e.id] != e || e.id == "" || len(e.id) > maxID || !utf8.ValidString(e.id) {
					t.Fatalf("kept %q", e.id)
				}
				if e.info != nil && !isRefused(e.info) && (!json.Valid(e.info) || len(e.info) > maxInfo || nesting(e.info) > maxDepth) {
					t.Fatalf("kept %q with %q", e.id, e.info)
				}
				if (e.next == nil) != (tr.last == e) || e.next != nil && e.next.prev != e {
					t.Fatalf("%q is out of order", e.id)
				}
			}
			if size != tr.size || n != len(tr.members) || room.Members().Len() != n {
				t.Fatalf("size %d of %d, %d of %d members, the room has %d", tr.size, size, n, len(tr.members), room.Members().Len())
			}
			if small.Err() == nil && (n > limit || size > 10_000) {
				t.Fatalf("%d members, %d bytes", n, size)
			}
			if tr.me != "" && tr.state == live && tr.members[tr.me] == nil && !tr.ended {
				t.Fatalf("Me, %q, is not there", tr.me)
			}
			for took := true; took; {
				var err error
				if took, err = folded.take(); err != nil && !strings.Contains(err.Error(), "updated:") { // from no info to one that is refused
					t.Fatal(err)
				}
				if took && tr.ended {
					return
				}
			}
			if len(folded.members) != n && !tr.ended && folded.changes > 0 {
				t.Fatalf("folded %d of %d", len(folded.members), n)
			}
		}
		tr.Confirmed([]byte(`{"members":[]}`), []byte(`{"user_id":"7"}`))
		check()
		tr.Event("presence:member_added", event)
		check()
		tr.Confirmed(confirmation, nil)
		check()
		again := other.Members().Len()
		tr.Confirmed(confirmation, nil) // a copy
		if other.Members().Len() != again {
			t.Fatalf("a copy makes %d of %d", other.Members().Len(), again)
		}
		tr.Event("presence:member_removed", event)
		check()
		tr.Down()
		tr.Event("presence:member_added", event)
		tr.Confirmed(confirmation, event)
		if !tr.ended {
			check()
		}
	})
}

// Where a value ends is where a decoder sees its end, and an id is the text that a decoder reads.
func FuzzScan(f *testing.F) {
	for _, seed := range hostileSeeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		end, depth := skip(v, 0)
		if end > len(v) || depth > len(v) {
			t.Fatalf("ends at %d of %d, %d deep", end, len(v), depth)
		}
		r := reader{channel: testChannel}
		m, fault := r.member(v)
		if (fault == "") != (len(m.id) > 0) || len(m.id) > maxID {
			t.Fatalf("%q, %s", m.id, fault)
		}
		if !json.Valid(v) || len(bytes.TrimSpace(v)) != len(v) {
			return
		}
		if end != len(v) {
			t.Fatalf("%s ends at %d", v, end)
		}
		if v[0] == '{' || v[0] == '[' {
			var parts []json.RawMessage
			if json.Unmarshal(v, &parts) == nil {
				w := walk{b: v}
				for i := range parts {
					if _, value, ok := w.next(); !ok || !bytes.Equal(value, parts[i]) {
						t.Fatalf("part %d is %s, want %s", i, value, parts[i])
					}
				}
				if _, _, ok := w.next(); ok || w.broken {
					t.Fatalf("%s goes on", v)
				}
			}
			var fields map[string]json.RawMessage
			if json.Unmarshal(v, &fields) == nil {
				w, got := walk{b: v}, make(map[string]string)
				for name, value, ok := w.next(); ok; name, value, ok = w.next() {
					text, ok := unquote(nil, name)
					if !ok {
						t.Fatalf("%s is no string", name)
					}
					got[string(text)] = string(value)
				}
				if w.broken || len(got) != len(fields) {
					t.Fatalf("%d fields of %d", len(got), len(fields))
				}
				for name, value := range fields {
					if got[name] != string(value) {
						t.Fatalf("%q is %s, want %s", name, got[name], value)
					}
				}
				var w2 struct {
					ID any `json:"user_id"`
				}
				if id, ok := fields["user_id"]; ok && json.Unmarshal(id, &w2.ID) == nil && fault == "" {
					if s, ok := w2.ID.(string); ok && s != string(m.id) {
						t.Fatalf("id %q, want %q", m.id, s)
					}
					if n, ok := w2.ID.(float64); ok && asJavaScript(fmt.Sprint(string(m.id))) != asJavaScript(string(id)) {
						t.Fatalf("id %q, want %v", m.id, n)
					}
				}
			}
		}
	})
}
