package rtx_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A *Gap is an error: it says what is missing, of which channel and how much, and wraps what made
// it.
func TestAGapIsAnError(t *testing.T) {
	why := &rtx.PayloadError{Channel: "orders", Event: "created", Err: errors.New("why")}
	now := time.Now()
	for want, gap := range map[string]*rtx.Gap{
		`rtx: gap`:                                         {},
		`rtx: gap on "orders": 1 value dropped`:            {Channel: "orders", Dropped: 1, Since: now, Until: now},
		`rtx: gap on several channels: 7 values dropped`:   {Several: true, Dropped: 7},
		`rtx: gap on "orders": connection was down`:        {Channel: "orders", Reconnected: true, Since: now, Until: now},
		`rtx: gap on "orders": channel left the stream: x`: {Channel: "orders", Ended: true, Err: errors.New("x")},
		`rtx: gap: 3 values dropped, 1 payload malformed, connection was down: rtx: payload of "created" on "orders": why`: {
			Dropped: 3, Malformed: 1, Reconnected: true, Err: why},
	} {
		var err error = gap
		if err.Error() != want || fmt.Sprint(gap) != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
		wrapped := fmt.Errorf("stopped: %w", err)
		var back *rtx.Gap
		if !errors.As(wrapped, &back) || back != gap {
			t.Errorf("%s: not found as a *Gap", want)
		}
		var payload *rtx.PayloadError
		if errors.As(wrapped, &payload) != (gap.Err == error(why)) {
			t.Errorf("%s: found %v in it", want, payload)
		}
	}
	var none *rtx.Gap
	if fmt.Sprint(none) != "<nil>" || none.Unwrap() != nil {
		t.Errorf("nil: %v, %v", none.Error(), none.Unwrap())
	}
}

func TestTextOfAGapOfSeveralChannels(t *testing.T) {
	g := rtx.Gap{Several: true, Dropped: 7}
	if got, want := slog.AnyValue(g).Resolve().String(), "[several channels=true dropped=7]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, v := range []any{g, &g} {
		if got, err := json.Marshal(v); err != nil || string(got) != `{"several_channels":true,"dropped":7}` {
			t.Errorf("got %s, %v", got, err)
		}
	}
}
