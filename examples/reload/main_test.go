package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheTableIsRightAfterAnOutage(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `Loaded: lamps 7
Event:  lamps 6
The server goes down, and the stock changes meanwhile.
Gap: reconnected true, dropped 0. Loading again.
Loaded: lamps 2 rugs 40
Event:  rugs 39
Up to date, with two changes that no event told.
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
