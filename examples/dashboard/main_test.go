package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheScreenShowsTheNewest(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `100 hosts on the screen, all at 50; the gauge is at 50
5000 loads, 0 dropped
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
