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

// nested is a payload of so many levels.
func nested(levels int) string {
	if levels == 0 {
		return "0"
	}
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

// tally says what a stream has got: its values, and its malformed payloads, which must be of
// channel "a".
func tally[T any](t *testing.T, s *rtx.Stream[T], want error) string {
	t.Helper()
	values, bad := 0, uint64(0)
	s.Close()
	for _, g := range s.All() {
		if g == nil {
			values++
			continue
		}
		bad += g.Malformed
		var payload *rtx.PayloadError
		if g.Channel != "a" || !errors.As(g.Err, &payload) || want != nil && !errors.Is(g.Err, want) {
			t.Errorf("%+v: %v, want %v", *g, g.Err, want)
		}
		if len(g.Err.Error()) > 200 || g.Reconnected {
			t.Errorf("%.300v", g.Err)
		}
	}
	return fmt.Sprintf("%d values, %d malformed", values, bad)
}

// However deep a payload is, and in whatever form it comes, it ends no session, and costs only the
// streams that it was for.
func TestDeepPayloadCostsOnlyItself(t *testing.T) {
	for name, form := range map[string]string{
		"wrapped":              `42["server-event",{"channel":"a","event":"n","data":%s}]`,
		"members in disorder":  `42["server-event",{"data":%s,"event":"n","channel":"a"}]`,
		"with space":           `42[ "server-event" , { "channel" : "a" , "event" : "n" , "data" : %s } ] `,
		"with another member":  `42["server-event",{"channel":"a","event":"n","data":%s,"user_id":"1"}]`,
		"with more arguments":  `42["server-event",{"channel":"a","event":"n","data":%s},{"more":[]},"offset"]`,
		"escaped":              `42["server-event",{"channel":"\u0061","event":"\u006e","data":%s}]`,
		"named twice":          `42["server-event",{"channel":"a","event":"n","data":1,"data":%s}]`,
		"that wants an answer": `427["server-event",{"channel":"a","event":"n","data":%s}]`,
		"with an attachment":   `451-["server-event",{"channel":"a","event":"n","data":[{"_placeholder":true,"num":0},%s]}]`,
		"with a deep attachment": `451-["server-event",{"channel":"a","event":"n","data":[%s,` + strings.Repeat("[", 20_000) +
			`{"_placeholder":true,"num":0}` + strings.Repeat("]", 20_000) + `]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				ch := c.Channel("a")
				untyped, typed, raw := opened[any](t, ch, "n"), opened[numbered](t, ch, "n"), opened[json.RawMessage](t, ch, "n")
				others, elsewhere := opened[any](t, ch, "other"), opened[any](t, c.Channel("b"), "n")
				inject := func(levels int) {
					frame := fmt.Sprintf(form, nested(levels))
					s.Inject(frame)
					if strings.HasPrefix(frame, "451") {
						s.Connections()[0].InjectBinary([]byte("x"))
					}
				}
				inject(20_000)
				inject(100_000)
				s.Publish("a", "n", numbered{1})
				s.Publish("a", "other", 1)
				synctest.Wait()
				for what, got := range map[string]string{
					"any": tally(t, untyped, rtx.ErrTooDeep), "a struct": tally(t, typed, rtx.ErrTooDeep), "raw": tally(t, raw, rtx.ErrTooDeep),
				} {
					if got != "1 values, 2 malformed" {
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
		})
	}
}

// What an event carries beside its payload may be as deep as it likes: the payload is delivered.
func TestDepthBesideAPayload(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		deep := nested(50_000)
		s.Inject(`42["server-event",{"channel":"a","more":` + deep + `,"event":"n","data":{"n":1}}]`)
		s.Inject(`42["server-event",{"channel":"a","event":"n","data":{"n":2}},` + deep + `]`)
		s.Inject(`42["server-event",{"channel":"a","event":"n","data":{"n":3},"data2":` + deep + `}]`)
		s.Inject(`42["` + "x" + `",` + deep + `]`)
		s.Inject(`42[` + deep + `]`)
		s.Inject(`43[` + deep + `]`)
		publish(s, "a", 4)
		if got := outline(stream); got != "1 2 3 4" {
			t.Errorf("got %s", got)
		}
		if n := s.Stats().Connects; n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// The service's own events are taken however deep they are: the answer to a subscription, in each
// of its forms, and a member.
func TestDeepInternalEvents(t *testing.T) {
	for name, form := range map[string]string{
		"of its own":    `42["realtimex_internal:subscription_succeeded",{"channel":"a","more":%s}]`,
		"presence form": `42["presence:subscription_succeeded",{"more":%s,"channel":"a"}]`,
		"initial state": `42["realtimex_internal:subscription_succeeded",{"channel":"a","initial_state":{"members":[{"user_id":"1","user_info":%s}]}}]`,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				s.HoldConfirmations()
				stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
				synctest.Wait()
				s.Inject(fmt.Sprintf(form, nested(600)))
				synctest.Wait()
				if st := c.Channel("a").State(); st != rtx.ChannelSubscribed {
					t.Errorf("the channel is %v", st)
				}
				s.Inject(`42["realtimex_internal:member_added",{"channel":"a","user_id":"1","user_info":` + nested(20_000) + `}]`)
				publish(s, "a", 1)
				if n := s.Stats().Connects; n != 1 {
					t.Errorf("%d connections", n)
				}
				stream.Close()
			})
		})
	}
}

// tree is as deep as its payload: {"Of":[{"Of":[]}]} has four levels.
type tree struct{ Of []tree }

func family(levels int) string {
	if levels == 1 {
		return "{}"
	}
	if levels%2 == 1 {
		return `{"x":` + family(levels-1) + "}"
	}
	return strings.Repeat(`{"Of":[`, levels/2) + strings.Repeat("]}", levels/2)
}

// odd is of no ordinary type, so that encoding/json decodes it.
type odd struct {
	Of any
	N  json.Number
}

// taker decodes itself from anything.
type taker struct{}

func (*taker) UnmarshalJSON([]byte) error { return nil }

// acceptor does so as an event.
type acceptor struct{}

func (*acceptor) UnmarshalEvent(_, _ string, _ []byte) error { return nil }

// watched is a stream, and how to ask what it has got.
type watched struct {
	name string
	got  func() string
}

func watch[T any](t *testing.T, all []watched, name string, s *rtx.Stream[T]) []watched {
	t.Helper()
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return append(all, watched{name, func() string { return tally(t, s, rtx.ErrTooDeep) }})
}

// One limit is for all: whatever T is, what is as deep as the limit is decoded, and what is one
// level deeper is not.
func TestOneLimitOfDepth(t *testing.T) {
	type unknown struct{ N int }
	for _, limit := range []int{1, 2, 9, 512, 9_999, 10_000} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				var opts []rtx.Option
				if limit < 10_000 { // the default
					opts = append(opts, rtx.WithMaxDepth(limit))
				}
				c := connect(t, s, opts...)
				own := connect(t, s, rtx.WithMaxDepth(limit), rtx.WithJSON(json.Marshal, func([]byte, any) error { return nil }))
				ch := c.Channel("a")
				var all []watched
				all = watch(t, all, "any", rtx.On[any](t.Context(), ch, "n"))
				all = watch(t, all, "Message of any", rtx.On[rtx.Message[any]](t.Context(), ch, "n"))
				all = watch(t, all, "slice", rtx.On[[]any](t.Context(), ch, "n"))
				all = watch(t, all, "raw", rtx.On[json.RawMessage](t.Context(), ch, "n"))
				all = watch(t, all, "bytes", rtx.On[[]byte](t.Context(), ch, "n"))
				all = watch(t, all, "Message of raw", rtx.On[rtx.Message[json.RawMessage]](t.Context(), ch, "n"))
				all = watch(t, all, "EventUnmarshaler", rtx.On[acceptor](t.Context(), ch, "n"))
				all = watch(t, all, "UnmarshalJSON", rtx.On[taker](t.Context(), ch, "n"))
				all = watch(t, all, "by encoding/json", rtx.On[odd](t.Context(), ch, "o"))
				all = watch(t, all, "OnAny", rtx.OnAny(t.Context(), ch, rtx.Cases(rtx.CaseOf("n", func(any) int { return 0 }))))
				all = watch(t, all, "Partition", rtx.Partition(t.Context(), ch, "n", 1, func(any) int { return 0 })[0])
				all = watch(t, all, "a codec of one's own", rtx.On[any](t.Context(), own.Channel("a"), "n"))
				all = watch(t, all, "unknown member", rtx.On[unknown](t.Context(), ch, "o"))
				all = watch(t, all, "member", rtx.On[struct{ Of any }](t.Context(), ch, "o"))
				all = watch(t, all, "raw member", rtx.On[struct{ Of json.RawMessage }](t.Context(), ch, "o"))
				all = watch(t, all, "map", rtx.On[map[string]any](t.Context(), ch, "o"))
				all = watch(t, all, "recursive", rtx.On[tree](t.Context(), ch, "t"))
				synctest.Wait()
				for _, levels := range []int{limit, limit + 1} {
					for event, payload := range map[string]string{"n": nested(levels), "o": `{"of":` + nested(levels-1) + `}`, "t": family(levels)} {
						s.Inject(`42["server-event",{"channel":"a","event":"` + event + `","data":` + payload + `}]`)
					}
				}
				synctest.Wait()
				for _, w := range all {
					if got := w.got(); got != "1 values, 1 malformed" {
						t.Errorf("%s: %s", w.name, got)
					}
				}
				if n := s.Stats().Connects; n != 2 {
					t.Errorf("%d connections", n)
				}
			})
		})
	}
}

// What is sent may be as deep as encoding/json encodes it.
func TestTriggerDeepPayload(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		sender, receiver := connect(t, s, signing(s)), connect(t, s, signing(s))
		stream := opened[json.RawMessage](t, receiver.Channel("private-a"), "client-n")
		if _, err := sender.Channel("private-a").Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, levels := range []int{600, 5_000} {
			if err := sender.Channel("private-a").Trigger(t.Context(), "client-n", json.RawMessage(nested(levels))); err != nil {
				t.Fatal(err)
			}
			if got := next(t, stream); string(got) != nested(levels) {
				t.Errorf("%d levels: %d bytes came", levels, len(got))
			}
		}
		if err := sender.Channel("private-a").Trigger(t.Context(), "client-n", json.RawMessage(nested(10_001))); err == nil {
			t.Error("what encoding/json does not encode is sent")
		}
		if n := s.Stats().Connects; n != 2 {
			t.Errorf("%d connections", n)
		}
	})
}
