package engineio

import (
	"bytes"
	"encoding/base64"
)

// separator stands between the packets of a polling payload. JSON has no such byte: in a string it
// must be escaped.
const separator = 0x1e

// DecodePayload reads the body of an HTTP long poll, in either direction: packets joined by 0x1e,
// binary ones as 'b' and base64. More packets than maxPackets give ErrTooManyPackets before
// anything is allocated; zero or less means DefaultMaxPackets. One bad packet refuses the whole
// body. Text data aliases body; binary data does not.
func DecodePayload(body []byte, maxPackets int) ([]Packet, error) {
	if maxPackets <= 0 {
		maxPackets = DefaultMaxPackets
	}
	n := bytes.Count(body, []byte{separator}) + 1
	if n > maxPackets {
		return nil, fault(ErrTooManyPackets, 0)
	}
	packets := make([]Packet, 0, n)
	offset := 0
	for element := range bytes.SplitSeq(body, []byte{separator}) {
		p, kind := decodeElement(element)
		if kind != 0 {
			return nil, fault(kind, offset)
		}
		packets = append(packets, p)
		offset += len(element) + 1
	}
	return packets, nil
}

func decodeElement(element []byte) (Packet, Kind) {
	switch {
	case len(element) == 0:
		return Packet{}, ErrEmpty
	case element[0] == 'b':
		data, ok := decodeBase64(element[1:])
		if !ok {
			return Packet{}, ErrBase64
		}
		return Packet{Type: Message, Binary: true, Data: data}, 0
	case element[0]-'0' > byte(Noop):
		return Packet{}, ErrPacketType
	}
	return Packet{Type: PacketType(element[0] - '0'), Data: element[1:]}, 0
}

// decodeBase64 takes padding or none, as the reference does. encoding/base64 skips line breaks;
// here they are foreign.
func decodeBase64(text []byte) ([]byte, bool) {
	if bytes.ContainsAny(text, "\r\n") {
		return nil, false
	}
	encoding := base64.StdEncoding
	if len(text)%4 != 0 {
		encoding = base64.RawStdEncoding
	}
	data := make([]byte, encoding.DecodedLen(len(text)))
	n, err := encoding.Decode(data, text)
	return data[:n], err == nil
}

// AppendPayload appends the body of a long poll that carries ps, in their order.
func AppendPayload(dst []byte, ps ...Packet) []byte {
	for i, p := range ps {
		if i > 0 {
			dst = append(dst, separator)
		}
		if p.Binary {
			dst = append(dst, 'b')
			dst = base64.StdEncoding.AppendEncode(dst, p.Data)
			continue
		}
		dst = AppendPacket(dst, p)
	}
	return dst
}
