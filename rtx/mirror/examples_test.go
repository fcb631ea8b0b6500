package mirror_test

import (
	"testing"

	"github.com/realtimex/realtimex-go/internal/exported"
)

func TestEverythingHasAnExample(t *testing.T) {
	for _, name := range append(exported.WithoutExample(t), exported.MethodsWithoutExample(t)...) {
		t.Errorf("no Example uses %s", name)
	}
}
