package presence

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/race"
)

// nested is a JSON array n deep.
func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// ids lists who is in a room, in order of their ids.
func ids[T any](r *Room[T]) (list []string) {
	for id := range r.Members().All() {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

func eventOf(tr *tracker, name, payload string) { tr.Event(name, []byte(payload)) }

// An info that nests too deep is no T, wherever it comes from. It costs nobody else anything.
func TestDeepInfo(t *testing.T) {
	for _, depth := range []int{maxDepth + 1, 600, 1100, 10_001, 300_000} {
		deep := nested(depth)
		quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
		for name, roster := range map[string]string{
			"list":          `{"members":[{"user_id":"1","user_info":{"name":"Ann"}},{"user_id":"d","user_info":` + deep + `},{"user_id":"2","user_info":{"name":"Bob"}}]}`,
			"flat":          `{"members":[{"user_id":"1","name":"Ann"},{"user_id":"d","name":` + deep + `},{"name":"Bob","user_id":"2"}]}`,
			"flat, id last": `[{"user_id":"1","name":"Ann"},{"name":` + deep + `,"user_id":"d"},{"name":"Bob","user_id":"2"}]`,
			"Pusher's":      `{"presence":{"ids":["1","d","2"],"hash":{"1":{"name":"Ann"},"d":` + deep + `,"2":{"name":"Bob"}},"count":3}}`,
			"by id":         `{"members":{"1":{"name":"Ann"},"d":{"x":` + deep + `},"2":{"name":"Bob"}}}`,
			"initial":       `{"initial_state":{"presence":{"ids":["1","d","2"],"hash":{"1":{"name":"Ann"},"d":{"user_id":"d","user_info":` + deep + `},"2":{"name":"Bob"}},"count":3}}}`,
			"as text":       quoted(`{"members":[{"user_id":"1","name":"Ann"},{"user_id":"d","user_info":` + deep + `},{"user_id":"2","name":"Bob"}]}`),
			"elsewhere":     `{"x":` + deep + `,"members":[{"user_id":"1","name":"Ann"},{"user_id":"d","user_info":` + deep + `},{"user_id":"2","name":"Bob"}],"y":` + deep + `}`,
		} {
			tr := newTracker(testChannel)
			r, raw := open[user](tr), open[json.RawMessage](tr)
			tr.Confirmed([]byte(roster), []byte(`{"user_id":"1","user_info":{"name":"Ann"}}`))
			if got := next(r); got != "snapshot +1{Ann} +2{Bob} +d{} of 3" {
				t.Errorf("%d deep, %s: %s", depth, name, got)
			}
			if m, ok := raw.Members().Get("d"); !ok || m.Info != nil {
				t.Errorf("%d deep, %s: raw info of %d bytes, %v", depth, name, len(m.Info), ok)
			}
			if st := r.Stats(); st.Malformed != 1 || st.Unknown != 0 || raw.Stats().Malformed != 1 {
				t.Errorf("%d deep, %s: %+v", depth, name, st)
			}
			tr.Down()
			tr.Confirmed([]byte(roster), nil)
			next(r)
			if got := next(r); got != "nothing" {
				t.Errorf("%d deep, %s, again: %s", depth, name, got)
			}
			eventOf(tr, added, `{"user_id":"e","user_info":`+deep+`}`)
			if got := next(r); got != "diff +e{}" {
				t.Errorf("%d deep, %s: %s", depth, name, got)
			}
			eventOf(tr, added, `{"user_id":"2","user_info":`+deep+`}`)
			if got := next(r); got != "diff ~2{}" {
				t.Errorf("%d deep, %s: %s", depth, name, got)
			}
			eventOf(tr, added, `{"user_id":"e","user_info":{"name":"Eve"}}`)
			if got := next(r); got != "diff ~e{Eve}" {
				t.Errorf("%d deep, %s: %s", depth, name, got)
			}
			tr.End(nil)
		}
	}
	tr := newTracker(testChannel)
	r := open[any](tr)
	tr.confirmed(`{"members":[{"user_id":"1","user_info":`+nested(maxDepth)+`}]}`, "")
	if m, ok := r.Members().Get("1"); !ok || m.Info == nil || r.Stats().Malformed != 0 {
		t.Errorf("an info as deep as may be: %v, %+v", m, r.Stats())
	}
}

// An info that can't be taken is another than none, wherever it comes from.
func TestRefusedIsNotNone(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[user](tr)
	tr.confirmed(`{"members":["1"]}`, "")
	expect(t, r, "snapshot +1{} of 1")
	tr.Down()
	expect(t, r, "stale")
	tr.event(added, `{"user_id":"1","user_info":`+nested(600)+`}`)
	tr.confirmed(`{"members":["1"]}`, "")
	expect(t, r, "snapshot ~1{} of 1")
	if st := r.Stats(); st.Malformed != 1 {
		t.Fatalf("%+v", st)
	}
	if sameInfo(nil, refused) || sameInfo(refused, nil) || sameInfo(refused, []byte("1")) || !sameInfo(refused, refused) {
		t.Fatal("the same")
	}
}

// This client's own user data may be as deep: the service, or whoever signs it, allowed it.
func TestDeepOwnUserData(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[user](tr)
	tr.confirmed(`{"members":[{"user_id":"2","user_info":{"name":"Bob"}}]}`, `{"user_id":"1","user_info":`+nested(600)+`}`)
	if got := next(r); got != "snapshot +1{} +2{Bob} of 2" || r.Err() != nil {
		t.Fatalf("%s, %v", got, r.Err())
	}
	if m, ok := r.Me(); !ok || m.ID != "1" || r.Stats().Malformed != 1 {
		t.Fatalf("%v, %v, %+v", m, ok, r.Stats())
	}
}

// A part of a roster that can't be read costs itself.
func TestOneBadPart(t *testing.T) {
	bad := []string{
		`{"user_id":` + nested(600) + `}`, nested(600), `{"user_id":"` + strings.Repeat("x", 1<<20) + `"}`, `{}`, `null`, `true`, `""`, `1e999`,
		strings.Repeat(`{"user_id":`, 600) + `1` + strings.Repeat(`}`, 600), `{"user_info":` + nested(600) + `}`,
	}
	for _, part := range bad {
		tr := newTracker(testChannel)
		r := open[user](tr)
		tr.confirmed(`{"members":["1",`+part+`,{"user_id":"2","user_info":{"name":"Bob"}}]}`, "")
		if got := next(r); got != "snapshot +1{} +2{Bob} of 2" || r.Stats().Unknown != 1 || !r.Stats().Incomplete {
			t.Errorf("%.40s: %s, %+v", part, got, r.Stats())
		}
	}
}

// million is a roster of n members, in the form of that name.
func million(form string, n int) []byte {
	var b strings.Builder
	b.WriteString(map[string]string{
		"ids": `{"members":[`, "same": `{"members":[`, "flip": `{"members":[`, "bad": `{"members":[`, "members": `{"members":[`,
		"pusher": `{"presence":{"count":2,"ids":[`, "hash": `{"presence":{"hash":{`,
	}[form])
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		switch form {
		case "ids", "pusher":
			fmt.Fprintf(&b, `"%07d"`, i)
		case "same":
			b.WriteString(`"1"`)
		case "flip":
			fmt.Fprintf(&b, `{"user_id":1,"user_info":%d}`, i%2)
		case "bad":
			b.WriteString(`{}`)
		case "members":
			fmt.Fprintf(&b, `{"user_id":%d,"user_info":{"name":"x"}}`, i)
		case "hash":
			fmt.Fprintf(&b, `"%d":{}`, i)
		}
	}
	b.WriteString(map[string]string{"pusher": `]}}`, "hash": `}}}`}[form])
	if form != "pusher" && form != "hash" {
		b.WriteString(`]}`)
	}
	return []byte(b.String())
}

// allocated is what f allocates in all, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A roster of two million is not built to find that it is too large: what the limit allows bounds
// what is allocated.
func TestMillionNames(t *testing.T) {
	const limit = 1000
	n := race.Fewer(2_000_000, 400_000)
	for _, form := range []string{"ids", "members", "pusher", "hash"} {
		size := n / 10
		if form == "ids" {
			size = n
		}
		roster := million(form, size)
		tr := newTracker(testChannel)
		small, large := open[user](tr, WithMaxMembers(limit/2)), open[user](tr, WithMaxMembers(limit))
		got := allocated(func() { tr.Confirmed(roster, []byte(`{"user_id":"me"}`)) })
		if got > 512<<10 {
			t.Errorf("%s: %d KiB allocated for a limit of %d members", form, got>>10, limit)
		}
		for r, max := range map[*Room[user]]int{small: limit / 2, large: limit} {
			e, ok := errors.AsType[*LimitError](r.Err())
			if !ok || *e != (LimitError{Channel: testChannel, Option: "WithMaxMembers", Limit: max}) {
				t.Errorf("%s: %v", form, r.Err())
			}
			expect(t, r, "closed")
		}
		if len(tr.members) > 0 || tr.first != nil {
			t.Errorf("%s: %d members are kept for nobody", form, len(tr.members))
		}
		if late := open[user](tr); late.Err() == nil {
			t.Errorf("%s: a room came to half a roster", form)
		}
	}
	// As many bytes, and as many parts that come to one member or none.
	roster := million("members", n/10)
	tr := newTracker(testChannel)
	thin := open[user](tr, WithMaxBytes(10_000))
	if got := allocated(func() { tr.Confirmed(roster, nil) }); got > 512<<10 {
		t.Errorf("%d KiB allocated for a limit of 10,000 bytes", got>>10)
	}
	if e, ok := errors.AsType[*LimitError](thin.Err()); !ok || e.Option != "WithMaxBytes" {
		t.Error(thin.Err())
	}
	for _, form := range []string{"same", "bad"} {
		roster := million(form, n/10)
		tr := newTracker(testChannel)
		r := open[user](tr)
		if got := allocated(func() { tr.Confirmed(roster, []byte(`{"user_id":"1"}`)) }); got > 512<<10 {
			t.Errorf("%s: %d KiB allocated for one member", form, got>>10)
		}
		expect(t, r, "snapshot +1{} of 1")
	}
	roster = million("flip", 100_000) // one member, described now so and now so
	tr = newTracker(testChannel)
	r := open[int](tr, WithMaxBytes(10))
	var log []string
	tr.attach(&witness{log: &log}, nil, nil)
	tr.Confirmed(roster, nil)
	expect(t, r, "snapshot +11 of 1")
	if len(log) != 1 || log[0] != "0 snapshot +1" {
		t.Errorf("one member comes to %.100q", log)
	}
	tr.Confirmed(roster, nil) // describes it otherwise on the way, and in the end as it was
	expect(t, r, "nothing")
	tr.Confirmed(million("flip", 99_999), nil)
	expect(t, r, "snapshot ~10 of 1")
}

// A member counts once towards the limits, however often it is named.
func TestRepeatedMembersCountOnce(t *testing.T) {
	for _, form := range []string{"same", "flip"} {
		tr := newTracker(testChannel)
		r := open[any](tr, WithMaxMembers(1), WithMaxBytes(2))
		tr.Confirmed(million(form, 1000), nil)
		tr.Confirmed(million(form, 1000), nil)
		if r.Err() != nil || r.Members().Len() != 1 {
			t.Errorf("%s: %v, %d members", form, r.Err(), r.Members().Len())
		}
	}
}

// A room that allows more goes on with the roster that ends another.
func TestLargestLimitCounts(t *testing.T) {
	tr := newTracker(testChannel)
	small, large := open[user](tr, WithMaxMembers(10)), open[user](tr, WithMaxMembers(1000))
	tr.Confirmed(million("ids", 1000), nil)
	if _, ok := errors.AsType[*LimitError](small.Err()); !ok || large.Err() != nil || large.Members().Len() != 1000 {
		t.Fatalf("%v, %v, %d members", small.Err(), large.Err(), large.Members().Len())
	}
}

// Half a surrogate pair is U+FFFD, in an id and in an info, and refuses nothing.
func TestHalfSurrogates(t *testing.T) {
	for name, roster := range map[string]string{
		"list":     `{"members":[{"user_id":"a\ud83d","user_info":{"name":"\ud83d!"}},{"user_id":"2","user_info":{"name":"B\udc00"}}],"\ud800":"\udfff"}`,
		"Pusher's": `{"presence":{"ids":["a\ud83d","2"],"hash":{"a\ud83d":{"name":"\ud83d!"},"2":{"name":"B\udc00"}},"count":2}}`,
		"by id":    `{"members":{"a\ud83d":{"name":"\ud83d!"},"2":{"name":"B\udc00"}}}`,
		"flat":     `[{"user_id":"a\ud83d","name":"\ud83d!","\udc00":1},{"name":"B\udc00","user_id":"2"}]`,
		"as text":  `"{\"members\":[{\"user_id\":\"a\\ud83d\",\"name\":\"\\ud83d!\"},{\"user_id\":\"2\",\"name\":\"B\\udc00\"}],\"\ud83d\":\"\udc00\ud800\"}"`,
	} {
		tr := newTracker(testChannel)
		r := open[user](tr)
		tr.confirmed(roster, `{"user_id":"a\ud83d","user_info":{"name":"\ud83d!"},"\ud83d":1}`)
		if got := next(r); got != "snapshot +2{B\ufffd} +a\ufffd{\ufffd!} of 2" || r.Stats() != (Stats{Members: 2}) {
			t.Errorf("%s: %q, %+v", name, got, r.Stats())
		}
		if m, ok := r.Me(); !ok || m.ID != "a\ufffd" || r.Err() != nil {
			t.Errorf("%s: %v, %v, %v", name, m, ok, r.Err())
		}
		eventOf(tr, added, `{"user_id":"2","user_info":{"name":"B\ufffd"}}`)
		eventOf(tr, added, `{"user_id":"\udc00\ud83d","name":"\ud83d\u0041"}`)
		if got := next(r); got != "diff +\ufffd\ufffd{\ufffdA}" {
			t.Errorf("%s: %q", name, got)
		}
		eventOf(tr, removed, `"\ud800\ud800"`)
		if got := next(r); got != "diff -\ufffd\ufffd{\ufffdA}" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
