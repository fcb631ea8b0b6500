package main

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatWasTakenIsFinished(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out strings.Builder
	if err := run(ctx, &out, func() error { cancel(); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "Stopping: no new orders") || !strings.Contains(got, "The shop has the reports of all") {
		t.Error(got)
	}
}
