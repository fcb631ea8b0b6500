package main

import (
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEverythingIsAccountedFor(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `2000 readings of 200 sensors are written, 1000 of them hot; 200 were missed.
An outage of 200 channels, told by 1800 gaps.
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

// The promise of the file: what this takes by hand fills hundreds of lines.
func TestThePipelineIsShort(t *testing.T) {
	text, err := os.ReadFile("pipeline.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n >= 60 {
		t.Errorf("%d lines", n)
	}
}
