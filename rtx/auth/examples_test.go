package auth_test

import (
	"testing"

	"github.com/realtimex/realtimex-go/internal/exported"
)

func TestEveryFunctionHasAnExample(t *testing.T) {
	for _, name := range exported.WithoutExample(t) {
		t.Errorf("no Example uses %s", name)
	}
}
