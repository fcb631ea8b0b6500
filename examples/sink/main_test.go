package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEverythingIsWrittenOnce(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `20 orders of 2000 cents are written, then 1 payload was no order
21 orders of 2007 cents are written, and put aside: [{20 -5}]
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
