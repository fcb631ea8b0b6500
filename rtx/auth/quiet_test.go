package auth

import (
	"errors"
	"net/url"
	"testing"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// What net/http quotes came over the wire, and is shown to nobody; nor is the URL.
func TestWhatWasQuotedIsCut(t *testing.T) {
	err := quiet(&url.Error{Op: "Post", URL: "https://backend.test/?token=t", Err: errors.New(`malformed HTTP status code "from the wire"`)}, redact.Of())
	if got, want := err.Error(), "malformed HTTP status code …"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
