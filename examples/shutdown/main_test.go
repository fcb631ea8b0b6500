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
	for _, want := range []string{
		"/readyz: 503 rtx: not ready: missing a connection\n", "/livez: 200 ok\n", "/readyz: 200 ok\n", "Stopping: no new orders",
		"/livez: 503 the client has ended\n", "The shop has the reports of all",
	} {
		if got := out.String(); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
