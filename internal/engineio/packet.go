package engineio

// PacketType is the type of an Engine.IO packet: the digit that a text frame begins with.
type PacketType byte

// The packet types of Engine.IO v4, by their digits '0' to '6'.
const (
	Open    PacketType = iota // the server's handshake
	Close                     // the transport is to be closed
	Ping                      // the server's heartbeat; "2probe" from a client that upgrades
	Pong                      // the answer to it, with the same data
	Message                   // a Socket.IO packet
	Upgrade                   // a client has upgraded its transport
	Noop                      // ends a long poll that has nothing to say
)

var packetTypeNames = [...]string{"open", "close", "ping", "pong", "message", "upgrade", "noop"}

// String gives the name that the protocol has for t.
func (t PacketType) String() string {
	if int(t) < len(packetTypeNames) {
		return packetTypeNames[t]
	}
	return "unknown"
}

// Packet is one Engine.IO packet. Binary marks a Message that carries an attachment instead of
// text.
type Packet struct {
	Type   PacketType
	Binary bool
	Data   []byte // aliases the input; empty if there is none
}

// DecodePacket reads a WebSocket text frame, or a text element of a polling payload. A binary frame
// needs no decoding: it is Packet{Type: Message, Binary: true, Data: frame}.
func DecodePacket(frame []byte) (Packet, error) {
	if len(frame) == 0 || frame[0]-'0' > byte(Noop) {
		return Packet{}, packetFault(frame)
	}
	return Packet{Type: PacketType(frame[0] - '0'), Data: frame[1:]}, nil
}

// packetFault stands apart so that DecodePacket is small enough to be inlined.
func packetFault(frame []byte) error {
	if len(frame) == 0 {
		return fault(ErrEmpty, 0)
	}
	return fault(ErrPacketType, 0)
}

// AppendPacket appends what a WebSocket frame carries for p: of a text frame, or, if p.Binary, of a
// binary one, which is Data alone.
func AppendPacket(dst []byte, p Packet) []byte {
	if !p.Binary {
		dst = append(dst, '0'+byte(p.Type))
	}
	return append(dst, p.Data...)
}
