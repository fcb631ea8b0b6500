package rtx

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// An envelope is what the service wraps around a payload. Its fields alias the frame.
type envelope struct {
	event   []byte // the event's name
	channel []byte // empty for an event that concerns no channel
	payload []byte // one JSON value
	offset  []byte // the recovery offset; nil if there is none
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
	e.offset = offset
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

// parseEnvelope is the judge of every form: it validates the whole packet. A malformed one is an error that ends the
// session; errNoEnvelope is a valid event of a form that is not known.
func parseEnvelope(data []byte, withOffset bool) (envelope, error) {
	var e envelope
	rawName, args, err := engineio.SplitEvent(data, engineio.DefaultLimits)
	if err != nil {
		return e, err
	}
	name, err := unquote(rawName)
	if err != nil {
		return e, err
	}
	first, rest := engineio.NextArg(args)
	if withOffset {
		e.offset = lastString(rest)
	}
	if string(name) != evServer {
		e.event, e.payload, e.topmost = name, first, true
		if e.payload == nil {
			e.payload = emptyPayload
		}
		e.channel = channelOf(e.payload)
		return e, nil
	}
	eventName, ok := stringMember(first, "event")
	if !ok || eventName == nil {
		return e, errNoEnvelope
	}
	if e.channel, ok = stringMember(first, "channel"); !ok {
		return e, errNoEnvelope
	}
	e.event = eventName
	if e.payload, ok = engineio.Member(first, "data"); !ok {
		e.payload = emptyPayload
	}
	return e, nil
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
	text, err := unquote(v)
	return text, err == nil
}

// lastString returns the last of the remaining arguments if it is a string: the recovery offset stands there.
func lastString(args []byte) []byte {
	var last []byte
	for len(args) > 0 {
		last, args = engineio.NextArg(args)
	}
	if len(last) == 0 || last[0] != '"' {
		return nil
	}
	s, err := unquote(last)
	if err != nil {
		return nil
	}
	return s
}

// channelOf reads the channel that an event of its own names in its payload; nil if none.
func channelOf(payload []byte) []byte {
	channel, _ := stringMember(payload, "channel")
	return channel
}

// unquote returns the text of a JSON string, without a copy where it has no escapes.
func unquote(raw []byte) ([]byte, error) {
	if len(raw) < 2 {
		return nil, errors.New("rtx: not a string")
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], nil
	}
	s, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return nil, fmt.Errorf("rtx: bad string in an event: %w", err)
	}
	return s, nil
}
