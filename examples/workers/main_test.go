package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBothPoolsHandleEverything(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `plain:   4 workers handled 200 bookings, in any order
ordered: 4 workers handled 200 bookings, each customer's in their order
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
