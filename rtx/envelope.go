package rtx

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// An envelope is an inbound event as the service wrapped it. Its fields alias the frame.
type envelope struct {
	event   []byte // the event's name
	channel []byte // empty for an event that concerns no channel
	payload []byte // one JSON value; nil if it is not JSON
	fault   error  // what is wrong with the payload, if known; payload is nil then
	offset  []byte // the recovery offset; nil if there is none, noOffset if it is too long
	topmost bool   // sent directly, not wrapped in server-event
}

var (
	envelopeHead  = []byte(`["` + evServer + `",{"channel":"`)
	envelopeEvent = []byte(`,"event":"`)
	envelopeData  = []byte(`,"data":`)
	envelopeTail  = []byte(`}]`)
	emptyPayload  = []byte(`null`)
	errNoEnvelope = errors.New("rtx: event is not of a known form")
)

// scanEnvelope parses the usual form of an event by its known prefix and suffix, without looking
// into the payload. The decoder of the payload validates it, and parseEnvelope is called if it is
// not valid. scanEnvelope returns false for any other form. withOffset says that the session can be
// recovered, so a last string argument is an offset.
func scanEnvelope(data []byte, withOffset bool) (envelope, bool) {
	var e envelope
	rest, ok := bytes.CutPrefix(data, envelopeHead)
	if !ok {
		return e, false
	}
	if e.channel, rest, ok = plainString(rest); !ok {
		return e, false
	}
	if rest, ok = bytes.CutPrefix(rest, envelopeEvent); !ok {
		return e, false
	}
	if e.event, rest, ok = plainString(rest); !ok {
		return e, false
	}
	if rest, ok = bytes.CutPrefix(rest, envelopeData); !ok {
		return e, false
	}
	if e.payload, ok = bytes.CutSuffix(rest, envelopeTail); ok {
		return e, len(e.payload) > 0
	}
	if !withOffset {
		return e, false
	}
	return cutOffset(e, rest)
}

// cutOffset removes `},"OFFSET"]` from the end of rest. What is before it is the payload.
func cutOffset(e envelope, rest []byte) (envelope, bool) {
	rest, ok := bytes.CutSuffix(rest, []byte(`"]`))
	if !ok {
		return e, false
	}
	open := bytes.LastIndexByte(rest, '"')
	if open < 2 {
		return e, false
	}
	offset, ok := plainText(rest[open+1:])
	if !ok {
		return e, false
	}
	e.offset = bounded(offset)
	e.payload, ok = bytes.CutSuffix(rest[:open], []byte(`},`))
	return e, ok && len(e.payload) > 0
}

// plainString parses a string without escapes at the beginning of b, up to and with its closing
// quote.
func plainString(b []byte) (s, rest []byte, ok bool) {
	var bits byte
	for i, c := range b {
		if c == '"' {
			return b[:i], b[i+1:], bits < utf8.RuneSelf || utf8.Valid(b[:i])
		}
		if c == '\\' || c < 0x20 {
			break
		}
		bits |= c
	}
	return nil, nil, false
}

// plainText returns b if it is the inside of a string without escapes.
func plainText(b []byte) ([]byte, bool) {
	for _, c := range b {
		if c == '\\' || c < 0x20 {
			return nil, false
		}
	}
	return b, utf8.Valid(b)
}

// parseEnvelope parses every form in one pass. It finds the end of each value of the packet,
// whatever it contains and however deep it is. If a value is not JSON, the payload is nil, and the
// rest can only be used to report the loss. A fault between the values is an error that ends the
// session. It returns errNoEnvelope for an unknown form, such as an event without a name.
func parseEnvelope(data []byte, withOffset bool) (envelope, error) {
	var e envelope
	var name, first, last []byte // last of the arguments after the first
	known := false
	c := engineio.NewCursor(data)
	n := 0
	for more := c.Open('['); more; more = c.More(']') {
		switch {
		case n == 0 && c.Peek() == '"':
			name = unquote(c.String())
			known = string(name) != evServer
		case n == 1 && string(name) == evServer && c.Peek() == '{':
			known = e.unwrap(&c)
		case n == 1:
			first = c.Value()
		default:
			last = c.Value()
		}
		n++
	}
	if err := c.End(); err != nil {
		return envelope{}, err
	}
	switch {
	case !withOffset || n < 3:
	case c.Whole():
		e.offset = lastOffset(last)
	default:
		e.offset = noOffset
	}
	if !known {
		return e, errNoEnvelope
	}
	if string(name) != evServer {
		e.event, e.payload, e.topmost = name, first, true
	}
	if e.payload == nil {
		e.payload = emptyPayload
	}
	if !c.Whole() {
		e.payload = nil
	}
	if e.topmost {
		e.channel, _ = stringMember(e.payload, "channel")
	}
	return e, nil
}

// unwrap parses the content of a server-event, and reports whether the form is known: it has an
// event name, and a channel name if it has a channel. If a member is repeated, the last one is
// used, as in JSON.parse.
func (e *envelope) unwrap(c *engineio.Cursor) (known bool) {
	var isEvent, isChannel = false, true
	for more := c.Open('{'); more; more = c.More('}') {
		switch key := unquote(c.Key()); string(key) {
		case "event":
			e.event, isEvent = nextText(c)
			isEvent = isEvent && e.event != nil
		case "channel":
			e.channel, isChannel = nextText(c)
		case "data":
			e.payload = c.Value()
		default:
			c.Value()
		}
	}
	return isEvent && isChannel
}

// nextText parses a string, or null, which gives no text. Any other value is not ok.
func nextText(c *engineio.Cursor) (text []byte, ok bool) {
	if c.Peek() == '"' {
		return unquote(c.String()), true
	}
	return nil, string(c.Value()) == "null"
}

// stringMember returns the text of a member that is a string, or nil if it is null or missing. Any
// other value is not ok.
func stringMember(object []byte, name string) (text []byte, ok bool) {
	v, found := engineio.Member(object, name)
	if !found || string(v) == "null" {
		return nil, true
	}
	if v[0] != '"' {
		return nil, false
	}
	return unquote(v), true
}

// maxOffset is the largest length of a recovery offset in bytes. Those of the adapters have 20 to
// 40. It is sent in every CONNECT that asks for a recovery, and the service accepts no CONNECT
// larger than its maxPayload.
const maxOffset = 1024

// noOffset stands for an offset longer than maxOffset. It is not nil, because it must replace the
// offset before: from that one the service would send this event again. So nothing is recovered
// until an event with another offset comes.
var noOffset = []byte{}

// lastOffset returns the last argument if it is a string: that is the recovery offset.
func lastOffset(arg []byte) []byte {
	if len(arg) == 0 || arg[0] != '"' {
		return nil
	}
	return bounded(unquote(arg))
}

func bounded(offset []byte) []byte {
	if len(offset) > maxOffset {
		return noOffset
	}
	return offset
}

// unquote returns the text of a valid JSON string, without a copy if it has no escapes. Half of a
// surrogate pair becomes U+FFFD, as when the result of JSON.parse is written in UTF-8.
func unquote(quoted []byte) []byte {
	switch {
	case len(quoted) < 2:
		return nil
	case bytes.IndexByte(quoted, '\\') < 0:
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // the error only reports a U+FFFD
	return text
}
