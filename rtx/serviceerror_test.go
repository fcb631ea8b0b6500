package rtx_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// What the service complains of comes to the streams of Errors, under either name, is counted and
// logged, and ends nothing.
func TestServiceErrors(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var log lockedBuffer
		c := connect(t, s, rtx.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		stream := opened[numbered](t, c.Channel("a"), "n")
		s.Complain("error", "before anybody listened", 0)
		synctest.Wait()
		complaints := c.Errors(t.Context())
		time.Sleep(time.Second)
		start := time.Now()
		s.Complain("error", `Too "much"`, 4301)
		time.Sleep(time.Minute)
		s.Complain("realtimex:error", "the key "+s.Key()+" is slow\n"+strings.Repeat("x", 300), 0)
		synctest.Wait()
		first, second := next(t, complaints), next(t, complaints)
		if first.Message != `Too "much"` || first.Code != 4301 || !first.At.Equal(start) {
			t.Errorf("got %+v", first)
		}
		if second.Code != 0 || !second.At.Equal(start.Add(time.Minute)) || len(second.Message) > 200 ||
			!strings.HasPrefix(second.Message, "the key ") || strings.Contains(second.Message, s.Key()) || strings.Contains(second.Message, "\n") {
			t.Errorf("got %+v", second)
		}
		if want := `rtx: the service reports an error: "Too \"much\"" (code 4301)`; first.Error() != want {
			t.Errorf("got %s, want %s", first, want)
		}
		if n := c.Stats().Errors; n != 3 {
			t.Errorf("%d are counted", n)
		}
		if n := strings.Count(log.String(), "level=WARN"); n != 3 || !strings.Contains(log.String(), "code=4301") || strings.Contains(log.String(), s.Key()) {
			t.Errorf("%d lines: %s", n, log.String())
		}
		publish(s, "a", 1)
		if got := outline(stream); got != "1" || s.Stats().Connects != 1 {
			t.Errorf("got %s, %d connects", got, s.Stats().Connects)
		}
		_ = c.Close()
		if _, ok := <-complaints.C; ok || !errors.Is(complaints.Err(), rtx.ErrClosed) {
			t.Errorf("after Close: %v", complaints.Err())
		}
	})
}

// A service that complains without an end costs a line of the log a second, and a reader who is
// behind the oldest ones, which are counted. What is wrapped as a publisher's events are is none.
func TestFloodOfServiceErrors(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var log lockedBuffer
		c := connect(t, s, rtx.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		complaints := c.Errors(t.Context())
		for i := range 100 {
			s.Complain("realtimex:error", fmt.Sprint(i), i)
		}
		synctest.Wait()
		var codes []int
		var dropped uint64
		for len(complaints.C) > 0 {
			codes = append(codes, (<-complaints.C).Code)
		}
		for g := range complaints.Gaps() {
			dropped += g.Dropped
		}
		if len(codes) != 64 || codes[0] != 36 || codes[63] != 99 || dropped != 36 {
			t.Errorf("got %v, and %d are told to be lost", codes, dropped)
		}
		if n := strings.Count(log.String(), "level=WARN msg=\"rtx: the service reports"); n != 1 {
			t.Errorf("%d lines within one instant", n)
		}
		_ = opened[numbered](t, c.Channel("a"), "n")
		s.Forge("a", "realtimex:error", map[string]any{"message": "forged"})
		s.Forge("a", "error", map[string]any{"message": "forged"})
		synctest.Wait()
		if n := c.Stats().Errors; n != 100 || len(complaints.C) != 0 {
			t.Errorf("%d are counted, %d came", n, len(complaints.C))
		}
	})
}
