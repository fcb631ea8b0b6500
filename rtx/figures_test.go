package rtx_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// Streams of one channel and event have one name. Their ids tell them apart, so that a collector
// can label figures by both.
func TestStreamStatsAreToldApart(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		ch := c.Channel("a")
		seen := make(map[uint64]bool)
		for range 3 { // an id is never used again
			first, second := opened[numbered](t, ch, "n"), opened[numbered](t, ch, "n")
			parts := rtx.Partition(t.Context(), ch, "n", 3, func(v numbered) int { return v.N })
			publish(s, "a", 1)
			next(t, first)
			all := c.StreamStats()
			if len(all) != 5 {
				t.Fatalf("%d streams: %+v", len(all), all)
			}
			labels := make(map[string]bool)
			for _, f := range all {
				if f.ID == 0 || seen[f.ID] || labels[fmt.Sprint(f.Name, f.ID)] {
					t.Errorf("id %d of %s is not its own", f.ID, f.Name)
				}
				seen[f.ID], labels[fmt.Sprint(f.Name, f.ID)] = true, true
			}
			if a, b := first.Stats(), second.Stats(); a.Name != "a/n" || b.Name != a.Name || a.ID == b.ID || a.Delivered != 1 || b.Delivered != 0 {
				t.Errorf("got %+v and %+v", a, b)
			}
			if all[0].Name != "a/n" || all[0].ID != first.Stats().ID || all[1].ID != second.Stats().ID {
				t.Errorf("the client lists %+v", all)
			}
			first.Close()
			second.Close()
			for _, p := range parts {
				p.Close()
			}
		}
		if errors := c.Errors(t.Context()).Stats(); errors.ID == 0 || seen[errors.ID] {
			t.Errorf("got %+v", errors)
		}
	})
}

// Connected, and nothing arrives: the figures say which event came that nobody was open for, and
// where.
func TestUnclaimedEventsAreNamed(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		_ = opened[numbered](t, c.Channel("orders"), "created")
		if st := c.Stats(); st.Unclaimed != 0 || st.LastUnclaimed != (rtx.UnclaimedEvent{}) {
			t.Errorf("before any: %+v", st)
		}
		s.Publish("orders", "created", numbered{1})
		s.Publish("orders", "Created", numbered{1}) // a slip of the pen
		s.Publish("orders", "order\x1b[31m"+strings.Repeat("x", 300), numbered{1})
		synctest.Wait()
		st := c.Stats()
		if st.Unclaimed != 2 || st.Delivered != 1 || st.LastUnclaimed.Channel != "orders" {
			t.Errorf("got %+v", st)
		}
		if e := st.LastUnclaimed.Event; len(e) > 200 || strings.ContainsRune(e, 0x1b) || !strings.HasPrefix(e, "order") {
			t.Errorf("the event is shown as %q", e)
		}
		for range 5 {
			s.Publish("orders", "Created", numbered{1})
		}
		synctest.Wait()
		if st := c.Stats(); st.Unclaimed != 7 || st.LastUnclaimed != (rtx.UnclaimedEvent{Channel: "orders", Event: "Created"}) {
			t.Errorf("got %+v", st)
		}
		_ = rtx.On[numbered](t.Context(), c, "*")
		s.Publish("orders", "Created", numbered{1})
		synctest.Wait()
		if n := c.Stats().Unclaimed; n != 7 {
			t.Errorf("%d, though a stream took it", n)
		}
	})
}

// The log says at Debug what becomes of each channel, and at Warn what goes wrong.
func TestChannelsInTheLog(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var log lockedBuffer
		c := connect(t, s, rtx.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		stream := opened[numbered](t, c.Channel("a"), "n")
		stream.Close()
		synctest.Wait()
		s.Deny("b", "not for you", 4009)
		_, _ = c.Channel("b").Subscribe(t.Context())
		s.DenyNext("c", 1, "busy", 4150)
		_, _ = c.Channel("c").Subscribe(t.Context())
		time.Sleep(time.Second)
		for _, want := range []string{
			`level=DEBUG msg="rtx: subscribing" channel=a`, `level=DEBUG msg="rtx: subscribed" channel=a`,
			`level=DEBUG msg="rtx: leaving a channel" channel=a`, `level=WARN msg="rtx: subscription failed" channel=b`,
			`level=WARN msg="rtx: subscription is not confirmed, trying again" channel=c`, `level=DEBUG msg="rtx: subscribed" channel=c`,
		} {
			if n := strings.Count(log.String(), want+" ") + strings.Count(log.String(), want+"\n"); n != 1 {
				t.Errorf("%d lines of %s in\n%s", n, want, log.String())
			}
		}
	})
}

// What no stream could have, and every subscription that failed, is in the client's figures, so that
// a collector of metrics sees it.
func TestWhatIsMissedOrRefusedIsCounted(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		figures := func() string { return fmt.Sprint(c.Stats().Missed, " missed, ", c.Stats().Refused, " refused") }
		_ = opened[numbered](t, c.Channel("a"), "n")
		_ = opened[numbered](t, c.Channel("a"), "m")
		_ = rtx.Partition(t.Context(), c.Channel("a"), "n", 3, func(v numbered) int { return v.N })
		_ = opened[numbered](t, rtx.NewGroup(c.Channel("a"), c.Channel("b")), "n")
		s.Publish("a", "n", "not a number")
		synctest.Wait()
		if got := figures(); got != "0 missed, 0 refused" {
			t.Error("before an outage:", got)
		}
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		if got := figures(); got != "5 missed, 0 refused" { // the group's stream on both its channels
			t.Error("after it:", got)
		}
		s.DenyNext("c", 3, "busy", 4150)
		if _, err := c.Channel("c").Subscribe(t.Context()); err != nil {
			t.Error(err)
		}
		if got := figures(); got != "5 missed, 3 refused" {
			t.Error("after three refusals that heal:", got)
		}
		s.Deny("b", "not for you", 4009)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		if got := figures(); got != "10 missed, 4 refused" { // the group's stream goes on without b: Ended
			t.Error("after one that is final:", got)
		}
		if err := c.ForceUnsubscribe("c"); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if got := figures(); got != "10 missed, 4 refused" {
			t.Error("what is left by choice counts:", got)
		}
	})
}
