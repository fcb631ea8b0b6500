package main

import (
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// A redacted value shows a text in place of itself in logs.
type redacted struct{ Secret string }

func (redacted) LogValue() slog.Value { return slog.StringValue("hidden") }

// What stands for a name is written as that name: neither a number nor an empty object says
// anything.
func TestJSONLinesHaveTexts(t *testing.T) {
	line := newJSONLine()
	for want, value := range map[string]any{
		`"connected"`:            rtx.StateConnected,
		`"diff"`:                 presence.Diff,
		`"rtx: not connected"`:   rtx.ErrNotConnected,
		`"no\nline"`:             errors.New("no\nline"),
		`"1.5s"`:                 1500 * time.Millisecond,
		`"2026-01-02T00:00:00Z"`: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		`7`:                      7,
		`1.25`:                   1.25,
		`"text"`:                 "text",
		`[]`:                     wire(nil),
		`[{"user_id":"a"}]`:      []wireMember{{ID: "a"}},
	} {
		line.begin(time.Time{})
		line.add("value", value)
		if got := timeless(t, string(line.end())); got != `{"value":`+want+`}` {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestNotesHaveTexts(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/err")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	log := slog.New(noteHandler{newConsole(os.Stdin, file, file)})
	log.Info("happened", "state", rtx.StateConnected, "error", errors.New("why"), "secret", redacted{"hunter2"})
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	wantLine(t, string(text)[len("rtx: ")+len(clock):], "  happened  state=connected  error=why  secret=hidden\n")
}
