package rtx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// logged is the value of one attribute, as slog's JSON handler writes it.
func logged(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", v)
	var line struct{ V json.RawMessage }
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatalf("%s: %v", b.String(), err)
	}
	return string(line.V)
}

// What stands for a name, or says something, is a text in a log of JSON, by itself and in a struct:
// neither a number nor an empty object tells anything.
func TestTextFormsInJSONLogs(t *testing.T) {
	c, err := rtx.New("key", rtx.WithAuthEndpoint("https://backend.example/auth"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ch := c.Channel("orders")
	why := errors.New("why")
	refused := &rtx.SubscribeError{Channel: "orders", Code: 4009, Message: "no"}
	quote := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	texts := map[string]any{} // by the text that is wanted
	add := func(values ...fmt.Stringer) {
		for _, v := range values {
			texts[v.String()] = v
		}
	}
	for s := rtx.StateIdle; s <= rtx.StateFailed; s++ {
		add(s)
	}
	for s := rtx.ChannelUnsubscribed; s <= rtx.ChannelSubscribed; s++ {
		texts[s.String()] = s
	}
	for k := presence.Snapshot; k <= presence.Stale; k++ {
		add(k)
	}
	for k := testserver.KindSubscribe; k <= testserver.KindOther; k++ {
		add(k)
	}
	add(rtx.DropOldest, rtx.DropNewest, rtx.EndStream, rtx.Grow(10), c, ch, new(rtx.Hold), c.States(t.Context()), rtx.NewGroup(ch), rtx.On[int](t.Context(), ch, "n"),
		presence.Watch[int](t.Context(), c.Channel("presence-a", rtx.WithUserData(map[string]string{"user_id": "1"}))))
	for _, e := range []error{
		refused, &rtx.OptionError{Option: "WithPort", Reason: "why"}, &rtx.PayloadError{Channel: "orders", Event: "n", Err: why},
		&rtx.PanicError{Value: why}, &rtx.ChannelError{Channel: "orders", Err: rtx.ErrNotSubscribed},
		&rtx.WaitError{For: "it", Cause: why, Last: refused}, &rtx.NotReadyError{Missing: "it", Last: refused}, &rtx.InterruptedError{Cause: why}, &rtx.LostError{Err: why},
		&rtx.CloseError{Code: 1001}, &rtx.ConnectError{Message: "no", Code: 4001}, &rtx.DialError{Step: rtx.StepDial, Err: why},
		&auth.DeniedError{Channel: "orders", Status: 403}, &auth.RetryError{Channel: "orders", Status: 500, Err: why},
		&auth.AnswerError{Channel: "orders", Field: "auth", Reason: "why"},
		&presence.LimitError{Channel: "presence-a", Option: "WithMaxMembers", Limit: 1}, &presence.MemberError{Channel: "presence-a"},
		&transport.HandshakeError{Step: "dial", Err: why}, &transport.ConnectError{Message: "no"}, &transport.CloseError{Code: 1001},
		&auth.InputError{Field: "channel_name"}, &transport.SizeError{}, &transport.FrameError{Limit: 1}, &transport.ConfigError{Field: "URL"},
		&transport.LostError{Err: why}, &transport.DeadLinkError{Silence: time.Minute}, &transport.ProtocolError{Fault: "why"},
	} {
		texts[e.Error()] = e
	}
	for want, v := range texts {
		if got := logged(t, v); got != quote(want) {
			t.Errorf("%T: got %s, want %s", v, got, quote(want))
		}
		if got := logged(t, struct{ In any }{v}); got != `{"In":`+quote(want)+`}` {
			t.Errorf("%T in a struct: got %s, want %s", v, got, quote(want))
		}
	}

	at := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for want, v := range map[string]any{
		`{"state":"reconnecting","attempt":2,"delay":1000000000,"error":"why","at":"2026-01-02T00:00:00Z"}`: rtx.StateChange{
			State: rtx.StateReconnecting, Attempt: 2, Delay: time.Second, Err: why, At: at},
		`{"channel":"orders","dropped":3,"malformed":1,"reconnected":true,"ended":true,"since":"2026-01-02T00:00:00Z",` +
			`"until":"2026-01-02T00:00:00Z","error":"why"}`: rtx.Gap{
			Channel: "orders", Dropped: 3, Malformed: 1, Reconnected: true, Ended: true, Since: at, Until: at, Err: why},
		`{"message":"busy","code":4301,"at":"2026-01-02T00:00:00Z"}`: rtx.ServiceError{Code: 4301, Message: "busy", At: at},
	} {
		if got := logged(t, v); got != want {
			t.Errorf("%T: got  %s\nwant %s", v, got, want)
		}
		if got := logged(t, []any{v}); got != "["+want+"]" {
			t.Errorf("%T in a slice: got  %s\nwant %s", v, got, want)
		}
	}
	if got := logged(t, presence.Change[int]{Kind: presence.Diff}); !strings.Contains(got, `"diff"`) {
		t.Errorf("a change: %s", got)
	}
}
