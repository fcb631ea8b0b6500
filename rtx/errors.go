package rtx

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/internal/stream"
)

// Errors that a caller can test for with [errors.Is]. They may wrap a cause, or be wrapped.
var (
	// ErrClosed means that the client has ended: Close was called, or the service refused it for
	// good.
	ErrClosed = errors.New("rtx: client is closed")
	// ErrNotConnected means that there is no connection now. Client.States reports when there is
	// one again.
	ErrNotConnected = errors.New("rtx: not connected")
	// ErrNotSubscribed means that nothing holds the channel. Subscribe to it, or open a stream on
	// it, first.
	ErrNotSubscribed = errors.New("rtx: channel is not subscribed")
	// ErrUnsubscribed means that Client.ForceUnsubscribe ended the stream, room or hold.
	ErrUnsubscribed = errors.New("rtx: channel was unsubscribed")
	// ErrSubscribeTimeout means that the service did not answer two requests to subscribe.
	ErrSubscribeTimeout = errors.New("rtx: subscription was not confirmed in time")
	// ErrAuthRequired means that a private- or presence- channel was used without WithAuth or
	// WithAuthEndpoint.
	ErrAuthRequired = errors.New("rtx: private and presence channels need WithAuth or WithAuthEndpoint")
	// ErrOverflow means that a stream with the policy EndStream or Grow had no room for a value.
	ErrOverflow = stream.ErrOverflow
	// ErrTooLarge means that a message is too large. If it was to be sent, the service would not
	// take it and nothing was sent. If it was received, it is longer than [WithReadLimit] allows.
	ErrTooLarge = errors.New("rtx: message is too large")
	// ErrEventName means that an event's name is empty or too long, or that a client event's name
	// does not begin with "client-".
	ErrEventName = errors.New("rtx: bad event name")
	// ErrChannelName means that a channel's name is empty, longer than 200 bytes, or has control
	// characters in it.
	ErrChannelName = errors.New("rtx: bad channel name")
	// ErrPublicChannel means that a client event was to be sent on a public channel. Client events
	// need a private- or presence- channel; the service drops others.
	ErrPublicChannel = errors.New("rtx: client events need a private- or presence- channel")
)

// An OptionError says that an option can't be used, or can't be used together with another one.
// New, On, OnAny, Partition and Channel.Subscribe return it. Policy.UnmarshalText returns it for a
// text that is not a policy.
type OptionError struct {
	Option string // the option's name, such as "WithPort"
	Reason string
}

func (e *OptionError) Error() string { return "rtx: " + e.Option + ": " + e.Reason }

func badOption(name, format string, args ...any) error {
	return &OptionError{Option: name, Reason: fmt.Sprintf(format, args...)}
}

// A SubscribeError says why a channel could not be subscribed. Channel.Subscribe and Stream.Ready
// return it, Stream.Err returns it if the refusal ended the stream, and the log has it.
type SubscribeError struct {
	Channel string
	Code    int    // the service's code; 0 if it gave none
	Message string // the service's message, cut to 200 bytes; "" if the service did not refuse
	// Err is nil if the service refused. Otherwise it is the cause, such as an *auth.DeniedError,
	// an *auth.AnswerError, ErrAuthRequired or ErrSubscribeTimeout.
	Err error
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

// A PayloadError says why a payload was not delivered to a stream. It is the Err of a [Gap] with
// Malformed. It does not have the payload in it.
//
// Err is the decoder's error, or a [*PanicError] if the decoder panicked. Its text is cut to 200
// bytes and made printable. Where that changes it, errors.Is and errors.As still find the original
// error.
type PayloadError struct {
	Channel, Event string
	Err            error
}

func (e *PayloadError) Error() string {
	return fmt.Sprintf("rtx: payload of %q on %q: %v", e.Event, e.Channel, e.Err)
}

func (e *PayloadError) Unwrap() error { return e.Err }

// A PanicError is a panic in user code (a decoder, key function, authorizer or dialer) that the
// client recovered, so that nothing else stops.
type PanicError struct{ Value any }

func (e *PanicError) Error() string { return fmt.Sprintf("panicked: %v", e.Value) }

// A ChannelError says which channel an error is about.
type ChannelError struct {
	Channel string
	Err     error // such as ErrNotSubscribed or ErrNotConnected
}

func (e *ChannelError) Error() string { return fmt.Sprintf("%v: %q", e.Err, e.Channel) }

func (e *ChannelError) Unwrap() error { return e.Err }

// A WaitError means that a context ended before what a call waited for. Stream.Ready,
// Channel.Subscribe, Channel.Trigger, Client.Ping and Ready of a room return it. It says what the
// call waited for, and the last failure.
type WaitError struct {
	For   string // what the call waited for
	Cause error  // context.Cause of the context
	Last  error  // the last failure meanwhile; nil if there was none
}

func (e *WaitError) Error() string {
	s := fmt.Sprintf("rtx: waiting for %s: %v", e.For, e.Cause)
	if e.Last != nil {
		s += fmt.Sprintf(" (last failure: %v)", e.Last)
	}
	return s
}

// Unwrap returns Cause, and Last unless it is nil.
func (e *WaitError) Unwrap() []error {
	if e.Last != nil {
		return []error{e.Cause, e.Last}
	}
	return []error{e.Cause}
}

// A NotReadyError says why a stream, group, room or client is not ready now: what is missing, and
// the last failure. Readiness returns it.
type NotReadyError struct {
	// Missing is what is missing, such as "a connection" or `the subscription of "orders"`. It
	// names one channel and counts the others.
	Missing string
	Last    error // the last failure, or why it has ended; nil if there was none
}

func (e *NotReadyError) Error() string {
	s := "rtx: not ready: missing " + e.Missing
	if e.Last != nil {
		s += fmt.Sprintf(" (last failure: %v)", e.Last)
	}
	return s
}

func (e *NotReadyError) Unwrap() error { return e.Last }

func checkContext(ctx context.Context) error {
	if ctx == nil {
		return errNilContext
	}
	return nil
}

// A ServiceError is an error that the service reports while the connection continues, with an event
// "error" or "realtimex:error". It ends nothing. If the service refuses a channel or the
// connection, that is a [SubscribeError] or a [ConnectError] instead.
type ServiceError struct {
	Code    int       // the service's code, in Pusher's ranges (4000-4099, …); 0 if it gave none
	Message string    // the service's message, cut to 200 bytes, printable, without secrets
	At      time.Time // when it came, by the local clock
}

// readable returns err with a text that can be shown. A decoder's error may quote the payload,
// which can be long and can have control characters for a terminal in it. readable calls user code,
// which may panic.
func readable(err error) (shown error) {
	defer func() {
		if r := recover(); r != nil {
			shown = &PanicError{Value: redact.Secrets{}.Text(fmt.Sprint(r))}
		}
	}()
	return redact.Secrets{}.Error(err)
}
