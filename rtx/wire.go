package rtx

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// The packets that the client writes, and the messages in the service's refusals and errors.

// subscribePacket returns the packet that subscribes to a channel. A reconnection sends one for
// each channel, so it is built by hand.
func subscribePacket(channel string, g auth.Grant) []byte {
	b := make([]byte, 0, 64+len(channel)+len(g.Auth)+2*len(g.ChannelData))
	b = appendString(append(b, `2["`+evSubscribe+`",{"channel":`...), channel)
	if g.Auth != "" {
		b = appendString(append(b, `,"auth":`...), g.Auth)
	}
	if g.ChannelData != "" {
		b = appendString(append(b, `,"channel_data":`...), g.ChannelData)
	}
	return append(b, `}]`...)
}

func unsubscribePacket(channel string) []byte {
	return append(appendString([]byte(`2["`+evUnsubscribe+`",{"channel":`), channel), `}]`...)
}

var pingPacket = []byte(`2["` + evPing + `",{}]`)

// ackPacket returns the packet that acknowledges an event.
func ackPacket(id uint64) []byte {
	return append(strconv.AppendUint([]byte{'3'}, id, 10), `[]`...)
}

// clientEvent returns the packet of a client event. The payload must be one JSON value; that is
// checked, because a codec of the user's own may have made it.
func clientEvent(channel, event string, payload []byte) ([]byte, error) {
	if !validJSON(payload) {
		return nil, errors.New("it is not one JSON value")
	}
	b := make([]byte, 0, 64+len(channel)+len(event)+len(payload))
	b = appendString(append(b, `2["`+evClient+`",{"channel":`...), channel)
	b = appendString(append(b, `,"event":`...), event)
	b = append(append(b, `,"data":`...), payload...)
	return append(b, `}]`...), nil
}

// appendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// tooLarge returns an error if a packet is larger than the service accepts. The service would end
// the connection over it.
func tooLarge(packet []byte, info transport.Info) error {
	if size := int64(len(packet)) + 1; info.MaxPayload > 0 && size > info.MaxPayload {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, info.MaxPayload)
	}
	return nil
}

// words returns the message and the code of a refusal or error. The key of the message is not
// documented, so each of the common ones is tried. A bare string is a message too.
func words(payload []byte) (message string, code int) {
	var w map[string]json.RawMessage
	if json.Unmarshal(payload, &w) != nil {
		_ = json.Unmarshal(payload, &message)
		return message, 0
	}
	for _, key := range []string{"message", "error", "reason", "type"} {
		raw, ok := w[key]
		if !ok {
			continue
		}
		if json.Unmarshal(raw, &message) == nil && message != "" {
			break
		}
		var inner struct {
			Message string `json:"message"`
			Code    int    `json:"code"`
		}
		if json.Unmarshal(raw, &inner) == nil && inner.Message != "" {
			message, code = inner.Message, inner.Code
			break
		}
	}
	for _, key := range []string{"code", "status"} {
		var n int
		if raw, ok := w[key]; ok && code == 0 && json.Unmarshal(raw, &n) == nil {
			code = n
		}
	}
	return message, code
}
