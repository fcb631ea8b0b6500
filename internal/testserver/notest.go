package testserver

import (
	"fmt"
	"testing"
)

// noTest stands for the test on a server of Start's, which has none to fail: what would fail it
// panics.
type noTest struct{ testing.TB }

func (noTest) Helper() {}

func (noTest) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (noTest) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
