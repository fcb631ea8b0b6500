package engineio

import "strconv"

// Kind is what was wrong with a packet. It is an error itself, so that errors.Is(err, ErrTooDeep)
// asks for one kind.
type Kind uint8

const (
	ErrEmpty            Kind = iota + 1 // a packet of no bytes
	ErrPacketType                       // a first byte that is no packet type
	ErrTooManyPackets                   // a polling body of more packets than allowed
	ErrBase64                           // a binary packet in a polling body that is no base64
	ErrHandshake                        // an open packet that can't be used
	ErrAttachmentCount                  // an attachment count missing, zero or malformed
	ErrManyAttachments                  // more than Limits.Attachments of them
	ErrNamespace                        // a namespace too long, or with bytes that no namespace has
	ErrAckID                            // an ack id malformed, past 2^53-1, or on a type that takes none
	ErrNoPayload                        // a type that needs a payload, without one
	ErrPayload                          // a payload that its type does not take
	ErrJSON                             // a payload that is no JSON
	ErrUTF8                             // text that is not UTF-8
	ErrTooDeep                          // JSON nested deeper than Limits.Depth
	ErrTooLarge                         // a packet, with its attachments, larger than Limits.Bytes
	ErrEventName                        // an event whose name is missing or not a string
	ErrReservedName                     // an event with a name that Socket.IO keeps for itself
	ErrPlaceholder                      // a placeholder whose num names no attachment, or one already used
	ErrAttachmentDue                    // text where an attachment was due
	ErrAttachmentNotDue                 // an attachment where none was due
)

var kindText = [...]string{
	ErrEmpty:            "empty packet",
	ErrPacketType:       "unknown packet type",
	ErrTooManyPackets:   "too many packets in one payload",
	ErrBase64:           "malformed base64",
	ErrHandshake:        "bad handshake",
	ErrAttachmentCount:  "illegal attachment count",
	ErrManyAttachments:  "too many attachments",
	ErrNamespace:        "illegal namespace",
	ErrAckID:            "illegal ack id",
	ErrNoPayload:        "payload missing",
	ErrPayload:          "payload does not fit the packet type",
	ErrJSON:             "malformed JSON",
	ErrUTF8:             "text is not UTF-8",
	ErrTooDeep:          "JSON nested too deep",
	ErrTooLarge:         "packet too large",
	ErrEventName:        "event name missing or not a string",
	ErrReservedName:     "reserved event name",
	ErrPlaceholder:      "illegal attachment placeholder",
	ErrAttachmentDue:    "got text where an attachment was due",
	ErrAttachmentNotDue: "got an attachment where none was due",
}

// Error names the fault.
func (k Kind) Error() string {
	if int(k) >= len(kindText) || k == 0 {
		return "unknown fault " + strconv.Itoa(int(k))
	}
	return kindText[k]
}

// Error is the one error type of this package. It says what was wrong and where, and never what was
// sent. It unwraps to its Kind.
type Error struct {
	Kind   Kind
	Offset int    // bytes into what the failing function was given; for a payload fault found by DecodeSocket, into Data
	Detail string // more words on the fault, fixed ones of this package; may be empty
}

func (e *Error) Error() string {
	s := "engineio: " + e.Kind.Error()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Offset > 0 {
		s += " at byte " + strconv.Itoa(e.Offset)
	}
	return s
}

// Unwrap gives the Kind, for errors.Is.
func (e *Error) Unwrap() error { return e.Kind }

func fault(k Kind, offset int) error { return &Error{Kind: k, Offset: offset} }
