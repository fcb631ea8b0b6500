package transport

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrClosed means that the session was closed for good. As the reason of Close it makes Close
	// send a DISCONNECT, after which the server keeps nothing of the session.
	ErrClosed = errors.New("transport: closed")

	// ErrReconnect means that the session was closed because another one is to follow. As the
	// reason of Close it lets the server keep the session, for the next one to resume.
	ErrReconnect = errors.New("transport: reconnecting on request")

	// ErrSessionClosed means that Send or Pong was called after the end of the session. The error
	// that they return also wraps the reason of the end.
	ErrSessionClosed = errors.New("transport: session closed")

	// ErrServerDisconnect means that the server sent a Socket.IO DISCONNECT (`41`). The server then
	// keeps no session that could be resumed.
	ErrServerDisconnect = errors.New("transport: disconnected by the server")

	// ErrServerClose means that the server sent an Engine.IO close packet (`1`).
	ErrServerClose = errors.New("transport: closed by the server")

	// ErrWriteTimeout means that the other side accepted nothing of a frame for the write timeout.
	// The session has ended. The error is a *WriteError.
	ErrWriteTimeout = errors.New("transport: write timed out")

	// ErrFrameTooBig means that the server sent a message that is larger than the session accepts.
	// The error is a *FrameError.
	ErrFrameTooBig = errors.New("transport: frame exceeds the read limit")

	// ErrBacklog means that more than 16 MiB or 65,536 packets arrived before the server answered
	// CONNECT.
	ErrBacklog = errors.New("transport: too much received before CONNECT was answered")

	// ErrMaxPayload means that the server accepts only frames shorter than 512 bytes (its
	// maxPayload), which is too short for a subscription.
	ErrMaxPayload = errors.New("transport: the server accepts only frames that are too short")

	// ErrSessionUnknown means that a server answered a request of a session over polling with the
	// status 400 and the code 1: it does not know the session. It was restarted, or has ended the
	// session, or the request reached another server than the one that has the session. The error
	// is a *StatusError.
	ErrSessionUnknown = errors.New("transport: the server does not know the session")

	// ErrRedirect means that the server redirected the handshake to another host, or from TLS to
	// plain text. The redirect is not followed, because the URL has the API key.
	ErrRedirect = errors.New("transport: redirect to another host refused")
)

// A HandshakeError means that no session could be made, for another reason than a refusal of
// CONNECT, which is a [*ConnectError]. [HandshakeError.Final] reports whether a retry is useless.
type HandshakeError struct {
	Transport Kind // what was to carry the session

	Step    string // the step that failed: "dial", "upgrade" (of a WebSocket), "open" or "connect"
	Status  int    // the HTTP status of the answer; 0 if there was none
	Code    int    // the Engine.IO error code, such as 5 (unsupported version); -1 if none
	Message string // the server's message to that code; shortened, printable, without secrets
	Err     error  // the cause; may be nil

	// RetryAfter is how long the server asks to wait before the next attempt, with a status 429 or
	// 503; at most 5 minutes. It is 0 if the server does not say.
	RetryAfter time.Duration

	// Resuming reports whether the attempt had asked to resume a session. The missed packets of
	// that session may be the cause: a frame or a backlog that is too big, a packet that can't be
	// decoded, a link without progress. They would come again, so ask for a new session next. The
	// same goes for a *ConnectError.
	Resuming bool
}

func (e *HandshakeError) Error() string {
	var b strings.Builder
	b.WriteString("transport: ")
	if e.Transport != "" {
		b.WriteString(string(e.Transport) + " ")
	}
	b.WriteString("handshake failed at ")
	b.WriteString(e.Step)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP status %d", e.Status)
	}
	if e.Code >= 0 {
		fmt.Fprintf(&b, ": code %d", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %q", e.Message)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ": retry after %s", e.RetryAfter)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

func (e *HandshakeError) Unwrap() error { return e.Err }

// A ConnectError means that the server refused CONNECT (`44`), for example with
// `{"message":"Invalid API key","data":{"code":4001}}`. [ConnectError.Final] reports whether a
// retry is useless.
type ConnectError struct {
	Message string // the server's message: at most 200 bytes, printable, without secrets
	Code    int    // the data.code of the answer; 0 if there was none

	refusesKey bool // by the whole message, of which Message may hide a part
}

func (e *ConnectError) Error() string {
	if e.Code != 0 {
		return fmt.Sprintf("transport: connection refused by the server: %q (code %d)", e.Message, e.Code)
	}
	return fmt.Sprintf("transport: connection refused by the server: %q", e.Message)
}

// A CloseError means that the server closed the connection with a WebSocket close frame.
type CloseError struct {
	Code   int    // the status code (RFC 6455, section 7.4); 1005 if the frame had none
	Reason string // the server's reason; shortened, printable, without secrets
}

func (e *CloseError) Error() string {
	if e.Reason != "" {
		return fmt.Sprintf("transport: link closed by the server with code %d: %q", e.Code, e.Reason)
	}
	return fmt.Sprintf("transport: link closed by the server with code %d", e.Code)
}

// A ProtocolError means that a frame or a packet of the server breaks the protocol. It says what is
// wrong, and does not show the content.
type ProtocolError struct {
	Fault string // what is wrong, in a few words; "" if Err says it
	Err   error  // the error of the decoder, or of who closed the session; may be nil
}

func (e *ProtocolError) Error() string {
	switch {
	case e.Err == nil:
		return "transport: protocol error: " + e.Fault
	case e.Fault == "":
		return "transport: protocol error: " + e.Err.Error()
	}
	return "transport: protocol error: " + e.Fault + ": " + e.Err.Error()
}

func (e *ProtocolError) Unwrap() error { return e.Err }

// A DeadLinkError means that the server has been silent for longer than its ping interval and ping
// timeout together. A session does not notice that by itself: its user compares [Session.Silence]
// with [Info.LinkTimeout] and gives this error to Close.
type DeadLinkError struct {
	Silence time.Duration // how long the server was silent
	Slept   bool          // by the wall clock only: the machine slept, or its clock was set
}

func (e *DeadLinkError) Error() string {
	if e.Slept {
		return fmt.Sprintf("transport: link dead: the clock jumped, no packet received for %s", e.Silence)
	}
	return fmt.Sprintf("transport: link dead: no packet received for %s", e.Silence)
}

// Timeout returns true. It makes the error a timeout, as net.Error has it.
func (e *DeadLinkError) Timeout() bool { return true }

// A LostError means that the connection broke. It wraps the error of the network.
type LostError struct {
	Err error // the error of the network, without secrets
}

func (e *LostError) Error() string { return fmt.Sprintf("transport: connection lost: %v", e.Err) }

func (e *LostError) Unwrap() error { return e.Err }

// A WriteError means that a frame was written in part, or not at all. It wraps [ErrWriteTimeout], or
// is the Err of a [*LostError] and wraps the error of the network.
type WriteError struct {
	Written int64 // how many bytes of the frame the system accepted; the server may have fewer
	Size    int64 // the bytes of the frame
	Err     error // the cause, without secrets
}

func (e *WriteError) Error() string {
	return fmt.Sprintf("%v after %d of %d bytes of a frame", e.Err, e.Written, e.Size)
}

func (e *WriteError) Unwrap() error { return e.Err }

// A SizeError means that Send did not send a packet, because the server would end the connection if
// it received a frame of that size.
type SizeError struct {
	Size int64 // the bytes of the frame: the packet and one byte before it
	Max  int64 // the Info.MaxPayload of the session, in bytes
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("transport: frame of %d bytes exceeds the server's limit of %d", e.Size, e.Max)
}

// A FrameError means that the server sent a message that is larger than the session accepts: a
// frame longer than the read limit, attachments longer than that together, or more than 10
// attachments. It matches [ErrFrameTooBig].
type FrameError struct {
	Limit       int64  // the read limit, in bytes
	Size        int64  // the length of the frame, in bytes; 0 if that is not known
	Attachments bool   // whether the fault is that it has more than 10 attachments
	Head        []byte // the first bytes of its text, at most 512; no print shows them
}

const maxFrameHead = 512

func (e *FrameError) Error() string {
	if e.Attachments {
		return "transport: too many attachments"
	}
	text := fmt.Sprintf("%v of %d bytes", ErrFrameTooBig, e.Limit)
	if e.Size > 0 {
		text += fmt.Sprintf(": it has %d", e.Size)
	}
	return text
}

// Format implements [fmt.Formatter]. It writes Error, whatever the verb.
func (e *FrameError) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(e.Error())) }

func (e *FrameError) Unwrap() error { return ErrFrameTooBig }
