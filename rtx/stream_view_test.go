package rtx_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// own decodes itself, from all that is known of an event.
type own struct{ channel, event, payload string }

func (o *own) UnmarshalEvent(channel, event string, payload []byte) error {
	if string(payload) == "0" {
		return errEnough
	}
	*o = own{channel, event, string(payload)}
	return nil
}

// embedding has the methods of a Message, and is none.
type embedding struct {
	rtx.Message[numbered]
	N int `json:"n"`
}

func one[T any](t *testing.T, s *rtx.Stream[T]) T {
	t.Helper()
	v := next(t, s)
	for g := range s.Gaps() {
		t.Errorf("%+v: %v", g, g.Err)
	}
	return v
}

func TestViews(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		ch := c.Channel("a")
		value := opened[numbered](t, ch, "n")
		pointer := opened[*numbered](t, ch, "n")
		untyped := opened[any](t, ch, "n")
		message := opened[rtx.Message[numbered]](t, ch, "n")
		messagePointer := opened[*rtx.Message[numbered]](t, ch, "n")
		ofPointer := opened[rtx.Message[*numbered]](t, ch, "n")
		raw := opened[json.RawMessage](t, ch, "n")
		bytes := opened[[]byte](t, ch, "*")
		messageRaw := opened[rtx.Message[json.RawMessage]](t, ch, "n")
		itself := opened[own](t, ch, "n")
		itselfPointer := opened[*own](t, ch, "n")
		messageItself := opened[rtx.Message[own]](t, ch, "n")
		embedded := opened[embedding](t, ch, "n")

		s.Publish("a", "n", json.RawMessage(`{"n":5}`))
		at := time.Now() // of the bubble, which stands still
		synctest.Wait()
		five := numbered{5}
		itselfWant := own{"a", "n", `{"n":5}`}
		if v := one(t, value); v != five {
			t.Errorf("T: %v", v)
		}
		if v := one(t, pointer); *v != five {
			t.Errorf("*T: %v", v)
		}
		if v := one(t, untyped); fmt.Sprint(v) != "map[n:5]" {
			t.Errorf("any: %v", v)
		}
		want := rtx.Message[numbered]{Channel: "a", Event: "n", Value: five, ReceivedAt: at}
		if v := one(t, message); v != want {
			t.Errorf("Message: %+v", v)
		}
		if v := one(t, messagePointer); *v != want {
			t.Errorf("*Message: %+v", v)
		}
		if v := one(t, ofPointer); *v.Value != five || v.Channel != "a" {
			t.Errorf("Message of *T: %+v", v)
		}
		if v := one(t, itself); v != itselfWant {
			t.Errorf("EventUnmarshaler: %v", v)
		}
		if v := one(t, itselfPointer); *v != itselfWant {
			t.Errorf("EventUnmarshaler by pointer: %v", v)
		}
		if v := one(t, messageItself); v.Value != itselfWant || v.Event != "n" {
			t.Errorf("Message of an EventUnmarshaler: %v", v)
		}
		if v := one(t, embedded); v.N != 5 || v.Channel != "" {
			t.Errorf("a type that embeds a Message: %v", v)
		}
		a, b, m := one(t, raw), one(t, bytes), one(t, messageRaw)
		if string(a) != `{"n":5}` || string(b) != string(a) || string(m.Value) != string(a) {
			t.Errorf("raw: %s, %s, %s", a, b, m.Value)
		}
		if &a[0] != &b[0] || &a[0] != &m.Value[0] {
			t.Error("the raw views of one event do not share one copy")
		}

		// The copy is not the frame: what comes next leaves it as it is.
		s.Publish("a", "n", json.RawMessage(`{"n":6}`))
		synctest.Wait()
		if next := one(t, raw); string(a) != `{"n":5}` || string(next) != `{"n":6}` {
			t.Errorf("raw after the next event: %s, %s", a, next)
		}
	})
}

// A payload that is not a T is a gap with a typed error on that stream alone, in its place; so is
// one whose decoder fails or panics.
func TestUndecodablePayloads(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		ch := c.Channel("a")
		typed, panics := opened[numbered](t, ch, "n"), opened[explosive](t, ch, "n")
		fine, itself := opened[any](t, ch, "n"), opened[own](t, ch, "n")
		cases := rtx.OnAny(t.Context(), ch, rtx.Cases(rtx.CaseOf("n", func(n numbered) string {
			if n.N == 3 {
				panic("three")
			}
			return fmt.Sprint(n.N)
		})))
		for _, payload := range []string{`{"n":1}`, `{"n":"x"}`, `"boom"`, `{"n":3}`, `0`, `{"n":4}`} {
			s.Publish("a", "n", json.RawMessage(payload))
		}
		synctest.Wait()

		var bad *rtx.PayloadError
		var panicked *rtx.PanicError
		gaps := func(s interface{ Stats() rtx.StreamStats }, all func(func(*rtx.Gap))) (n uint64) {
			all(func(g *rtx.Gap) {
				n += g.Malformed
				if g.Channel != "a" || !errors.As(g.Err, &bad) || bad.Channel != "a" || bad.Event != "n" {
					t.Errorf("%+v: %v", *g, g.Err)
				}
			})
			if s.Stats().Malformed != n {
				t.Errorf("%+v, gaps say %d", s.Stats(), n)
			}
			return n
		}
		if n := gaps(panics, eachGap(panics)); n != 1 || !errors.As(bad, &panicked) || panicked.Value != "boom" {
			t.Errorf("%d panics in UnmarshalJSON are told, the last as %v", n, bad)
		}
		if n := gaps(cases, eachGap(cases)); n != 4 {
			t.Errorf("%d losses of OnAny are told", n)
		}
		if n := gaps(itself, eachGap(itself)); n != 1 || !errors.Is(bad, errEnough) {
			t.Errorf("%d errors of UnmarshalEvent are told, the last as %v", n, bad)
		}
		if st := fine.Stats(); st.Depth != 6 || st.Malformed != 0 {
			t.Errorf("a stream of any payload: %+v", st)
		}
		if st := c.Stats(); st.Malformed != 1+4+1+3 || st.Connects != 1 {
			t.Errorf("%+v", st)
		}
		expect(t, story(typed, func(n numbered) string { return fmt.Sprint(n.N) }), "1", "a malformed 2", "3", "a malformed 1", "4")
	})
}

// explosive panics on a text.
type explosive struct{}

func (*explosive) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		panic("boom")
	}
	return nil
}

func eachGap[T any](s *rtx.Stream[T]) func(func(*rtx.Gap)) {
	return func(f func(*rtx.Gap)) {
		s.Close()
		for _, g := range s.All() {
			if g != nil {
				f(g)
			}
		}
	}
}

// Several events of different types come on one stream in the server's order, "*" takes the rest,
// and nothing comes twice.
func TestOnAnyKeepsTheOrder(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := rtx.OnAny(t.Context(), c.Channel("a"), rtx.Cases(
			rtx.CaseOf("n", func(n numbered) string { return fmt.Sprint("n", n.N) }),
			rtx.CaseOf("text", func(s string) string { return s }),
			rtx.CaseOf("*", func(m rtx.Message[json.RawMessage]) string { return m.Event + "=" + string(m.Value) }),
			rtx.CaseOf("realtimex_internal:subscription_succeeded", func(any) string { return "joined" }),
		))
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Publish("a", "n", numbered{1})
		s.Publish("a", "other", []int{2})
		s.Publish("a", "text", "three")
		s.Publish("a", "n", numbered{4})
		synctest.Wait()
		expect(t, story(stream, func(s string) string { return s }), "joined", "n1", "other=[2]", "three", "n4")
	})
}

func TestBinaryAttachmentReachesAByteField(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		type upload struct {
			Name string
			File []byte
			Rest []byte
		}
		c := connect(t, s)
		stream := opened[upload](t, c.Channel("a"), "file")
		conn := s.Connections()[0]
		conn.Inject(`452-["server-event",{"channel":"a","event":"file","data":{"name":"x","file":{"_placeholder":true,"num":1},"rest":{"_placeholder":true,"num":0}}}]`)
		conn.InjectBinary([]byte{0, 1, 254, 255})
		conn.InjectBinary([]byte("second"))
		if v := one(t, stream); v.Name != "x" || string(v.File) != "second" || string(v.Rest) != "\x00\x01\xfe\xff" {
			t.Errorf("%+v", v)
		}
	})
}

// A codec of the user's own is used for payloads, and never sees what is not one JSON value.
func TestWithJSON(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var seen []string
		c := connect(t, s, rtx.WithJSON(json.Marshal, func(b []byte, v any) error {
			seen = append(seen, string(b))
			*v.(*string) = "decoded " + string(b)
			return nil
		}))
		stream, raw := opened[string](t, c.Channel("a"), "n"), opened[json.RawMessage](t, c.Channel("a"), "n")
		// A form that the quick scan cuts in the wrong place.
		s.Inject(`42["server-event",{"channel":"a","event":"n","data":[1],"more":2}]`)
		if v := one(t, stream); v != "decoded [1]" {
			t.Errorf("%q", v)
		}
		if v := one(t, raw); string(v) != "[1]" {
			t.Errorf("%q", v)
		}
		if fmt.Sprint(seen) != "[[1]]" {
			t.Errorf("the codec saw %q", seen)
		}
	})
}
