package presence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

type user struct {
	Name string `json:"name"`
}

// next takes the change that waits, as "kind +joined -left ~updated of members".
func next[T any](r *Room[T]) string {
	select {
	case c, ok := <-r.C:
		if !ok {
			return "closed"
		}
		list := func(sign string, ms []Member[T]) (s string) {
			for _, m := range slices.SortedFunc(slices.Values(ms), func(a, b Member[T]) int { return strings.Compare(a.ID, b.ID) }) {
				s += fmt.Sprintf(" %s%s%v", sign, m.ID, m.Info)
			}
			return s
		}
		s := c.Kind.String() + list("+", c.Joined) + list("-", c.Left) + list("~", c.Updated)
		if c.Kind == Snapshot {
			s += fmt.Sprintf(" of %d", len(c.Members))
		}
		return s
	default:
		return "nothing"
	}
}

func expect[T any](t *testing.T, r *Room[T], want string) {
	t.Helper()
	if got := next(r); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

const (
	annOnly = `{"members":[{"user_id":"1","user_info":{"name":"Ann"}}]}`
	bob     = `{"user_id":2,"user_info":{"name":"Bob"}}`
	added   = "presence:member_added"
	removed = "realtimex_internal:member_removed"
)

func (t *tracker) event(name, payload string)   { t.Event(name, []byte(payload)) }
func (t *tracker) confirmed(payload, me string) { t.Confirmed([]byte(payload), []byte(me)) }

func TestRoomLife(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[user](tr)
	expect(t, r, "nothing")
	tr.confirmed(annOnly, `{"user_id":"1","user_info":{"name":"me"}}`)
	expect(t, r, "snapshot +1{Ann} of 1")
	tr.confirmed(annOnly, "") // a copy
	tr.event(added, bob)
	expect(t, r, "diff +2{Bob}")
	tr.event(added, bob) // a copy
	tr.event(removed, `{"user_id":"1"}`)
	tr.event(removed, `{"user_id":"9"}`)
	expect(t, r, "nothing")
	tr.event(added, `{"user_id":"2","name":"Rob"}`)
	expect(t, r, "diff ~2{Rob}")
	tr.event(added, `{"user_id":"2"}`) // says nothing of the info
	expect(t, r, "nothing")
	tr.Down()
	expect(t, r, "stale")
	tr.Down()
	expect(t, r, "nothing")
	if m, ok := r.Members().Get("2"); !ok || m.Info.Name != "Rob" {
		t.Fatalf("%v %v", m, ok)
	}
	tr.confirmed(`{"members":[{"user_id":1,"user_info":{"name":"Ann"}},{"user_id":3,"user_info":{"name":"Cid"}}]}`, "")
	expect(t, r, "snapshot +3{Cid} -2{Rob} of 2")
	tr.Down()
	tr.confirmed(`{"members":["1","3"]}`, "")
	expect(t, r, "snapshot of 2")
	tr.event(removed, `"3"`)
	expect(t, r, "diff -3{Cid}")
	if m, ok := r.Me(); !ok || m != (Member[user]{"1", user{"Ann"}}) {
		t.Fatalf("%v %v", m, ok)
	}
	if st := r.Stats(); st != (Stats{Members: 1, Merged: 1, Repeated: 4}) {
		t.Fatalf("%+v", st)
	}
	end := errors.New("end")
	tr.End(end)
	expect(t, r, "closed")
	if r.Err() != end {
		t.Fatal(r.Err())
	}
	late := open[user](tr)
	if err := late.Ready(t.Context()); err != end {
		t.Fatal(err)
	}
}

// What a late reader finds is one change that comes to the same.
func TestMerging(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[user](tr)
	tr.confirmed(annOnly, "")
	tr.event(added, bob)
	expect(t, r, "snapshot +1{Ann} +2{Bob} of 2")

	tr.event(added, `{"user_id":"3"}`)
	tr.event(removed, `{"user_id":"3"}`)
	expect(t, r, "nothing")
	tr.event(removed, `{"user_id":"1"}`)
	tr.event(removed, `{"user_id":"2"}`)
	tr.event(added, bob)
	tr.event(added, `{"user_id":"1","user_info":{"name":"Anna"}}`)
	tr.event(added, `{"user_id":"4"}`)
	expect(t, r, "diff +4{} ~1{Anna}")
	tr.event(removed, `{"user_id":"1"}`)
	tr.Down()
	expect(t, r, "stale -1{Anna}")
	tr.confirmed(annOnly, "")
	tr.Down()
	expect(t, r, "stale +1{Ann} -2{Bob} -4{}")
	tr.confirmed(annOnly, "")
	tr.Down()
	expect(t, r, "nothing") // stale as before
	tr.confirmed(annOnly, "")
	tr.event(added, bob)
	tr.event(removed, `"1"`)
	expect(t, r, "snapshot +2{Bob} -1{Ann} of 1")
}

// A first Snapshot that nobody took is withdrawn when it is no longer true; a room opened then
// waits for a true one.
func TestFirstIsASnapshot(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[user](tr)
	tr.confirmed(annOnly, "")
	if err := r.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	tr.Down()
	expect(t, r, "nothing")
	late := open[user](tr)
	expect(t, late, "nothing")
	if late.Members().Len() != 1 {
		t.Fatal("the roster is known")
	}
	tr.event(added, bob)
	tr.confirmed(annOnly, "")
	expect(t, r, "snapshot +1{Ann} +2{Bob} of 2")
	expect(t, late, "snapshot +1{Ann} +2{Bob} of 2")
	last := open[user](tr)
	tr.event(removed, `"1"`)
	expect(t, last, "snapshot +2{Bob} of 1")
	expect(t, late, "diff -1{Ann}")
}

// A service that does not say who is there gets two seconds to say it after all.
func TestBareConfirmation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracker(testChannel)
		r := open[user](tr)
		const me = `{"user_id":"1","user_info":{"name":"Ann"}}`
		tr.confirmed(`{"channel":"presence-x"}`, me)
		tr.event(added, bob)
		time.Sleep(rosterGrace - time.Nanosecond)
		tr.confirmed(`{}`, me)
		expect(t, r, "nothing")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		expect(t, r, "snapshot +1{Ann} +2{Bob} of 2")

		tr.Down()
		tr.confirmed(`{}`, me)
		time.Sleep(rosterGrace / 2)
		tr.confirmed(`{"members":["1",{"user_id":"3","user_info":{"name":"Cid"}}]}`, me)
		expect(t, r, "snapshot +3{Cid} -2{Bob} of 2")
		time.Sleep(time.Hour)
		expect(t, r, "nothing")

		tr.Down()
		tr.confirmed(`{}`, me)
		tr.Down() // the question is void
		time.Sleep(time.Hour)
		expect(t, r, "stale")
		tr.confirmed(`{}`, me)
		tr.End(nil)
		time.Sleep(time.Hour)
	})
}

func TestEarlyMessagesAreBounded(t *testing.T) {
	tr := newTracker(testChannel)
	r := open[user](tr)
	for i := range maxEarly + 1 {
		tr.event(added, fmt.Sprint(i))
	}
	tr.confirmed(`{"members":[]}`, "")
	if st := r.Stats(); st.Dropped != (maxEarly+2)/2 || st.Members != maxEarly+1-int(st.Dropped) {
		t.Fatalf("%+v", st)
	}
	big := `{"user_id":"1","user_info":"` + strings.Repeat("x", maxInfo-2) + `"}`
	tr.Down()
	for range maxEarlyBytes/maxInfo + 5 {
		tr.event(added, big)
	}
	if tr.early.size > maxEarlyBytes || tr.early.size < maxEarlyBytes/4 {
		t.Fatalf("%d bytes wait", tr.early.size)
	}
	huge := `{"user_id":"1","user_info":"` + strings.Repeat("x", maxInfo) + `"}`
	tr.Down()
	tr.event(added, huge) // is refused: that is all that is kept of it
	if len(tr.early.facts) != 1 || tr.early.size != 0 || cap(tr.early.facts[0].info) > 64 {
		t.Fatalf("%d bytes wait", tr.early.size)
	}
}

func TestUndecodableInfo(t *testing.T) {
	var log bytes.Buffer
	tr := newTracker(testChannel)
	r, odd := open[user](tr), open[angry](tr)
	tr.log = slog.New(slog.NewTextHandler(&log, nil))
	r.log, odd.log = tr.log, tr.log
	tr.confirmed(`{"members":[{"user_id":"1","user_info":{"name":7}},{"user_id":"2","user_info":[]},"3"]}`, "")
	tr.event(added, `{"user_id":"4","user_info":"`+strings.Repeat("x", maxInfo)+`"}`)
	if got := next(r); !strings.HasSuffix(got, "of 4") || strings.Count(got, "{}") != 4 {
		t.Fatal(got)
	}
	if r.Stats().Malformed != 3 || odd.Stats().Malformed != 3 {
		t.Fatalf("%+v, %+v", r.Stats(), odd.Stats())
	}
	tr.event("presence:member_danced", bob)
	tr.event("presence:member_danced", bob)
	tr.event(added, `{}`)
	if r.Stats().Unknown != 3 {
		t.Fatalf("%+v", r.Stats())
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 4 {
		t.Fatalf("%d warnings:\n%s", n, log.String())
	}
}

// angry panics on being decoded.
type angry struct{}

func (*angry) UnmarshalJSON([]byte) error { panic("no") }

func TestRawInfo(t *testing.T) {
	tr := newTracker(testChannel)
	text, raw := open[[]byte](tr), open[json.RawMessage](tr)
	tr.confirmed(annOnly, "")
	a, b := <-text.C, <-raw.C
	if string(a.Joined[0].Info) != `{"name":"Ann"}` || string(b.Joined[0].Info) != `{"name":"Ann"}` {
		t.Fatalf("%s, %s", a.Joined[0].Info, b.Joined[0].Info)
	}
	a.Joined[0].Info[0] = 'x' // the reader's own
	tr.confirmed(annOnly, "")
	expect(t, text, "nothing")
}

func TestLimits(t *testing.T) {
	tr := newTracker(testChannel)
	small, thin, wide := open[user](tr, WithMaxMembers(1)), open[user](tr, WithMaxBytes(20)), open[user](tr)
	tr.confirmed(annOnly, "")
	tr.event(added, bob)
	for option, r := range map[string]*Room[user]{"WithMaxMembers": small, "WithMaxBytes": thin} {
		e, ok := errors.AsType[*LimitError](r.Err())
		if !ok || e.Option != option || e.Channel != testChannel {
			t.Errorf("%s: %v", option, r.Err())
		}
		if got := next(r); got != "snapshot +1{Ann} of 1" {
			t.Errorf("%s: %s", option, got)
		}
		expect(t, r, "closed")
	}
	if wide.Err() != nil || wide.Members().Len() != 2 {
		t.Fatal(wide.Err())
	}
	if err := open[user](tr, WithMaxMembers(1)).Ready(t.Context()); err == nil {
		t.Fatal("too large for it from the start")
	}
}

func TestUserDataWithoutUserID(t *testing.T) {
	for data, reason := range map[string]string{
		`{"name":"J"}`:   "missing",
		`{"user_id":{}}`: "neither a string nor a number",
		`{"user_id":""}`: "empty",
		`{"user_id":"` + strings.Repeat("x", maxID+1) + `"}`: "longer than 256 bytes",
	} {
		tr := newTracker(testChannel)
		r := open[user](tr)
		tr.confirmed(annOnly, data)
		e, ok := errors.AsType[*MemberError](r.Ready(t.Context()))
		if !ok || e.Reason != reason || e.Field != "user_id" || strings.Contains(e.Error(), "J") {
			t.Errorf("%s: %v", data, r.Err())
		}
		expect(t, r, "closed")
	}
	tr := newTracker(testChannel)
	r := open[user](tr)
	tr.confirmed(`{"members":[{"user_id":"s1"}],"me":"s1"}`, `{"name":"J"}`) // the service gives one itself
	if m, ok := r.Me(); !ok || m.ID != "s1" || r.Err() != nil {
		t.Fatal(r.Err())
	}
}

func TestWatchThatCantBe(t *testing.T) {
	signer, err := auth.NewSigner("key", "secret")
	if err != nil {
		t.Fatal(err)
	}
	c, err := rtx.New("key", rtx.WithAuth(signer.Authorizer(auth.Member{ID: "1"})))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := rtx.New("key")
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	over, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	optionError := func(err error) bool { _, ok := errors.AsType[*rtx.OptionError](err); return ok }
	for name, tc := range map[string]struct {
		room *Room[user]
		want func(error) bool
	}{
		"public":  {Watch[user](t.Context(), c.Channel("orders")), func(err error) bool { return errors.Is(err, ErrNotPresence) }},
		"nil":     {Watch[user](t.Context(), nil), func(err error) bool { return err != nil }},
		"context": {Watch[user](over, c.Channel("presence-a")), func(err error) bool { return err == gone }},
		"option":  {Watch[user](t.Context(), c.Channel("presence-a"), WithMaxMembers(0)), optionError},
		"bytes":   {Watch[user](t.Context(), c.Channel("presence-a"), nil, WithMaxBytes(-1)), optionError},
		"no auth": {Watch[user](t.Context(), plain.Channel("presence-a")), func(err error) bool { return errors.Is(err, rtx.ErrAuthRequired) }},
	} {
		if err := tc.room.Ready(t.Context()); !tc.want(err) || tc.room.Err() != err {
			t.Errorf("%s: %v", name, err)
		}
		expect(t, tc.room, "closed")
		tc.room.Close()
	}
	for _, ch := range []string{"orders", "presence-a"} {
		if s := c.Channel(ch).State(); s != rtx.ChannelUnsubscribed {
			t.Errorf("%s is %v", ch, s)
		}
	}
	plain.Close()

	// Rooms that can be: each end of theirs.
	ctx, cancel := context.WithCancelCause(t.Context())
	bound, closed, left := Watch[user](ctx, c.Channel("presence-b")), Watch[user](t.Context(), c.Channel("presence-b")), Watch[user](t.Context(), c.Channel("presence-b"))
	short, stop := context.WithCancelCause(t.Context())
	stop(gone)
	if err := bound.Ready(short); !errors.Is(err, gone) {
		t.Fatal(err)
	}
	cancel(gone)
	<-bound.done
	closed.Close()
	closed.Close()
	if s := c.Channel("presence-b").State(); s != rtx.ChannelSubscribing {
		t.Fatal(s)
	}
	c.Close()
	if bound.Err() != gone || closed.Err() != nil || !errors.Is(left.Err(), rtx.ErrClosed) {
		t.Fatal(bound.Err(), closed.Err(), left.Err())
	}
	if err := closed.Ready(t.Context()); err == nil {
		t.Fatal("ready")
	}
}
