package transport_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestRetryAfter(t *testing.T) {
	// Bubbles have one clock.
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	tests := []struct {
		status int
		header func() string
		clock  time.Duration // how far the server's clock is ahead, by its Date; 0: no Date
		want   time.Duration
	}{
		{429, text("7"), 0, 7 * time.Second},
		{503, text("120"), 0, 2 * time.Minute},
		{503, text(" 3 "), 0, 3 * time.Second},
		{503, text("0"), 0, 0},
		{503, text("300"), 0, 5 * time.Minute},
		{503, text("301"), 0, 5 * time.Minute},
		{503, text(strings.Repeat("9", 50)), 0, 5 * time.Minute},
		{503, text("-5"), 0, 0},
		{503, text("+5"), 0, 0},
		{503, text("1.5"), 0, 0},
		{503, text("soon"), 0, 0},
		{503, text(""), 0, 0},
		{503, func() string { return date(90 * time.Second) }, 0, 90 * time.Second},
		{503, func() string { return date(90 * time.Second) }, time.Minute, 30 * time.Second},
		{503, func() string { return date(90 * time.Second) }, -24 * time.Hour, 5 * time.Minute},
		{503, func() string { return date(-time.Hour) }, 0, 0},
		{503, func() string { return date(8760 * time.Hour) }, 0, 5 * time.Minute},
		{500, text("7"), 0, 0},
		{404, text("7"), 0, 0},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, nil)
			value := tt.header()
			srv.accept = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Retry-After", value)
				w.Header()["Date"] = nil
				if tt.clock != 0 {
					w.Header().Set("Date", date(tt.clock))
				}
				w.WriteHeader(tt.status)
				return false
			}
			_, err := srv.dial()
			var failed *transport.HandshakeError
			if !errors.As(err, &failed) || failed.RetryAfter != tt.want {
				t.Errorf("%d with Retry-After %q: %v, want %v", tt.status, value, err, tt.want)
			}
			if shown := strings.Contains(err.Error(), fmt.Sprintf("retry after %s", tt.want)); shown != (tt.want > 0) {
				t.Errorf("the error reads %q", err)
			}
		})
	}
}

func text(s string) func() string { return func() string { return s } }
