package presence

import (
	"flag"
	"testing"

	"go.uber.org/goleak"

	"github.com/realtimex/realtimex-go/internal/observe"
)

var large = flag.Int("large", observe.LargeConfirmation, "the size in bytes from which on a roster counts as large")

func TestMain(m *testing.M) {
	flag.Parse()
	observe.LargeConfirmation = *large
	goleak.VerifyTestMain(m)
}
