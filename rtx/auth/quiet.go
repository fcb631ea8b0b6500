package auth

import (
	"context"
	"errors"
	"net"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// quiet returns an error of net/http with a text that has nothing of the URL, and nothing of the
// answer except what a certificate or a proxy says about itself. The original is only used by
// errors.Is and errors.As.
func quiet(err error, secrets redact.Secrets) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return secrets.Wrap(err, "no answer in time")
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return secrets.Wrap(err, "the answer is not HTTP")
	}
	// net/http and its friends put what they quote between quotation marks, and at the end.
	text, _, cut := strings.Cut(err.Error(), `"`)
	if cut {
		text += "…"
	}
	return secrets.Wrap(err, text)
}
