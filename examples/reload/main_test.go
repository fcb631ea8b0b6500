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
	const want = `New: lamps 7.
Changed: lamps 6.
The server goes down, and the stock changes meanwhile.
From here on, changes may be missing.
New: rugs 40. Changed: lamps 2.
Changed: rugs 39.
Up to date, with two changes that no event told.
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
