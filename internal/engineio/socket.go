package engineio

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"
)

// SocketType is the type of a Socket.IO packet: the digit that it begins with.
type SocketType byte

// The packet types of Socket.IO v5, by their digits '0' to '6'.
const (
	Connect      SocketType = iota // joins a namespace, or confirms that
	Disconnect                     // leaves it
	Event                          // a name and arguments
	Ack                            // the answer to an event that had an ack id
	ConnectError                   // joining was refused
	BinaryEvent                    // an Event followed by attachments
	BinaryAck                      // an Ack followed by attachments
)

var socketTypeNames = [...]string{"CONNECT", "DISCONNECT", "EVENT", "ACK", "CONNECT_ERROR", "BINARY_EVENT", "BINARY_ACK"}

// String gives the name that the protocol has for t.
func (t SocketType) String() string {
	if int(t) < len(socketTypeNames) {
		return socketTypeNames[t]
	}
	return "unknown"
}

func (t SocketType) binary() bool { return t == BinaryEvent || t == BinaryAck }

// SocketPacket is one Socket.IO packet, which is the data of an Engine.IO Message.
type SocketPacket struct {
	Type        SocketType
	Namespace   string   // "/" by default
	ID          uint64   // the ack id; 0 is one, so see HasID
	HasID       bool     // whether the packet has an ack id
	Attachments int      // how many were announced; only with BinaryEvent and BinaryAck
	Data        []byte   // the JSON after the header, aliases the input; nil if there is none
	Buffers     [][]byte // the attachments, once an Assembler has them all; Data keeps its placeholders
}

// AckOf is the ACK, without arguments, of an event that has an ack id.
func AckOf(event SocketPacket) SocketPacket {
	return SocketPacket{Type: Ack, Namespace: event.Namespace, ID: event.ID, HasID: true, Data: []byte("[]")}
}

// DecodeHeader reads what stands before the JSON and leaves the JSON, in Data, unchecked: for who
// scans it anyway. Only a namespace other than "/" allocates.
func DecodeHeader(b []byte, lim Limits) (SocketPacket, error) {
	if len(b) > 1 && b[0] == '2' && b[1] == '[' && int64(len(b)) <= lim.Bytes {
		return SocketPacket{Type: Event, Namespace: "/", Data: b[1:]}, nil
	}
	return decodeHeader(b, lim)
}

func decodeHeader(b []byte, lim Limits) (SocketPacket, error) {
	lim = lim.orDefault()
	switch {
	case len(b) == 0:
		return SocketPacket{}, fault(ErrEmpty, 0)
	case int64(len(b)) > lim.Bytes:
		return SocketPacket{}, fault(ErrTooLarge, 0)
	case b[0]-'0' > byte(BinaryAck):
		return SocketPacket{}, fault(ErrPacketType, 0)
	}
	p := SocketPacket{Type: SocketType(b[0] - '0'), Namespace: "/"}
	i := 1
	if p.Type.binary() {
		n, end, ok := number(b, i, math.MaxInt32)
		if !ok || n == 0 || end == len(b) || b[end] != '-' {
			return SocketPacket{}, fault(ErrAttachmentCount, i)
		}
		if n > uint64(lim.Attachments) {
			return SocketPacket{}, fault(ErrManyAttachments, i)
		}
		p.Attachments = int(n)
		i = end + 1
	}
	if i < len(b) && b[i] == '/' {
		end, ok := namespace(b, i)
		if !ok {
			return SocketPacket{}, fault(ErrNamespace, i)
		}
		if end-i > 1 {
			p.Namespace = string(b[i:end])
		}
		i = min(end+1, len(b)) // the comma, unless the packet ends here
	}
	if i < len(b) && b[i]-'0' <= 9 {
		id, end, ok := number(b, i, maxAckID)
		if !ok || !p.Type.takesID() {
			return SocketPacket{}, fault(ErrAckID, i)
		}
		p.ID, p.HasID = id, true
		i = end
	}
	if i < len(b) {
		p.Data = b[i:]
	}
	return p, nil
}

func (t SocketType) takesID() bool { return t == Event || t == Ack || t.binary() }

// number reads decimal digits from b[i:], at least one and without a leading zero, that make no
// more than limit.
func number(b []byte, i int, limit uint64) (n uint64, end int, ok bool) {
	for end = i; end < len(b) && b[end]-'0' <= 9; end++ {
		n = n*10 + uint64(b[end]-'0')
		if n > limit || end-i == 1 && b[i] == '0' {
			return 0, end, false
		}
	}
	return n, end, end > i
}

// namespace finds where the namespace that begins at b[i] ends: at a comma or at the end of b.
func namespace(b []byte, i int) (end int, ok bool) {
	window := b[i:min(len(b), i+maxNamespace+1)]
	length := bytes.IndexByte(window, ',')
	if length < 0 {
		length = len(window)
	}
	if length > maxNamespace || !utf8.Valid(window[:length]) {
		return 0, false
	}
	for _, c := range window[:length] {
		if c < ' ' || c == 0x7f { // 0x1e would cut a polling payload in two
			return 0, false
		}
	}
	return i + length, true
}

// DecodeSocket is DecodeHeader and CheckData, and takes an event only with a name that SplitEvent
// takes. A text event in the namespace "/" allocates nothing.
func DecodeSocket(b []byte, lim Limits) (SocketPacket, error) {
	p, err := DecodeHeader(b, lim)
	if err == nil && (p.Type == Event || p.Type == BinaryEvent) {
		_, _, err = SplitEvent(p.Data, lim)
	}
	if err == nil && p.Type != Event { // SplitEvent has seen to all of a text event
		err = CheckData(p, lim)
	}
	if err != nil {
		return SocketPacket{}, err
	}
	return p, nil
}

// CheckData tells whether p.Data is what p.Type takes, as a whole: JSON in UTF-8 within lim.Depth,
// of the right shape, and, of a binary type, with placeholders that each name an attachment of
// their own. What an event is named, and whether it has a name, is for SplitEvent to judge: a
// client passes over an event without one.
//
//	CONNECT         an object or nothing
//	DISCONNECT      nothing
//	EVENT, ACK      an array
//	CONNECT_ERROR   an object or a string
func CheckData(p SocketPacket, lim Limits) error {
	switch p.Type {
	case Connect:
		if len(p.Data) == 0 {
			return nil
		}
		return checkShape(p.Data, lim, '{', '{')
	case Disconnect:
		if len(p.Data) > 0 {
			return fault(ErrPayload, 0)
		}
		return nil
	case ConnectError:
		return checkShape(p.Data, lim, '{', '"')
	case Event, BinaryEvent, Ack, BinaryAck:
		if err := checkShape(p.Data, lim, '[', '['); err != nil {
			return err
		}
	default:
		return fault(ErrPacketType, 0)
	}
	if p.Type.binary() {
		_, err := placeholders(p.Data, p.Attachments)
		return err
	}
	return nil
}

// checkShape wants one JSON value that begins with one of two bytes. No space may stand before it:
// the reference would read that as an ack id of 0.
func checkShape(data []byte, lim Limits, first, orFirst byte) error {
	switch {
	case len(data) == 0:
		return fault(ErrNoPayload, 0)
	case data[0] != first && data[0] != orFirst:
		return fault(ErrPayload, 0)
	}
	if at, kind := checkValue(data, lim.depth()); kind != 0 {
		return fault(kind, at)
	}
	return nil
}

// AppendSocket appends the header and the JSON of p, for an Engine.IO Message. Its buffers are for
// the caller to send after it, each as a binary message; of a binary type, their number is
// announced, or p.Attachments while there are none. The namespace may be left empty for "/"; it
// must begin with '/' and have no comma.
func AppendSocket(dst []byte, p SocketPacket) []byte {
	dst = append(dst, '0'+byte(p.Type))
	if p.Type.binary() {
		n := len(p.Buffers)
		if n == 0 {
			n = p.Attachments
		}
		dst = append(strconv.AppendInt(dst, int64(n), 10), '-')
	}
	if p.Namespace != "" && p.Namespace != "/" {
		dst = append(append(dst, p.Namespace...), ',')
	}
	if p.HasID {
		dst = strconv.AppendUint(dst, p.ID, 10)
	}
	return append(dst, p.Data...)
}
