package transport

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A StatusError means that a request of a session over polling was answered with another HTTP
// status than 200, by the server or by what stands before it. It ends the session, because what the
// request sent or was to bring may be lost. If the server does not know the session, it matches
// [ErrSessionUnknown].
type StatusError struct {
	Method  string // "GET" or "POST"
	Status  int    // the HTTP status
	Code    int    // the Engine.IO error code of the answer, such as 1 (unknown session); -1 if none
	Message string // the server's message to that code; shortened, printable, without secrets

	// RetryAfter is how long the server asks to wait, with a status 429 or 503; at most 5 minutes.
	// It is 0 if the server does not say.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "polling: %s answered with HTTP status %d", e.Method, e.Status)
	if e.Code >= 0 {
		fmt.Fprintf(&b, ": code %d", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %q", e.Message)
	}
	return b.String()
}

// Is reports whether target is ErrSessionUnknown and the server said so.
func (e *StatusError) Is(target error) bool {
	return target == ErrSessionUnknown && e.Status == http.StatusBadRequest && e.Code == codeSessionUnknown
}

// codeSessionUnknown is the code with which Engine.IO answers a request with a session id that it
// does not have.
const codeSessionUnknown = 1
