package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBooksAreTrue(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `snapshots of [tea oil]
snapshots of [tea]
tea: map[100:5] oil: map[70:3 71:8]
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
