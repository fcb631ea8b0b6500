package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// onServer is what is added to the words of an error when the endpoint was the RealtimeX server
// itself.
const onServer = "; the endpoint is on the RealtimeX server itself, which signs for nobody: it must be your own backend"

// none is what a nil error reads as, like fmt's.
const none = "<nil>"

// A DeniedError means that one channel was refused. It is final for this subscription.
type DeniedError struct {
	Channel  string
	Status   int    // the HTTP status of the answer; 0 if there was none
	Reason   string // in the words of this library, never of the answer; may be empty
	OnServer bool   // whether the endpoint is the RealtimeX server, which signs for nobody
	Err      error  // what the function of WithToken returned, or your Authorizer; may be nil
}

func (e *DeniedError) Error() string {
	if e == nil {
		return none
	}
	return message("is refused", e.Channel, e.Status, e.Reason, e.OnServer, e.Err)
}

// Unwrap returns the Err of e.
func (e *DeniedError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// A RetryError means that the request failed for a reason that can pass: the backend is down, is
// too slow, or wants fewer requests. The client asks again, with back-off.
type RetryError struct {
	Channel  string
	Status   int           // the HTTP status of the answer; 0 if there was none
	After    time.Duration // the wait that the backend asks for, at most 10 minutes; 0 if none
	OnServer bool          // whether the endpoint is the RealtimeX server, which signs for nobody
	Err      error         // the error of the network, without the URL and secrets; may be nil
}

func (e *RetryError) Error() string {
	if e == nil {
		return none
	}
	return message("can't be authorised now", e.Channel, e.Status, "", e.OnServer, e.Err)
}

// Unwrap returns the Err of e.
func (e *RetryError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Timeout reports whether the backend took too long.
func (e *RetryError) Timeout() bool {
	var timeout interface{ Timeout() bool }
	return e != nil && errors.As(e.Err, &timeout) && timeout.Timeout()
}

// An AnswerError means that the answer of a backend is not a valid [Grant] for the channel.
type AnswerError struct {
	Channel  string
	Status   int    // the HTTP status of the answer; 0 if there was none
	Field    string // "auth", "channel_data", "Location" (of a redirect), of a batch "status" and "data"; "" for all of it
	Reason   string // what is wrong with it, such as "missing"; never its content
	OnServer bool   // whether the endpoint is the RealtimeX server, which signs for nobody
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

// An InputError means that a [Signer] can't sign, because one of its inputs would make the signed
// text ambiguous or malformed.
type InputError struct {
	Field  string // "socket_id", "channel_name", "channel_data", "user_id", "key" or "secret"
	Reason string // what is wrong with it, such as "missing"; never its content
}

func (e *InputError) Error() string {
	if e == nil {
		return none
	}
	return "auth: " + e.Field + ": " + e.Reason
}
