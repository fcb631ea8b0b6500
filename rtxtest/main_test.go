package rtxtest_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The example of NewPipeServer can't run by itself: it needs a test.
func TestTheExampleOfNewPipeServer(t *testing.T) { testANightWithoutTheService(t) }
