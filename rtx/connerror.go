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

// The errors of the connection: Connect returns them, and they are the Err of a [StateChange].

var (
	// ErrServerDisconnect means that the service ended the session and keeps nothing of it. The
	// client connects again.
	ErrServerDisconnect = errors.New("rtx: disconnected by the service")
	// ErrLinkDead means that nothing was received for the service's ping interval plus its ping
	// timeout, or that the machine slept for longer than that.
	ErrLinkDead = errors.New("rtx: connection is dead")
	// ErrProtocol means that the service sent something that breaks the protocol.
	ErrProtocol = errors.New("rtx: the service broke the protocol")
	// ErrRedirect means that the service's address redirects to another host, or from TLS to plain
	// text. The redirect is not followed, because the URL has the API key in it.
	ErrRedirect = errors.New("rtx: redirect to another host refused")
	// ErrUnresponsive means that the service answers heartbeats but no longer answers pings or
	// subscriptions.
	ErrUnresponsive = errors.New("rtx: the service answers heartbeats but no pings")
)

// A ConnectError says that the service refused the connection, for example because the API key is
// wrong.
type ConnectError struct {
	Message string // the service's message, cut to 200 bytes and printable
	Code    int    // the service's code; 0 if it gave none
	Final   bool   // whether the refusal is final: connecting again does not help

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

// A ConnectStep is the step of connecting at which an attempt failed.
type ConnectStep string

const (
	StepDial    ConnectStep = "dial"    // no connection: DNS, routing, TCP, TLS or proxy
	StepUpgrade ConnectStep = "upgrade" // the server refused the HTTP request for a WebSocket
	StepOpen    ConnectStep = "open"    // no Engine.IO handshake came on the WebSocket, or by polling
	StepConnect ConnectStep = "connect" // no answer to CONNECT
)

// A DialError says why an attempt to connect failed for another reason than a refusal by the
// service.
type DialError struct {
	Transport Transport   // what was to carry the connection; "" if a dialer of the user's does not say
	Step      ConnectStep // where the attempt failed
	Status    int         // the HTTP status of the answer; 0 if there was none
	// Code is the Engine.IO error code of the answer, from 0 (unknown transport) to 5 (unsupported
	// version); -1 if there was none.
	Code       int
	Message    string        // the server's message for Code, cut to 200 bytes and printable
	Retryable  bool          // whether a later attempt may succeed
	RetryAfter time.Duration // how long the server asked to wait; 0 if it did not
	Err        error         // the cause, such as a *net.OpError; nil if there is none

	advice string
}

func (e *DialError) Error() string {
	if e.advice != "" {
		return "rtx: " + e.advice + e.Transport.over()
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
	return b.String() + e.Transport.over()
}

func (e *DialError) Unwrap() error { return e.Err }

// A ProxyError says that a proxy did not connect to the service. It is in the Err of a [*DialError]
// with StepDial. It shows no credentials. The client tries again.
type ProxyError struct {
	Proxy  string // the host and the port of the proxy; "" if the proxy to use is not known
	Status int    // the HTTP status of the proxy's answer to CONNECT; 0 if there was none
	Err    error  // the cause; nil if Status says it
}

func (e *ProxyError) Error() string {
	told := transport.ProxyError(*e)
	return "rtx: " + advice.Bare(&told)
}

func (e *ProxyError) Unwrap() error { return e.Err }

// stepOf returns the step at which an attempt failed, or "" if the error does not say.
func stepOf(err error) ConnectStep {
	if failed, ok := errors.AsType[*DialError](err); ok {
		return failed.Step
	}
	return ""
}

// A CloseError says that the service closed the connection with a WebSocket close frame.
type CloseError struct {
	Code   int    // the status code of RFC 6455, section 7.4; 1005 if there was none
	Reason string // cut to 200 bytes and printable
}

func (e *CloseError) Error() string {
	s := fmt.Sprintf("rtx: connection closed by the service with code %d", e.Code)
	if e.Reason != "" {
		s += fmt.Sprintf(": %q", e.Reason)
	}
	return s
}

// A LostError says how a connection was lost, other than by a close frame. It wraps the error of
// the network, if there is one. errors.Is finds [ErrServerDisconnect], [ErrLinkDead],
// [ErrProtocol], [ErrTooLarge] or [ErrUnresponsive] in it if that is the reason.
type LostError struct {
	reason  error         // one of the sentinels; nil for an error of the network
	Silence time.Duration // how long nothing was received; 0 unless it is an ErrLinkDead
	Err     error         // the cause; nil if there is none
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

// An InterruptedError says that the context of Connect ended before there was a connection.
type InterruptedError struct {
	Cause error // context.Cause of the context
	Last  error // why the last attempt failed; nil if none had failed yet
}

func (e *InterruptedError) Error() string {
	if e.Last != nil {
		return fmt.Sprintf("rtx: connect: %v (last attempt: %v)", e.Cause, e.Last)
	}
	return fmt.Sprintf("rtx: connect: %v", e.Cause)
}

// Unwrap returns Cause, and Last unless it is nil.
func (e *InterruptedError) Unwrap() []error {
	if e.Last != nil {
		return []error{e.Cause, e.Last}
	}
	return []error{e.Cause}
}

// connectionError turns an error of the transport, or of the machine, into one of the library's
// public types. It returns other errors, such as those of a user's dialer, as they are.
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
			Transport: Transport(handshake.Transport), Step: ConnectStep(handshake.Step), Status: handshake.Status, Code: handshake.Code, Message: handshake.Message,
			Retryable: verdict != core.Refused, RetryAfter: after, advice: c.advice(err),
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
		return &LostError{Err: err}
	}
	return err
}

// advice says what a failed attempt means and what to do about it, in the same words as the
// command.
func (c *config) advice(err error) string {
	u := c.serviceURL()
	return advice.Library(u.Scheme+"://"+u.Host, u.Path).Connection(advice.Of(err))
}

// causeOf returns the cause of a failed handshake. If the connection ended during the handshake,
// that is turned into one of the library's public types.
func (c *config) causeOf(err error) error {
	var (
		closed *transport.CloseError
		bad    *transport.ProtocolError
	)
	if errors.Is(err, transport.ErrRedirect) {
		return ErrRedirect
	}
	if proxy, ok := errors.AsType[*transport.ProxyError](err); ok {
		told := ProxyError(*proxy)
		return &told
	}
	if errors.As(err, &closed) || errors.As(err, &bad) || errors.Is(err, transport.ErrServerDisconnect) ||
		errors.Is(err, transport.ErrServerClose) || errors.Is(err, transport.ErrFrameTooBig) {
		return c.connectionError(err)
	}
	return err
}
