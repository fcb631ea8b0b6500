package transport

import (
	"context"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"
)

// A Session is one connection to the server: the WebSocket is open, or polls are answered, the
// Engine.IO handshake is done, and the server has answered the Socket.IO CONNECT.
//
// The methods may be called concurrently, except that only one goroutine at a time may call Recv.
// Whoever has a Session must call Close, also after an error.
type Session interface {
	// Info returns what the handshake found. It does not change.
	Info() Info

	// Recv returns the next packet, in the order of the server: an EVENT, an ACK, or the binary
	// form of one. Data and Buffers are valid until the next call of Recv. Recv blocks until there
	// is a packet or the session has ended. It has no context; Close makes it return.
	//
	// An error of Recv is final and says why the session ended. It is a *CloseError,
	// *ProtocolError, *FrameError or *LostError, ErrServerDisconnect, ErrServerClose,
	// ErrWriteTimeout, or the reason that was given to Close.
	Recv() (Packet, error)

	// Send writes Socket.IO packets, such as `2["event",{}]`, each as one text frame. It puts the
	// Engine.IO type byte before each. No other packet is sent between those of one call. Send does
	// not keep the slices. A nil error means that the packets were written to the socket. It does
	// not mean that the server has received them. Over polling it does: packets are joined in the
	// body of a POST, with those of other calls, and Send returns when the POST is answered.
	//
	// The context limits only the wait for other senders. Once writing has begun, the write timeout
	// is the only limit, because a frame that is cut in the middle would end the session. It limits
	// how long nothing is written, and not how long a frame takes. The errors are:
	//
	//   - the cause of the context, and nothing was sent;
	//   - a *SizeError, and nothing was sent;
	//   - an error that matches ErrSessionClosed: the session had ended before, and nothing was
	//     sent;
	//   - a *WriteError of ErrWriteTimeout, a *LostError or another reason of the end: the session has ended, and
	//     some of the packets may have been sent.
	Send(ctx context.Context, packets ...[]byte) error

	// Close ends the session, and returns when the connection is closed. It may be called several
	// times: the first reason counts, and every call waits for the end. A nil reason stands for
	// ErrClosed.
	//
	// Close sends a WebSocket close frame and waits for that of the server, at most for the close
	// timeout. The code of the frame tells the server if a packet could not be read. If the reason
	// is ErrClosed, Close sends a DISCONNECT first, after which the server keeps nothing of the
	// session. After any other reason, such as ErrReconnect, the server may keep the session for
	// the next one to resume. Close sends nothing and waits for nothing if the connection is lost
	// or closed already, or if the reason is a *DeadLinkError. Over polling it posts an Engine.IO
	// close packet in place of the close frame, also if a request was lost.
	Close(reason error)

	// Ended returns what is known about the end of the session. It is the zero End before the end.
	// It is final when Close has returned and no Recv is running.
	Ended() End

	// Hide adds texts that no error of the session may show, such as signatures that were sent,
	// because a server may quote them. The whole text is hidden, and so are its parts before and
	// after the first colon. A text longer than 4 KiB is ignored. Only the newest 1,024 texts are
	// kept. The API key, the values of headers and the ids of the session are always hidden.
	Hide(secrets ...string)

	// Pings returns a channel that delivers a value when the server has sent a ping, which Pong
	// must answer. Pings that came since the last value count as one. Recv reads the pings, so
	// nothing is delivered while nobody calls it. The channel is never closed.
	Pings() <-chan struct{}

	// Pong writes one pong. The write timeout limits it, and the errors are those of Send.
	Pong() error

	// ReceivedAt returns when the server last made progress, by the wall clock and without a
	// monotonic reading. It is when the last byte of a packet arrived. A part of a large packet
	// counts too, if it is as long as what comes in Info.LinkTimeout at 100 bytes a second. Noop
	// packets and WebSocket pings don't count.
	ReceivedAt() time.Time

	// Silence returns how long ago the server last made progress, by the monotonic clock.
	Silence() time.Duration
}

// A Dialer makes sessions. See [NewDialer].
type Dialer interface {
	// Dial makes a session. If it fails, nothing of the attempt is left. The context and the
	// handshake timeout limit the time from the first byte to the answer to CONNECT, and have no
	// effect later. Once Dial has asked to resume a session, it may take any time while it makes
	// progress: then the handshake timeout limits the time without progress. The error is a
	// *HandshakeError or a *ConnectError.
	Dial(ctx context.Context, r Resume) (Session, error)
}

// An Info is what the handshake of a session found.
type Info struct {
	SocketID     string        // the Socket.IO sid, which signatures are made for (socket_id)
	PID          string        // the recovery id; "" if the server offers no recovery
	Recovered    bool          // whether the session of Resume was resumed, under the same PID
	PingInterval time.Duration // how often the server pings
	PingTimeout  time.Duration // how long the server waits for the pong
	MaxPayload   int64         // the longest frame the server accepts, in bytes; 0 if it names none
	ConnectedAt  time.Time     // when the server answered CONNECT
	Transport    Kind          // what carried the handshake; a session over Polling may be upgraded later
}

// LinkTimeout returns how long the server may be silent before the link counts as dead. It is
// PingInterval and PingTimeout together.
func (i Info) LinkTimeout() time.Duration { return i.PingInterval + i.PingTimeout }

// String returns the fields, without the recovery id and the time.
func (i Info) String() string {
	return fmt.Sprintf("{SocketID:%s PID:%s Recovered:%t PingInterval:%s PingTimeout:%s MaxPayload:%d Transport:%s}",
		i.SocketID, redacted(i.PID), i.Recovered, i.PingInterval, i.PingTimeout, i.MaxPayload, i.Transport)
}

// Format implements [fmt.Formatter]. It writes String, whatever the verb.
func (i Info) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// LogValue implements [slog.LogValuer]. It shows String.
func (i Info) LogValue() slog.Value { return slog.StringValue(i.String()) }

// A Resume names a lost session that the server is asked to resume (connection state recovery,
// Socket.IO 4.6). The zero Resume asks for a new session. So does a Resume that can't be sent: with
// a PID and no Offset, which the server refuses; with a PID longer than 256 bytes or an Offset
// longer than 1 KiB; with text that is not UTF-8; or too long for the maxPayload of the server.
type Resume struct {
	PID    string // the Info.PID of the lost session
	Offset string // the offset of the last event that was received on it
}

// IsZero reports whether r asks for a new session, because it is the zero Resume or can't be sent.
func (r Resume) IsZero() bool {
	return r.PID == "" || r.Offset == "" || len(r.PID) > maxID || len(r.Offset) > maxOffset ||
		!utf8.ValidString(r.PID) || !utf8.ValidString(r.Offset)
}

// String returns which fields are set, without the values.
func (r Resume) String() string {
	return fmt.Sprintf("{PID:%s Offset:%s}", redacted(r.PID), redacted(r.Offset))
}

// Format implements [fmt.Formatter]. It writes String, whatever the verb.
func (r Resume) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue implements [slog.LogValuer]. It shows String.
func (r Resume) LogValue() slog.Value { return slog.StringValue(r.String()) }
