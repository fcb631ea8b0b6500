package rtx

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

// A user_id that is a number must be the same number, written alike, after a JavaScript program has
// read and written it, or this client would be a member that it does not know.
func TestNumericUserID(t *testing.T) {
	type who struct {
		ID any `json:"user_id"`
	}
	for _, tt := range []struct {
		id any
		ok bool
	}{
		{"1", true}, {"9007199254740993", true}, {1, true}, {0, true}, {-1, true}, {nil, true}, {true, true}, {1.5, true},
		{int64(1) << 53, true}, {-int64(1) << 53, true}, {int64(1)<<53 - 1, true},
		{int64(1)<<53 + 1, false}, {-int64(1)<<53 - 1, false}, {int64(1) << 54, false}, {uint64(math.MaxUint64), false}, {1e21, false}, {-1e300, false},
		{json.Number("1.0"), false}, {json.Number("1e3"), false}, {json.Number("-0"), false}, {json.Number("1e400"), false},
		{json.Number("0.1234567890123456789"), false}, {json.Number("12"), true},
	} {
		_, err := New("key", WithUserData(who{tt.id}))
		var option *OptionError
		if (err == nil) != tt.ok || err != nil && (!errors.As(err, &option) || option.Option != "WithUserData" || !strings.Contains(err.Error(), "string")) {
			t.Errorf("WithUserData, %v: %v, want ok = %v", tt.id, err, tt.ok)
		}
		c, err := New("key")
		if err != nil {
			t.Fatal(err)
		}
		ch := c.Channel("presence-a", WithUserData(map[string]any{"user_id": tt.id, "user_info": map[string]any{"user_id": int64(1)<<53 + 1}}))
		_, err = ch.Subscribe(done(t))
		if refused := errors.As(err, &option) && option.Option == "WithUserData"; refused == tt.ok {
			t.Errorf("WithUserData, %v: %v, want ok = %v", tt.id, err, tt.ok)
		}
		_ = c.Close()
	}
}

// done is a context that has ended.
func done(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// What is sent with each subscription is bounded: 64 KiB.
func TestUserDataIsBounded(t *testing.T) {
	for _, tt := range []struct {
		size int
		ok   bool
	}{{64 << 10, true}, {64<<10 + 1, false}} {
		data := map[string]string{"user_id": strings.Repeat("x", tt.size-len(`{"user_id":""}`))}
		var option *OptionError
		c, err := New("key", WithUserData(data))
		if (err == nil) != tt.ok || err != nil && !errors.As(err, &option) {
			t.Errorf("WithUserData, %d bytes: %v, want ok = %v", tt.size, err, tt.ok)
		}
		if c == nil {
			if c, err = New("key"); err != nil {
				t.Fatal(err)
			}
		}
		_, err = c.Channel("presence-a", WithUserData(data)).Subscribe(done(t))
		if refused := errors.As(err, &option) && option.Option == "WithUserData"; refused == tt.ok {
			t.Errorf("WithUserData, %d bytes: %v, want ok = %v", tt.size, err, tt.ok)
		}
		_ = c.Close()
	}
}
