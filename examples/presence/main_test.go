package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheRosterThroughAnOutage(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"snapshot here: Ann Bob joined: Ann Bob left:",
		"diff here: Ann Bob Cid joined: Cid left:",
		"diff here: Ann Cid joined: left: Bob",
		"stale here: Ann Cid joined: left:",
		"snapshot here: Ann Dee joined: Dee left: Cid",
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || strings.Join(strings.Fields(got[i]), " ") != want[i] {
			t.Fatalf("got\n%swant\n%s", &out, strings.Join(want, "\n"))
		}
	}
}
