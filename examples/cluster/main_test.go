package main

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("REPLICA") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	var out strings.Builder
	err := run(t.Context(), 10_000, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "the bus has 10000 events: 0 missing, 0 twice or out of order, 0 gap records") {
		t.Error("not all events are on the bus, once and in order")
	}
}
