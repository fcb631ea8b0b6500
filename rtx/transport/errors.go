package transport

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

var (
	// ErrClosed ends a session for good: the server is told so by a DISCONNECT.
	ErrClosed = errors.New("transport: closed")

	// ErrReconnect ends a session that another is to follow: the server may keep it.
	ErrReconnect = errors.New("transport: reconnecting on request")

	// ErrSessionClosed is matched by what Send returns on a session that has
	// ended; the error also wraps why it ended.
	ErrSessionClosed = errors.New("transport: session closed")

	// ErrServerDisconnect: the server sent a Socket.IO DISCONNECT (`41`). It
	// keeps no session to recover after that.
	ErrServerDisconnect = errors.New("transport: disconnected by the server")

	// ErrServerClose: the server sent an Engine.IO close packet (`1`).
	ErrServerClose = errors.New("transport: closed by the server")

	// ErrWriteTimeout: a frame could not be written within the write timeout.
	// The session has ended.
	ErrWriteTimeout = errors.New("transport: write timed out")

	// ErrFrameTooBig: the server sent a frame longer than the read limit. The error is a *FrameError.
	ErrFrameTooBig = errors.New("transport: frame exceeds the read limit")

	// ErrBacklog: more came before the CONNECT answer than is kept, which is
	// 16 MiB and 65,536 packets.
	ErrBacklog = errors.New("transport: too much received before CONNECT was answered")

	// ErrMaxPayload: the handshake names a maxPayload of fewer than 512 bytes,
	// which no subscription fits into.
	ErrMaxPayload = errors.New("transport: the server takes no frames long enough to work with")

	// ErrRedirect: the server redirected the handshake to another host, or from
	// TLS to plain text. It is not followed: the URL carries the API key.
	ErrRedirect = errors.New("transport: redirect to another host refused")
)

// A HandshakeError tells why no session came to be, other than by the server's
// refusal of CONNECT.
type HandshakeError struct {
	Step    string // how far it came: "dial", "upgrade", "open" or "connect"
	Status  int    // the HTTP status of the answer; 0 if there was none
	Code    int    // the Engine.IO error code of the answer (0 unknown transport … 5 unsupported version); -1 if there was none
	Message string // the server's words to the code, shortened, printable
	Err     error  // the cause, if there is one

	// RetryAfter is how long a 429 or 503 asks to wait before the next attempt,
	// 5 minutes at most; 0 if it does not say.
	RetryAfter time.Duration

	// Resuming: CONNECT had asked for an earlier session. What is missed of it
	// may be what the attempt failed on (a frame or a backlog too big, a packet
	// that can't be decoded, a link that stood still), and would come again: ask
	// for a fresh session next. The same goes for a *ConnectError.
	Resuming bool
}

func (e *HandshakeError) Error() string {
	var b strings.Builder
	b.WriteString("transport: handshake failed at ")
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

// A ConnectError is the server's refusal of CONNECT (`44`), such as
// `{"message":"Invalid API key","data":{"code":4001}}`. [ConnectError.Final] tells
// whether the same request is of any use later.
type ConnectError struct {
	Message string // the server's words: 200 bytes at most, printable, without secrets
	Code    int    // data.code; 0 if there was none

	refusesKey bool // by the words as they came: a key may stand among them
}

func (e *ConnectError) Error() string {
	if e.Code != 0 {
		return fmt.Sprintf("transport: connection refused by the server: %q (code %d)", e.Message, e.Code)
	}
	return fmt.Sprintf("transport: connection refused by the server: %q", e.Message)
}

// A CloseError is a WebSocket close frame from the server.
type CloseError struct {
	Code   int    // as in RFC 6455, section 7.4; 1005 if the frame had none
	Reason string // shortened, printable
}

func (e *CloseError) Error() string {
	if e.Reason != "" {
		return fmt.Sprintf("transport: link closed by the server with code %d: %q", e.Code, e.Reason)
	}
	return fmt.Sprintf("transport: link closed by the server with code %d", e.Code)
}

// A ProtocolError is a frame or a packet that breaks the protocol. It names the
// fault, not the content.
type ProtocolError struct {
	Fault string // in a few words; "" if Err says it
	Err   error  // the codec's or the owner's error, if there is one
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

// A DeadLinkError tells that no packet came from the server, nor enough of one,
// for longer than its ping interval and ping timeout together: see
// [Session.Silence].
type DeadLinkError struct {
	Silence time.Duration // how long nothing came
	Slept   bool          // only the wall clock says so: the machine slept, or its clock was set
}

func (e *DeadLinkError) Error() string {
	if e.Slept {
		return fmt.Sprintf("transport: link dead: the clock jumped, no packet received for %s", e.Silence)
	}
	return fmt.Sprintf("transport: link dead: no packet received for %s", e.Silence)
}

// Timeout reports true, as a net.Error would.
func (e *DeadLinkError) Timeout() bool { return true }

// A LostError tells that the connection broke: its error of the network is
// wrapped.
type LostError struct{ Err error }

func (e *LostError) Error() string { return "transport: connection lost: " + e.Err.Error() }

func (e *LostError) Unwrap() error { return e.Err }

// A SizeError tells that a packet was not sent because the server would cut the
// link over it.
type SizeError struct {
	Size int64 // of the frame: the packet and one byte before it
	Max  int64 // Info.MaxPayload
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("transport: frame of %d bytes exceeds the server's limit of %d", e.Size, e.Max)
}

// A FrameError tells of a frame that was longer than the read limit. It matches ErrFrameTooBig.
type FrameError struct {
	Limit int64  // the read limit, in bytes
	Head  []byte // how the frame began, at most 512 bytes, for whoever wants to know whose it was; no print shows it
}

const maxFrameHead = 512

func frameTooBig(frame []byte, limit int64) *FrameError {
	return &FrameError{Limit: limit, Head: slices.Clone(frame[:min(len(frame), maxFrameHead)])}
}

func (e *FrameError) Error() string { return fmt.Sprintf("%v of %d bytes", ErrFrameTooBig, e.Limit) }

// Format writes Error, whatever the verb.
func (e *FrameError) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(e.Error())) }

func (e *FrameError) Unwrap() error { return ErrFrameTooBig }
