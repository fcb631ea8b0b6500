package transport

import (
	"context"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// Packet is one Socket.IO packet of the default namespace.
//
// Data of a text EVENT is not validated yet, beyond being valid UTF-8: whoever
// scans it decides whether it is JSON. Data of every other type is. Packets
// with attachments come whole, with their Buffers.
type Packet = engineio.SocketPacket

// The types of packet that [Session.Recv] returns.
const (
	Event       = engineio.Event
	Ack         = engineio.Ack
	BinaryEvent = engineio.BinaryEvent
	BinaryAck   = engineio.BinaryAck
)

// A Session is one live link: the WebSocket is open, the Engine.IO handshake is
// done and the server has answered the Socket.IO CONNECT.
//
// Its methods may be called concurrently, except that one goroutine at a time
// may call Recv. Close must be called, also after an error.
type Session interface {
	// Info tells what the handshake found. It does not change.
	Info() Info

	// Recv returns the next packet, in the server's order: an EVENT, an ACK, or
	// their binary forms. Data and Buffers are valid until the next Recv. It
	// blocks until there is a packet or the session has ended; no context ends
	// it, Close does. The error is final and says why the session ended: a
	// *CloseError, a *ProtocolError, ErrServerDisconnect, ErrServerClose,
	// ErrFrameTooBig, ErrWriteTimeout, the reason given to Close, or an error
	// of the network.
	Recv() (Packet, error)

	// Send writes Socket.IO packets, such as `2["event",{}]`, each as one text
	// frame; the Engine.IO type byte is put before each. No other packet gets
	// between those of one call. The slices are not kept.
	//
	// The context bounds only the wait for other senders; what has begun to be
	// written is written, under the session's write timeout, since a frame cut
	// in the middle would end the session. Errors: the context's cause (nothing
	// was sent), a *SizeError (nothing was sent), ErrWriteTimeout or an error
	// of the network (the session has ended), and an error matching
	// ErrSessionClosed. A nil error means written to the socket, no more.
	Send(ctx context.Context, packets ...[]byte) error

	// Close ends the session and returns when its connection is closed. It is
	// idempotent: the first reason counts, and every call waits.
	//
	// It sends a close frame, whose code says if the reason is a *ProtocolError,
	// and waits for the server's within the close timeout. With no reason, or
	// ErrClosed, it sends a DISCONNECT before that, after which the server keeps
	// nothing to recover; with any other, such as ErrReconnect, the server may
	// keep the session for the next one to take up. A link known to be dead or
	// gone is cut at once.
	Close(reason error)

	// Ended tells what is known of the session's end: the zero End before it.
	// It is final once Close, and a Recv that was under way, have returned.
	Ended() End

	// Hide names texts, such as signatures that are sent, that no error of the
	// session may show, though the server should quote them: the whole, and what
	// stands before and after its first colon. A text of more than 4 KiB is passed
	// over, and past 1,024 of them the oldest are forgotten. The key, the values of
	// headers and the ids of the session need not be named.
	Hide(secrets ...string)

	// Pings delivers a value when pings of the server await their pong. Pings
	// that came since the last receive count as one.
	Pings() <-chan struct{}

	// Pong writes one pong, under the write timeout.
	Pong() error

	// ReceivedAt is when the server last got on with something, by the wall
	// clock, without a monotonic reading: when the last byte of a packet
	// arrived, or of as much of a large one as comes within Info.LinkTimeout at
	// 100 bytes a second. Noops, WebSocket pings and a frame that drips slower
	// than that don't count.
	ReceivedAt() time.Time

	// Silence is how long ago that was, by the monotonic clock.
	Silence() time.Duration
}

// A Dialer makes sessions.
type Dialer interface {
	// Dial makes one, and leaves nothing behind if it fails. The context, and
	// the dialer's own handshake timeout, bound it from the first byte to the
	// answer to CONNECT, and nothing after. Once it has asked to resume, it may
	// take any time, as long as it gets on: then the handshake timeout is how
	// long it may stand still. Errors: *HandshakeError, *ConnectError.
	Dial(ctx context.Context, r Resume) (Session, error)
}

// Info is what the handshake of a session found.
type Info struct {
	SocketID     string        // the Socket.IO sid: the socket_id that signatures are made for
	PID          string        // the recovery id; "" if the server offers no recovery
	Recovered    bool          // the session of Resume was taken up: same PID, nothing missed
	PingInterval time.Duration // the server pings this often
	PingTimeout  time.Duration // and waits this long for the pong
	MaxPayload   int64         // the longest frame the server takes, in bytes; 0 if it names none
	ConnectedAt  time.Time     // when CONNECT was answered
}

// LinkTimeout is how long the link may be silent before it counts as dead.
func (i Info) LinkTimeout() time.Duration { return i.PingInterval + i.PingTimeout }

// String describes the session without its recovery id.
func (i Info) String() string {
	return fmt.Sprintf("{SocketID:%s PID:%s Recovered:%t PingInterval:%s PingTimeout:%s MaxPayload:%d}",
		i.SocketID, redacted(i.PID), i.Recovered, i.PingInterval, i.PingTimeout, i.MaxPayload)
}

// Format writes String, whatever the verb: no verb shows the recovery id.
func (i Info) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// LogValue is String for slog.
func (i Info) LogValue() slog.Value { return slog.StringValue(i.String()) }

// Resume asks the server to take an earlier session up again (connection state
// recovery, Socket.IO 4.6). The zero Resume asks for a fresh session, and so does
// one that is not sent: a PID without an Offset, from which the server refuses to
// recover, a PID of more than 256 bytes, an Offset of more than 1 KiB, which would
// make CONNECT larger than a server takes, and what is not UTF-8.
type Resume struct {
	PID    string // Info.PID of the earlier session
	Offset string // of the last event received on it
}

// IsZero reports whether r asks for a fresh session.
func (r Resume) IsZero() bool {
	return r.PID == "" || r.Offset == "" || len(r.PID) > maxID || len(r.Offset) > maxOffset ||
		!utf8.ValidString(r.PID) || !utf8.ValidString(r.Offset)
}

// String tells what is set, without the values.
func (r Resume) String() string {
	return fmt.Sprintf("{PID:%s Offset:%s}", redacted(r.PID), redacted(r.Offset))
}

// Format writes String, whatever the verb.
func (r Resume) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue is String for slog.
func (r Resume) LogValue() slog.Value { return slog.StringValue(r.String()) }
