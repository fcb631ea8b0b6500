package rtx_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// An event whose name is no string, and one without a name, is ignored and counted. The connection
// goes on, for whatever it may carry beside.
func TestEventWithoutANameIsCounted(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		all := opened[json.RawMessage](t, c.Channel("a"), "*")
		before := c.Stats().Unknown
		frames := []string{
			`42[5]`, `42[]`, `42[ ]`, `42[null]`, `42[true,{"channel":"a"}]`, `42[{"toString":1}]`, `42[["server-event"],{"channel":"a","event":"n","data":1}]`,
			`42[5,{"channel":"a","event":"n","data":{"n":1}}]`, `427[5]`, `42[-1.5e3,"x"]`, `42["connect"]`, `42["disconnect",{"channel":"a"}]`,
			`451-[5,{"_placeholder":true,"num":0}]`, `451-[{"_placeholder":true,"num":0}]`,
		}
		for _, frame := range frames {
			s.Inject(frame)
			if frame[:3] == "451" {
				s.Connections()[0].InjectBinary([]byte("x"))
			}
		}
		publish(s, "a", 9)
		if got := outline(stream); got != "9" {
			t.Errorf("got %s", got)
		}
		if n := c.Stats().Unknown - before; n != uint64(len(frames)) {
			t.Errorf("%d events are counted as unknown, want %d", n, len(frames))
		}
		if len(all.C) != 1 {
			t.Errorf("%d events came on *", len(all.C))
		}
		if n := s.Stats().Connects; n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// Half of a surrogate pair is U+FFFD, wherever it stands, as it is for whoever writes what
// JSON.parse made of it in UTF-8.
func TestHalfASurrogatePair(t *testing.T) {
	const half = "\ufffd"
	for _, tt := range []struct{ escaped, want string }{
		{`\ud83d`, half}, {`\ude00`, half}, {`a\ud83d`, "a" + half}, {`\ud83db`, half + "b"}, {`\ud83d\ud83d\ude00`, half + "\U0001f600"},
		{`\ude00\ud83d`, half + half}, {`\ud83d\u0041`, half + "A"}, {`\ud83d\n`, half + "\n"}, {`\ud83d\ude00`, "\U0001f600"},
	} {
		t.Run(tt.escaped, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				ch := c.Channel("a")
				named := opened[rtx.Message[any]](t, ch, "*")
				if tt.want[len(tt.want)-1] > ' ' { // a name that can be bound
					bound := opened[string](t, ch, tt.want)
					defer func() { check(t, "bound by name", len(bound.C), 1) }()
					channel := opened[string](t, c.Channel(tt.want), "n")
					s.Inject(`42["server-event",{"channel":"` + tt.escaped + `","event":"n","data":"of the channel"}]`)
					check(t, "on the channel", next(t, channel), "of the channel")
				}
				strings, untyped, raw := opened[string](t, ch, "n"), opened[any](t, ch, "n"), opened[json.RawMessage](t, ch, "n")
				maps, numbers := opened[map[string]string](t, ch, "m"), opened[map[string]json.Number](t, ch, "k")
				text := `"` + tt.escaped + `"`

				s.Inject(`42["server-event",{"channel":"a","event":` + text + `,"data":` + text + `}]`)
				m := next(t, named)
				check(t, "the event's name", m.Event, tt.want)
				check(t, "its payload", m.Value, any(tt.want))
				s.Inject(`42["server-event",{"channel":"a","event":"n","data":` + text + `}]`)
				check(t, "a string", next(t, strings), tt.want)
				check(t, "any", next(t, untyped), any(tt.want))
				check(t, "raw, which is as it came", string(next(t, raw)), text)
				s.Inject(`42["server-event",{"channel":"a","event":"m","data":{` + text + `:` + text + `}}]`)
				check(t, "a map", fmt.Sprint(next(t, maps)), fmt.Sprint(map[string]string{tt.want: tt.want}))
				s.Inject(`42["server-event",{"channel":"a","event":"k","data":{` + text + `:1}}]`)
				check(t, "a map by encoding/json", fmt.Sprint(next(t, numbers)), fmt.Sprint(map[string]int{tt.want: 1}))

				s.Inject(`42[` + text + `]`)
				s.Inject(`42[` + text + `,{"channel":` + text + `,` + text + `:` + text + `},` + text + `]`)
				s.Inject(`42["server-event",{` + text + `:1,"channel":"a","event":"n","data":"last"},` + text + `]`)
				check(t, "after all that", next(t, strings), "last")
				synctest.Wait()
				check(t, "connections", s.Stats().Connects, 1)
				for g := range named.Gaps() {
					t.Errorf("%+v", g)
				}
			})
		})
	}
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
