package engineio

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Intervals outside of this are refused: a shorter one is a flood, a longer one a link whose death
// nobody notices.
const (
	minInterval = time.Millisecond
	maxInterval = 24 * time.Hour
)

// Handshake is the data of the open packet, with which a server begins a session.
type Handshake struct {
	SID          string        // names the session, and whoever has it can take part in it: a secret
	Upgrades     []string      // transports that the client may upgrade to
	PingInterval time.Duration // between two pings of the server
	PingTimeout  time.Duration // how long after PingInterval the link counts as dead
	MaxPayload   int64         // bytes of one polling body or WebSocket message that the client may send; 0 if not stated
}

// String leaves out the session id, and so do %v and %+v.
func (h Handshake) String() string {
	return fmt.Sprintf("{SID:redacted Upgrades:%v PingInterval:%v PingTimeout:%v MaxPayload:%d}",
		h.Upgrades, h.PingInterval, h.PingTimeout, h.MaxPayload)
}

// GoString is String, for %#v.
func (h Handshake) GoString() string { return "engineio.Handshake" + h.String() }

// DecodeHandshake reads the data of an open packet. Unknown keys are ignored, because later servers
// may add some; a missing maxPayload is 0, because earlier ones send none. The error is
// ErrHandshake with the name of the bad key, never its value.
func DecodeHandshake(data []byte) (Handshake, error) {
	if len(data) > maxHandshake {
		return Handshake{}, handshakeFault("too long")
	}
	var wire struct {
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int64    `json:"maxPayload"`
	}
	// The decoder's own error quotes the input, so it goes no further.
	if json.Unmarshal(data, &wire) != nil {
		return Handshake{}, handshakeFault("not the JSON of an open packet")
	}
	switch {
	case wire.SID == "" || len(wire.SID) > maxSID:
		return Handshake{}, handshakeFault("sid")
	case !intervalOK(wire.PingInterval):
		return Handshake{}, handshakeFault("pingInterval")
	case !intervalOK(wire.PingTimeout):
		return Handshake{}, handshakeFault("pingTimeout")
	case wire.MaxPayload < 0:
		return Handshake{}, handshakeFault("maxPayload")
	}
	return Handshake{
		SID:          wire.SID,
		Upgrades:     wire.Upgrades,
		PingInterval: time.Duration(wire.PingInterval) * time.Millisecond,
		PingTimeout:  time.Duration(wire.PingTimeout) * time.Millisecond,
		MaxPayload:   wire.MaxPayload,
	}, nil
}

// intervalOK compares in milliseconds: as a Duration, an absurd number overflows into a plausible
// one.
func intervalOK(ms int64) bool {
	return ms >= minInterval.Milliseconds() && ms <= maxInterval.Milliseconds()
}

func handshakeFault(detail string) error { return &Error{Kind: ErrHandshake, Detail: detail} }

// AppendHandshake appends the data of an open packet: exactly the keys sid, upgrades, pingInterval,
// pingTimeout and maxPayload, in this order. Intervals are cut to whole milliseconds.
func AppendHandshake(dst []byte, h Handshake) []byte {
	dst = appendString(append(dst, `{"sid":`...), h.SID)
	dst = append(dst, `,"upgrades":[`...)
	for i, u := range h.Upgrades {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, u)
	}
	dst = strconv.AppendInt(append(dst, `],"pingInterval":`...), h.PingInterval.Milliseconds(), 10)
	dst = strconv.AppendInt(append(dst, `,"pingTimeout":`...), h.PingTimeout.Milliseconds(), 10)
	dst = strconv.AppendInt(append(dst, `,"maxPayload":`...), h.MaxPayload, 10)
	return append(dst, '}')
}

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD, which is the
// error that AppendQuote reports.
func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}
