package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOrderIsKept(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `stored 25 readings, 1 to 25
stored 25 readings, 26 to 50
stored 25 readings, 51 to 75
stored 25 readings, 76 to 100
lost: 0
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
