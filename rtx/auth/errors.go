package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// onServer is what is added to the words of an error when the endpoint was the RealtimeX server itself.
const onServer = "; the endpoint is on the RealtimeX server itself, which signs for nobody: it must be your own backend"

// none is what a nil error reads as, like fmt's.
const none = "<nil>"

// A DeniedError is a refusal of one channel.
type DeniedError struct {
	Channel  string
	Status   int    // of the HTTP answer; 0 if none was given
	Reason   string // in this library's words, never the answer's; may be empty
	OnServer bool   // the endpoint is on the RealtimeX server's own host and port
	Err      error  // what a Token or an Authorizer of the user's own said; may be nil
}

func (e *DeniedError) Error() string {
	if e == nil {
		return none
	}
	return message("is refused", e.Channel, e.Status, e.Reason, e.OnServer, e.Err)
}

// Unwrap returns Err.
func (e *DeniedError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// A RetryError is trouble that can pass: the backend is down, slow, or wants to be asked less often.
type RetryError struct {
	Channel  string
	Status   int           // of the HTTP answer; 0 if there was none
	After    time.Duration // how long the backend asks to be left alone, at most ten minutes; 0 if it does not say
	OnServer bool          // the endpoint is on the RealtimeX server's own host and port
	Err      error         // what went wrong on the way, without the URL and any secret; may be nil
}

func (e *RetryError) Error() string {
	if e == nil {
		return none
	}
	return message("can't be authorised now", e.Channel, e.Status, "", e.OnServer, e.Err)
}

// Unwrap returns Err.
func (e *RetryError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Timeout reports whether the backend was too slow.
func (e *RetryError) Timeout() bool {
	var timeout interface{ Timeout() bool }
	return e != nil && errors.As(e.Err, &timeout) && timeout.Timeout()
}

// An AnswerError is an answer that is no [Grant] for the channel.
type AnswerError struct {
	Channel  string
	Status   int    // of the HTTP answer; 0 if there was none
	Field    string // "auth", "channel_data", "Location" of a redirect; "" if it is the answer as a whole
	Reason   string // "missing"; never the field's content
	OnServer bool   // the endpoint is on the RealtimeX server's own host and port
}

func (e *AnswerError) Error() string {
	if e == nil {
		return none
	}
	field := "answer"
	if e.Field != "" {
		field += "'s " + e.Field
	}
	return message("is refused", e.Channel, e.Status, field+": "+e.Reason, e.OnServer, nil)
}

func message(verdict, channel string, status int, reason string, server bool, err error) string {
	var b strings.Builder
	b.WriteString("auth: ")
	if channel == "" {
		b.WriteString("a channel")
	} else {
		fmt.Fprintf(&b, "channel %q", channel)
	}
	b.WriteString(" " + verdict)
	if status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", status)
	}
	if reason != "" {
		b.WriteString(": " + reason)
	}
	if err != nil {
		b.WriteString(": " + err.Error())
	}
	if server {
		b.WriteString(onServer)
	}
	return b.String()
}

// An InputError says which input of a [Signer] can't be signed, because the signed text would be ambiguous or malformed.
type InputError struct {
	Field  string // "socket_id", "channel_name", "channel_data", "user_id", "key", "secret"
	Reason string // never the field's content
}

func (e *InputError) Error() string {
	if e == nil {
		return none
	}
	return "auth: " + e.Field + ": " + e.Reason
}
