package rtx

import (
	"errors"
	"fmt"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// The errors a caller tells apart with [errors.Is]. What else went wrong is wrapped inside.
var (
	// ErrClosed: the client was closed, by Close or because the service refused it for good.
	ErrClosed = errors.New("rtx: client is closed")
	// ErrNotConnected: there is no connection now. States tells when there is one again.
	ErrNotConnected = errors.New("rtx: not connected")
	// ErrNotSubscribed: nothing holds the channel; Subscribe to it, or open a stream on it, first.
	ErrNotSubscribed = errors.New("rtx: channel is not subscribed")
	// ErrUnsubscribed ends the streams of a channel on which Unsubscribe was called.
	ErrUnsubscribed = errors.New("rtx: channel was unsubscribed")
	// ErrSubscribeTimeout: the service did not answer two requests to subscribe.
	ErrSubscribeTimeout = errors.New("rtx: subscription was not confirmed in time")
	// ErrAuthRequired: a private- or presence- channel needs WithAuth or WithAuthEndpoint.
	ErrAuthRequired = errors.New("rtx: private and presence channels need WithAuth or WithAuthEndpoint")
	// ErrOverflow ends a stream with the policy End or Grow that had no room left.
	ErrOverflow = stream.ErrOverflow
	// ErrTooLarge: the message is larger than the service takes; nothing was sent.
	ErrTooLarge = errors.New("rtx: message is larger than the service accepts")
	// ErrEventName: the event's name is empty, too long, or does not begin with "client-" where it must.
	ErrEventName = errors.New("rtx: bad event name")
	// ErrChannelName: the channel's name is empty, longer than 200 bytes, or holds control characters.
	ErrChannelName = errors.New("rtx: bad channel name")
	// ErrPublicChannel: client events travel on private- and presence- channels only; the service drops others.
	ErrPublicChannel = errors.New("rtx: client events need a private- or presence- channel")
)

// An OptionError is what New, On and Partition say of an option that can't be used.
type OptionError struct {
	Option string // the option's name, "WithPort"
	Reason string
}

func (e *OptionError) Error() string { return "rtx: " + e.Option + ": " + e.Reason }

func badOption(name, format string, args ...any) error {
	return &OptionError{Option: name, Reason: fmt.Sprintf(format, args...)}
}

// A SubscribeError says that a channel could not be subscribed. It is what Subscribe and Stream.Ready return, what
// Stream.Err says of a stream that the refusal ended, and what the log has.
type SubscribeError struct {
	Channel string
	Code    int    // the service's code; 0 if it gave none
	Message string // the service's words, cut to 200 bytes; empty if it was not the service that refused
	Err     error  // *auth.DeniedError, *auth.AnswerError, ErrSubscribeTimeout …; nil if the service refused
}

func (e *SubscribeError) Error() string {
	s := fmt.Sprintf("rtx: subscribing to %q", e.Channel)
	if e.Err != nil {
		return s + ": " + e.Err.Error()
	}
	s += ": refused by the service"
	if e.Message != "" {
		s += fmt.Sprintf(": %q", e.Message)
	}
	if e.Code != 0 {
		s += fmt.Sprintf(" (code %d)", e.Code)
	}
	return s
}

func (e *SubscribeError) Unwrap() error { return e.Err }

// A PayloadError says why a payload was not delivered to a stream: it is the Err of a [Gap] with Malformed.
// It does not carry the payload.
type PayloadError struct {
	Channel, Event string
	Err            error // the decoder's error; a *PanicError if the decoder panicked
}

func (e *PayloadError) Error() string {
	return fmt.Sprintf("rtx: payload of %q on %q: %v", e.Event, e.Channel, e.Err)
}

func (e *PayloadError) Unwrap() error { return e.Err }

// A PanicError is a panic of the user's own code, a decoder, key function, authorizer or dialer, caught so that it stops nobody
// else.
type PanicError struct{ Value any }

func (e *PanicError) Error() string { return fmt.Sprintf("panicked: %v", e.Value) }

// A ChannelError says which channel an error of a call is about.
type ChannelError struct {
	Channel string
	Err     error // ErrNotSubscribed, ErrNotConnected
}

func (e *ChannelError) Error() string { return fmt.Sprintf("%v: %q", e.Err, e.Channel) }

func (e *ChannelError) Unwrap() error { return e.Err }

// A WaitError is what a wait returns whose context ended first: Ready, Subscribe, Trigger, Ping. It says what it waited for
// and the last thing that went wrong.
type WaitError struct {
	For   string // what was waited for
	Cause error  // the context's cause
	Last  error  // the last failure of it; nil if there was none
}

func (e *WaitError) Error() string {
	s := fmt.Sprintf("rtx: waiting for %s: %v", e.For, e.Cause)
	if e.Last != nil {
		s += fmt.Sprintf(" (last failure: %v)", e.Last)
	}
	return s
}

// Unwrap gives both.
func (e *WaitError) Unwrap() []error {
	if e.Last != nil {
		return []error{e.Cause, e.Last}
	}
	return []error{e.Cause}
}
