package advice

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// Bare is an error's text without the names of the packages that it passed through, bounded and
// printable.
func Bare(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	text := err.Error()
	for _, name := range []string{"rtx: ", "transport: ", "auth: ", "presence: ", "rtxtest: "} {
		text = strings.ReplaceAll(text, name, "")
	}
	return clean(text)
}

// clean makes words of others fit to be shown. Secrets are hidden by whoever made the error: nobody
// else knows them.
func clean(text string) string { return redact.Secrets{}.Text(text) }
