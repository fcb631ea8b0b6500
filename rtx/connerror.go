package rtx

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// The errors of the connection: what Connect returns, and what a [StateChange] has in Err.

var (
	// ErrServerDisconnect: the service ended the session, and keeps nothing of it. The client connects again.
	ErrServerDisconnect = errors.New("rtx: disconnected by the service")
	// ErrLinkDead: nothing came for the service's ping interval and ping timeout together, or the machine slept past that.
	ErrLinkDead = errors.New("rtx: connection is dead")
	// ErrProtocol: the service sent something that breaks the protocol.
	ErrProtocol = errors.New("rtx: the service broke the protocol")
	// ErrRedirect: the service's address redirects to another host, or from TLS to plain text. It is not followed: the URL
	// carries the API key.
	ErrRedirect = errors.New("rtx: redirect to another host refused")
	// ErrUnresponsive: the service answered heartbeats and no longer pings or subscriptions.
	ErrUnresponsive = errors.New("rtx: the service answers heartbeats but no pings")
)

// A ConnectError is the service's refusal of the connection, a wrong API key for one.
type ConnectError struct {
	Message string // the service's words, at most 200 bytes, printable
	Code    int    // the service's code; 0 if it gave none
	Final   bool   // asking again is of no use

	advice string
}

func (e *ConnectError) Error() string {
	if e.advice != "" {
		return "rtx: " + e.advice
	}
	s := fmt.Sprintf("rtx: the service refused the connection: %q", e.Message)
	if e.Code != 0 {
		s += fmt.Sprintf(" (code %d)", e.Code)
	}
	return s
}

// A Step is how far an attempt to connect came.
type Step string

const (
	StepDial    Step = "dial"    // no connection: name, route, TCP, TLS or proxy
	StepUpgrade Step = "upgrade" // the HTTP request for a WebSocket was not granted
	StepOpen    Step = "open"    // a WebSocket, and no Engine.IO handshake on it
	StepConnect Step = "connect" // no answer to CONNECT
)

// A DialError says why an attempt to connect failed, other than by the service's refusal.
type DialError struct {
	Step       Step
	Status     int           // of the HTTP answer; 0 if there was none
	Code       int           // the Engine.IO error code of the answer (0 unknown transport … 5 unsupported version); -1 if there was none
	Message    string        // the server's words to the code, at most 200 bytes, printable
	Heals      bool          // a later attempt may succeed
	RetryAfter time.Duration // what the server asked to wait; 0 if it did not
	Err        error         // the cause, such as a *net.OpError; nil if there is none

	advice string
}

func (e *DialError) Error() string {
	if e.advice != "" {
		return "rtx: " + e.advice
	}
	var b strings.Builder
	fmt.Fprintf(&b, "rtx: connecting failed at step %s", e.Step)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP status %d", e.Status)
	}
	if e.Code >= 0 {
		fmt.Fprintf(&b, ": code %d", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %q", e.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *DialError) Unwrap() error { return e.Err }

// A CloseError is a WebSocket close frame from the service.
type CloseError struct {
	Code   int    // as in RFC 6455, section 7.4; 1005 if the frame had none
	Reason string // at most 200 bytes, printable
}

func (e *CloseError) Error() string {
	s := fmt.Sprintf("rtx: connection closed by the service with code %d", e.Code)
	if e.Reason != "" {
		s += fmt.Sprintf(": %q", e.Reason)
	}
	return s
}

// A LostError says how a connection was lost, other than by a close frame. It matches [ErrServerDisconnect], [ErrLinkDead],
// [ErrProtocol], [ErrTooLarge] or [ErrUnresponsive] where one of them is the reason, and wraps the error of the network.
type LostError struct {
	reason  error         // one of the sentinels; nil: the network
	Silence time.Duration // how long nothing came; 0 unless the reason is ErrLinkDead
	Err     error         // the cause; nil if the reason says it all
}

func (e *LostError) Error() string {
	switch {
	case e.reason == nil && e.Err == nil:
		return "rtx: connection lost"
	case e.reason == nil:
		return "rtx: connection lost: " + e.Err.Error()
	case e.Err == nil:
		return e.reason.Error()
	}
	return e.reason.Error() + ": " + e.Err.Error()
}

func (e *LostError) Unwrap() []error {
	var all []error
	for _, err := range []error{e.reason, e.Err} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

// An InterruptedError is what Connect returns when its context ended first.
type InterruptedError struct {
	Cause error // the context's cause
	Last  error // why the last attempt failed; nil if it was still under way
}

func (e *InterruptedError) Error() string {
	if e.Last != nil {
		return fmt.Sprintf("rtx: connect: %v (last attempt: %v)", e.Cause, e.Last)
	}
	return fmt.Sprintf("rtx: connect: %v", e.Cause)
}

// Unwrap gives both.
func (e *InterruptedError) Unwrap() []error {
	if e.Last != nil {
		return []error{e.Cause, e.Last}
	}
	return []error{e.Cause}
}

// connectionError puts an error of the transport, or of the machine, into the library's terms. An error of a dialler that
// is not this library's stays as it is.
func (c *config) connectionError(err error) error {
	var (
		refused   *transport.ConnectError
		handshake *transport.HandshakeError
		closed    *transport.CloseError
		dead      *transport.DeadLinkError
		bad       *transport.ProtocolError
		lost      *transport.LostError
	)
	switch {
	case errors.As(err, &refused):
		return &ConnectError{Message: refused.Message, Code: refused.Code, Final: refused.Final(), advice: c.advice(err)}
	case errors.As(err, &handshake):
		verdict, after := dialVerdict(err)
		e := &DialError{
			Step: Step(handshake.Step), Status: handshake.Status, Code: handshake.Code, Message: handshake.Message,
			Heals: verdict != core.Refused, RetryAfter: after, advice: c.advice(err),
		}
		if handshake.Err != nil {
			e.Err = c.causeOf(handshake.Err)
		}
		return e
	}
	switch {
	case errors.As(err, &closed):
		return &CloseError{Code: closed.Code, Reason: closed.Reason}
	case errors.As(err, &dead):
		return &LostError{reason: ErrLinkDead, Silence: dead.Silence, Err: &core.DeadLinkError{Silence: dead.Silence, Slept: dead.Slept}}
	case errors.Is(err, transport.ErrServerDisconnect), errors.Is(err, transport.ErrServerClose):
		return &LostError{reason: ErrServerDisconnect}
	case errors.Is(err, transport.ErrFrameTooBig):
		return &LostError{reason: ErrTooLarge, Err: err}
	case errors.Is(err, core.ErrDeaf):
		return &LostError{reason: ErrUnresponsive}
	case errors.As(err, &bad):
		return &LostError{reason: ErrProtocol, Err: bad}
	case errors.As(err, &lost):
		return &LostError{Err: lost.Err}
	case errors.Is(err, transport.ErrClosed):
		return ErrClosed
	case errors.Is(err, transport.ErrReconnect):
		return &LostError{Err: core.ErrReconnect}
	case errors.Is(err, transport.ErrWriteTimeout):
		return &LostError{Err: transport.ErrWriteTimeout}
	}
	return err
}

// advice says what a failed attempt means and what to do about it, in the words that the command line has for it too.
func (c *config) advice(err error) string {
	u := c.serviceURL()
	return advice.Library(u.Scheme+"://"+u.Host, u.Path).Connection(advice.Of(err))
}

// causeOf is the cause of a failed handshake: an end of the connection in the middle of it is put into the library's terms.
func (c *config) causeOf(err error) error {
	var (
		closed *transport.CloseError
		bad    *transport.ProtocolError
	)
	if errors.Is(err, transport.ErrRedirect) {
		return ErrRedirect
	}
	if errors.As(err, &closed) || errors.As(err, &bad) || errors.Is(err, transport.ErrServerDisconnect) ||
		errors.Is(err, transport.ErrServerClose) || errors.Is(err, transport.ErrFrameTooBig) {
		return c.connectionError(err)
	}
	return err
}
