package auth

import (
	"context"
	"errors"
	"net"
	"net/textproto"
	"net/url"
	"strings"
)

// quietError is an error of net/http in words that hold nothing of the URL and of what came over the wire. The error itself
// is there for errors.Is and errors.As alone.
type quietError struct {
	text string
	err  error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.err }

// quiet puts an error into such words.
func quiet(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return &quietError{"no answer in time", err}
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return &quietError{"the answer is not HTTP", err}
	}
	// net/http and its friends put what they quote between quotation marks, and at the end.
	text, _, cut := strings.Cut(err.Error(), `"`)
	if cut {
		text += "…"
	}
	return &quietError{text, err}
}
