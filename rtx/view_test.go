package rtx_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A T into which no JSON can ever be decoded is refused when its stream is opened, by its name, and
// causes no traffic.
func TestTypesThatHoldNoJSON(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		ch := c.Channel("a")
		refused := func(opener string, err error) {
			t.Helper()
			var option *rtx.OptionError
			if !errors.As(err, &option) || option.Option != opener || !strings.Contains(err.Error(), "can't hold any JSON") {
				t.Errorf("%s: %v", opener, err)
			}
		}
		refused("On", rtx.On[func()](t.Context(), ch, "n").Err())
		refused("On", rtx.On[rtx.Message[func()]](t.Context(), ch, "n").Err())
		refused("OnAny", rtx.OnAny(t.Context(), ch, rtx.Cases(rtx.CaseOf("n", func(func()) int { return 0 }))).Err())
		for _, part := range rtx.Partition(t.Context(), ch, "n", 2, func(complex64) int { return 0 }) {
			refused("Partition", part.Err())
		}
		synctest.Wait()
		if n := len(s.ReceivedOn(testserver.KindSubscribe, "a")); n != 0 {
			t.Errorf("%d subscriptions", n)
		}

		open := func(err error) {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
		}
		// As for encoding/json, a field that holds no JSON is no fault of a payload without it.
		hooked := rtx.On[struct {
			N int
			F func()
		}](t.Context(), ch, "n")
		open(hooked.Err())
		open(rtx.On[tree](t.Context(), ch, "n").Err())
		open(rtx.On[embedding](t.Context(), ch, "n").Err())
		open(rtx.OnAny(t.Context(), ch, rtx.Cases(rtx.CaseOf("n", func(int) func() { return nil }))).Err())
		lenient := connect(t, s, rtx.WithJSON(json.Marshal, func([]byte, any) error { return nil }))
		open(rtx.On[func()](t.Context(), lenient.Channel("a"), "n").Err())
		if err := hooked.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Publish("a", "n", json.RawMessage(`{"n":1}`))
		s.Publish("a", "n", json.RawMessage(`{"n":2,"f":null}`))
		s.Publish("a", "n", json.RawMessage(`{"n":3,"f":1}`))
		s.Publish("a", "n", json.RawMessage(`{"n":4}`))
		synctest.Wait()
		hooked.Close()
		var got []string
		for v, g := range hooked.All() {
			if g != nil {
				got = append(got, fmt.Sprint("malformed ", g.Malformed))
				continue
			}
			got = append(got, fmt.Sprint(v.N))
		}
		if text := strings.Join(got, ", "); text != "1, 2, malformed 1, 4" {
			t.Errorf("got %s", text)
		}
	})
}

// What is no JSON inside of an event that is whole otherwise is a loss of the streams that it was
// for, and of no others; the connection goes on.
func TestBrokenPayloadCostsOnlyItself(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		ch := c.Channel("a")
		untyped, typed, raw := opened[any](t, ch, "n"), opened[numbered](t, ch, "n"), opened[json.RawMessage](t, ch, "n")
		message, events := opened[rtx.Message[*numbered]](t, ch, "n"), opened[acceptor](t, ch, "n")
		parts := rtx.Partition(t.Context(), ch, "n", 1, func(numbered) int { return 0 })
		others, elsewhere := opened[any](t, ch, "other"), opened[any](t, c.Channel("b"), "n")
		for _, frame := range []string{
			`42["server-event",{"channel":"a","event":"n","data":{]}]`,
			`42["server-event",{"channel":"a","event":"n","data":{"n":nope}}]`,
			`42["server-event",{"data":[1,2,],"event":"n","channel":"a"}]`,
			`42["server-event",{"channel":"a","event":"n","data":{"n":1},"more":nope}]`,
			`42["server-event",{"channel":"a","event":"n","data":{"n":1}},nope]`,
		} {
			s.Inject(frame)
		}
		s.Publish("a", "n", numbered{1})
		s.Publish("a", "other", 1)
		synctest.Wait()
		for what, got := range map[string]string{
			"any": tally(t, untyped, nil), "a struct": tally(t, typed, nil), "raw": tally(t, raw, nil), "a Message": tally(t, message, nil),
			"an EventUnmarshaler": tally(t, events, nil), "Partition": tally(t, parts[0], nil),
		} {
			if got != "1 values, 5 malformed" {
				t.Errorf("%s: %s", what, got)
			}
		}
		if got := tally(t, others, nil) + "; " + tally(t, elsewhere, nil); got != "1 values, 0 malformed; 0 values, 0 malformed" {
			t.Errorf("streams that it was not for: %s", got)
		}
		if n := s.Stats().Connects; n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}
