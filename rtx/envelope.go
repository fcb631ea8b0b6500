package rtx

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// An envelope is what the service wraps around a payload. Its fields alias the frame.
type envelope struct {
	event   []byte // the event's name
	channel []byte // empty for an event that concerns no channel
	payload []byte // one JSON value; nil if what stands there is none
	offset  []byte // the recovery offset; nil if there is none, noOffset if there is none that can be used
	topmost bool   // an event of its own, not wrapped in server-event
}

var (
	envelopeHead  = []byte(`["` + evServer + `",{"channel":"`)
	envelopeEvent = []byte(`,"event":"`)
	envelopeData  = []byte(`,"data":`)
	envelopeTail  = []byte(`}]`)
	emptyPayload  = []byte(`null`)
	errNoEnvelope = errors.New("rtx: event is not of a known form")
)

// scanEnvelope cuts the known prefix and suffix off an ordinary event, without looking into the payload: whoever decodes
// the payload validates it, and calls parseEnvelope when it is not valid. It reports false for any other form.
// withOffset says that the session can be recovered, so that a last string argument is an offset.
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

// cutOffset takes `},"OFFSET"]` off the end of rest; what is before it is the payload.
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

// plainString takes a string without escapes, up to and with its closing quote, off the front of b.
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

// plainText takes b if it is the inside of a string without escapes.
func plainText(b []byte) ([]byte, bool) {
	for _, c := range b {
		if c == '\\' || c < 0x20 {
			return nil, false
		}
	}
	return b, utf8.Valid(b)
}

// parseEnvelope takes every form, in one pass: each value of the packet is found by its ends, whatever it holds and however deep.
// A value that is not JSON costs the event its payload, which is nil then, and nothing else: what was read around it is good for
// telling of a loss, and not for data. A fault between the values is an error that ends the session. errNoEnvelope is an event of
// a form that is not known, one without a name for instance.
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

// unwrap reads what server-event wraps, and reports whether it is of the known form: with an event's name, and a channel's if
// there is one. Of a repeated member the last counts, as with JSON.parse.
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

// nextText takes a string, or null, which is no text; any other value is not ok.
func nextText(c *engineio.Cursor) (text []byte, ok bool) {
	if c.Peek() == '"' {
		return unquote(c.String()), true
	}
	return nil, string(c.Value()) == "null"
}

// stringMember returns the text of a member that is a string, and nil if it is null or missing; any other is not ok.
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

// maxOffset bounds the recovery offset in bytes. Those of the adapters have 20 to 40. It goes into every CONNECT that asks for a
// recovery, and a service takes no CONNECT larger than its maxPayload.
const maxOffset = 1024

// noOffset is what an offset past maxOffset counts as. It is not nil: it takes the place of the offset before, from which the
// service would send this event again, so that nothing is recovered until an event with another offset has come.
var noOffset = []byte{}

// lastOffset is the last argument, if it is a string: the recovery offset stands there.
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

// unquote returns the text of a JSON string that is known to be one, without a copy where it has no escapes. Half of a surrogate
// pair becomes U+FFFD, as it does for whoever writes in UTF-8 what JSON.parse made of it.
func unquote(quoted []byte) []byte {
	switch {
	case len(quoted) < 2:
		return nil
	case bytes.IndexByte(quoted, '\\') < 0:
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // the error would tell of U+FFFD
	return text
}
