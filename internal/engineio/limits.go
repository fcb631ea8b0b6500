package engineio

import "math"

// Limits bounds what a peer can make this package hold or follow. A field that is zero or negative
// means its default.
type Limits struct {
	Attachments int // binary attachments of one packet; 10 by default, as in socket.io-parser
	// Depth is how many levels the JSON of a packet may be nested. By default there is no limit:
	// how deep a payload may be is for whoever decodes it to say. Here nothing recurses, and a
	// level costs a bit.
	Depth int
	Bytes int64 // one packet with its attachments; 16 MiB by default
}

// DefaultLimits is what the zero Limits means.
var DefaultLimits = Limits{Attachments: 10, Bytes: 16 << 20}

const (
	// anyDepth is no limit of depth.
	anyDepth = math.MaxInt

	// maxNamespace bounds a namespace in bytes. A namespace is a path that someone typed into a
	// program.
	maxNamespace = 256

	// maxAckID is 2^53-1. The reference counts acks in a JavaScript number; past this it can't tell
	// one id from the next.
	maxAckID = 1<<53 - 1

	// DefaultMaxPackets is how many packets DecodePayload takes from one body when it is given no
	// limit.
	DefaultMaxPackets = 16384

	// maxHandshake bounds the JSON of an open packet in bytes; a real one has about 120.
	maxHandshake = 16 << 10

	// maxSID bounds a session id in bytes; those of the reference have 20.
	maxSID = 256
)

// orDefault gives l with its defaults filled in.
func (l Limits) orDefault() Limits {
	if l.Attachments <= 0 {
		l.Attachments = DefaultLimits.Attachments
	}
	if l.Bytes <= 0 {
		l.Bytes = DefaultLimits.Bytes
	}
	l.Attachments = min(l.Attachments, math.MaxInt32)
	return l
}

// depth is the Depth that applies.
func (l Limits) depth() int {
	if l.Depth <= 0 {
		return anyDepth
	}
	return l.Depth
}
