package rtx_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A subscription that is larger than the service takes costs itself alone, and so does an event.
func TestPacketOverMaxPayload(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s), rtx.WithUserData(map[string]string{"user_id": "me", "about": strings.Repeat("x", 20_000)}))
		good := opened[numbered](t, c.Channel("private-good"), "n")
		var refused *rtx.SubscribeError
		_, err := c.Channel("presence-bad").Subscribe(t.Context())
		if !errors.As(err, &refused) || refused.Channel != "presence-bad" || !errors.Is(err, rtx.ErrTooLarge) {
			t.Errorf("the subscription: %v", err)
		}
		if err := c.Channel("private-good").Trigger(t.Context(), "client-n", strings.Repeat("x", 20_000)); !errors.Is(err, rtx.ErrTooLarge) {
			t.Errorf("the event: %v", err)
		}
		time.Sleep(time.Minute)
		publish(s, "private-good", 1)
		if next(t, good).N != 1 || s.Stats().Connects != 1 {
			t.Errorf("%d connections", s.Stats().Connects)
		}
	}, testserver.WithMaxPayload(10_000))
}

func TestNamesAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		longest := strings.Repeat("x", 200)
		stream := opened[numbered](t, c.Channel(longest), longest)
		stream.Close()
		if _, err := c.Channel(longest + "x").Subscribe(t.Context()); !errors.Is(err, rtx.ErrChannelName) {
			t.Errorf("the channel: %v", err)
		}
		if err := rtx.On[numbered](t.Context(), c.Channel("a"), longest+"x").Err(); !errors.Is(err, rtx.ErrEventName) {
			t.Errorf("the event: %v", err)
		}
	})
}

// The table of limits names a test for each, and there is one of that name.
func TestEachLimitHasItsTest(t *testing.T) {
	table, err := os.ReadFile("../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := make(map[string]bool)
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(source, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named, rows := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`"), 0
	for line := range strings.Lines(string(table)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| what |") {
			continue
		}
		rows++
		found := named.FindAllStringSubmatch(line, -1)
		if len(found) == 0 {
			t.Errorf("no test: %s", line)
		}
		for _, m := range found {
			if !tests[m[1]] {
				t.Errorf("there is no %s", m[1])
			}
		}
	}
	if rows < 30 {
		t.Errorf("%d rows: has the table another form?", rows)
	}
}
