package main

import (
	"bytes"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// jsonOptions are those that the library decodes with.
var jsonOptions = json.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false))

func decode(b []byte, p *Payload) error { return json.Unmarshal(b, p, jsonOptions) }

// encode writes p as the load server does.
func encode(p *Payload) []byte {
	b, err := json.Marshal(p, jsonOptions)
	if err != nil {
		panic(err) // a struct of strings and numbers
	}
	return b
}

var (
	messageHead = []byte(`42["server-event",{"channel":"`)
	eventHead   = []byte(`,"event":"`)
	dataHead    = []byte(`,"data":`)
	messageTail = []byte(`}]`)
)

// scan cuts the payload out of an ordinary event, as a careful hand-written reader does: the
// envelope's known parts are compared, the names are read, the payload is left to its decoder.
func scan(frame []byte) (channel, event, data []byte, ok bool) {
	rest, ok := bytes.CutPrefix(frame, messageHead)
	if !ok {
		return nil, nil, nil, false
	}
	if channel, rest, ok = bytes.Cut(rest, []byte{'"'}); !ok {
		return nil, nil, nil, false
	}
	if rest, ok = bytes.CutPrefix(rest, eventHead); !ok {
		return nil, nil, nil, false
	}
	if event, rest, ok = bytes.Cut(rest, []byte{'"'}); !ok {
		return nil, nil, nil, false
	}
	if rest, ok = bytes.CutPrefix(rest, dataHead); !ok {
		return nil, nil, nil, false
	}
	data, ok = bytes.CutSuffix(rest, messageTail)
	return channel, event, data, ok
}
