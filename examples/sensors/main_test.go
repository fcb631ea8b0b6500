package main

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryReadingIsInAWindow(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, time.Second); err != nil {
		t.Fatal(err)
	}
	const want = `100 readings, mean 24.5 degrees, 1 gap
the door is open
4 positions left out
the hall is silent
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
