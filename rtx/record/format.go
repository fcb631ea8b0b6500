package record

import (
	"encoding/json"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Format is the value of [Header.Format], by which a recording is known.
const Format = "realtimex-recording"

// Version is the version of the format that this package writes and reads.
const Version = 1

// The limits of a recording. All but DefaultMaxSize and DefaultMaxEntries are fixed.
const (
	DefaultMaxSize    = 64 << 20  // bytes of a file that a Recorder writes
	DefaultMaxEntries = 1_000_000 // lines after the header
	MaxSize           = 1 << 30   // bytes that a Recorder may be told to write, and that a Reader reads
	MaxLine           = 32 << 20  // bytes of a line
)

// A Header is the first line of a recording.
type Header struct {
	Format  string    `json:"format"`  // always the constant Format
	Version int       `json:"version"` // of the format
	Started time.Time `json:"started"` // when the recording began, which Entry.At counts from
}

// A Kind says what an [Entry] tells.
type Kind string

// The kinds of entries.
const (
	KindDial      Kind = "dial"      // the client asked for a connection
	KindConnected Kind = "connected" // the service answered CONNECT
	KindRefused   Kind = "refused"   // the service refused CONNECT
	KindFailed    Kind = "failed"    // there was no connection, for another reason
	KindReceived  Kind = "received"  // a packet came from the service
	KindSent      Kind = "sent"      // the client was about to send a packet
	KindEnded     Kind = "ended"     // the connection ended
	KindStopped   Kind = "stopped"   // the recording stopped at a limit: nothing is known of what followed
)

// A How says how a connection ended, or why there was none.
type How string

// The ways in which connections end. In brackets is what an attempt to connect can have as well.
const (
	HowClose       How = "close"        // the service sent a WebSocket close frame [attempt]
	HowFIN         How = "fin"          // the other side closed the TCP connection [attempt]
	HowReset       How = "reset"        // the other side reset it [attempt]
	HowSilence     How = "silence"      // nothing came any more, not even a heartbeat
	HowStalled     How = "stalled"      // the other side accepted nothing any more
	HowDisconnect  How = "disconnect"   // the service sent a Socket.IO DISCONNECT [attempt]
	HowEngineClose How = "engine-close" // the service sent an Engine.IO close packet [attempt]
	HowProtocol    How = "protocol"     // a packet could not be read, or was too large [attempt]
	HowLost        How = "lost"         // the network failed in another way [attempt]
	HowProgram     How = "program"      // the program closed its client
	HowReconnect   How = "reconnect"    // the program asked for another connection
	HowClient      How = "client"       // the client gave the connection up, for the reason in Message
	HowTimeout     How = "timeout"      // of an attempt: nothing came in time
	HowUnreachable How = "unreachable"  // of an attempt: there was no connection at all
)

// An Entry is one line of a recording after the header. Which fields are set depends on Kind; the
// others are left out of the line.
type Entry struct {
	At   time.Duration `json:"at"` // since Header.Started; in the file in nanoseconds, as are all times
	Kind Kind          `json:"kind"`
	Conn int           `json:"conn"` // the attempt to connect that this belongs to, from 1; 0 if none

	// Of a dial: the session that was to be resumed, if one was. Of a connection: its recovery id.
	PID    string `json:"pid,omitempty"`
	Offset string `json:"offset,omitempty"`

	// Of a connection: what the handshake found. See transport.Info.
	SocketID     string        `json:"socket_id,omitempty"`
	Recovered    bool          `json:"recovered,omitempty"`
	PingInterval time.Duration `json:"ping_interval,omitempty"`
	PingTimeout  time.Duration `json:"ping_timeout,omitempty"`
	MaxPayload   int64         `json:"max_payload,omitempty"`

	// Of a connection, and of an attempt that failed.
	Transport transport.Kind `json:"transport,omitempty"`

	// Of an attempt that failed or was refused. See transport.HandshakeError and
	// transport.ConnectError. Of an end: the code of the close frame, and the words of whoever ended
	// the connection.
	How        How           `json:"how,omitempty"`
	Step       string        `json:"step,omitempty"`
	Status     int           `json:"status,omitempty"`
	Code       int           `json:"code,omitempty"`
	Message    string        `json:"message,omitempty"`
	RetryAfter time.Duration `json:"retry_after,omitempty"`

	// Of a packet. Data is its JSON array, on one line; Text stands in its place if that is no JSON.
	// ID is the ack id, nil if there is none.
	Type    transport.PacketType `json:"-"`
	ID      *uint64              `json:"id,omitempty"`
	Data    json.RawMessage      `json:"data,omitempty"`
	Text    string               `json:"text,omitempty"`
	Buffers [][]byte             `json:"buffers,omitempty"` // in the file as base64

	// Of an end. See transport.End. Silence is how long nothing had come before it.
	PeerKnows    bool          `json:"peer_knows,omitempty"`
	KeepsSession bool          `json:"keeps_session,omitempty"`
	Silence      time.Duration `json:"silence,omitempty"`

	// Of a stop: the limit that was reached, "size", "entries", "line", "secrets" or "writer".
	Limit string `json:"limit,omitempty"`
}

// line is an Entry as it stands in the file. The type of a packet is its number there, and is left out
// of an event, which nearly all packets are.
type line struct {
	Entry
	Type int `json:"type,omitempty"`
}

func lineOf(e Entry) line {
	l := line{Entry: e, Type: int(e.Type)}
	if e.Type == transport.PacketEvent {
		l.Type = 0
	}
	return l
}

func (l line) entry() Entry {
	e := l.Entry
	if e.Kind == KindReceived || e.Kind == KindSent {
		e.Type = transport.PacketType(l.Type)
		if l.Type == 0 {
			e.Type = transport.PacketEvent
		}
	}
	return e
}
