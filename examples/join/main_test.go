package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHalvesFindEachOther(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `Order 2: tea for 900 cents
Something was missed. To be looked up: [1]
Order 3: rug for 12000 cents
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}
