package main

import (
	"slices"
	"strings"
	"testing"
)

// The secret is taken off the process's argument list in both of its spellings, and nothing else
// is.
func TestHideSecretOverwritesItsArgument(t *testing.T) {
	for _, tt := range []struct{ args, left string }{
		{"listen --secret s3cret orders", "listen --secret xxxxxx orders"},
		{"listen --secret=s3cret orders", "listen --secret=xxxxxx orders"},
		{"listen --secret", "listen --secret"},
		{"listen --secrets=no -- orders", "listen --secrets=no -- orders"},
	} {
		var args []string
		for arg := range strings.FieldsSeq(tt.args) {
			args = append(args, strings.Clone(arg)) // memory that may be written to
		}
		if own := hideSecret(args); !slices.Equal(own, strings.Fields(tt.args)) {
			t.Errorf("%s: the program got %q", tt.args, own)
		}
		if left := strings.Join(args, " "); left != tt.left {
			t.Errorf("%s: %q is left", tt.args, left)
		}
	}
}
