package transport

import (
	"fmt"
	"log/slog"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// A Packet is one Socket.IO packet of the default namespace, with its attachments.
type Packet struct {
	// Type says what the packet is, and whether it is of a binary type.
	Type PacketType

	// ID is the ack id, if HasID is true. It may be 0. The server wants an answer to an event with
	// an ack id.
	ID    uint64
	HasID bool

	// Data is the JSON array of the packet. In an event its first element is the name. It is valid
	// UTF-8. It is known to be valid JSON except in a PacketEvent, which the reader of the packet
	// has to check.
	Data []byte

	// Buffers has the attachments. {"_placeholder":true,"num":N} in Data stands for Buffers[N]. It
	// is nil if the type is not a binary one.
	Buffers [][]byte

	// Kept reports that the session does not use the memory of Data again, so that the reader may
	// keep Data and need not copy it. It is so for very large packets.
	Kept bool

	// More reports that the next call of Recv returns a packet, or an error, without waiting. It may
	// be false although that is so. A reader can use it to do once what it would do for each packet.
	More bool
}

// A PacketType is the type of a [Packet]. The values are the digits of Socket.IO v5.
type PacketType uint8

// The types of the packets that [Session.Recv] returns.
const (
	PacketEvent       PacketType = 2 // a name and arguments
	PacketAck         PacketType = 3 // the answer to an event that had an ack id
	PacketBinaryEvent PacketType = 5 // an event with attachments
	PacketBinaryAck   PacketType = 6 // an answer with attachments
)

// String returns the name that the protocol has for t, such as "EVENT".
func (t PacketType) String() string {
	switch t {
	case PacketEvent, PacketAck, PacketBinaryEvent, PacketBinaryAck:
		return engineio.SocketType(t).String()
	}
	return fmt.Sprintf("PacketType(%d)", uint8(t))
}

// LogValue implements [slog.LogValuer]. It shows String.
func (t PacketType) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText implements [encoding.TextMarshaler], which encoding/json uses too. It returns String.
func (t PacketType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// public is a packet as Recv returns it.
func public(p *engineio.SocketPacket) Packet {
	return Packet{Type: PacketType(p.Type), ID: p.ID, HasID: p.HasID, Data: p.Data, Buffers: p.Buffers}
}
