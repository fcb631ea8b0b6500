package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEverythingComesToTheLoop(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"connection: connected", "refund 7", "connection: reconnecting", "orders may be missing; reconnected: true", "packing [{1} {2}]",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, &out)
		}
	}
	if before, after, ok := strings.Cut(out.String(), "no orders: 1\n"); !ok || strings.Contains(before, "order 2\n") || !strings.Contains(after, "order 2\n") {
		t.Errorf("the payload that is no order is not told before the order that follows it:\n%s", &out)
	}
}
