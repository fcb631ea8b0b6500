package testserver

import (
	"bytes"
	"encoding/json"
)

// payload is a JSON object whose order of keys does not matter.
type payload map[string]any

func (p payload) encode() []byte { return encode(p) }

type field struct {
	name  string
	value any
}

// splice is fields of an object as they stand in JSON, with commas between them. It has no name of
// its own.
type splice []byte

// object is a JSON object with its keys in the order given.
func object(fields ...field) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		if raw, ok := f.value.(splice); ok {
			b.Write(raw)
			continue
		}
		b.Write(encode(f.name))
		b.WriteByte(':')
		if raw, ok := f.value.(json.RawMessage); ok {
			b.Write(raw)
			continue
		}
		b.Write(encode(f.value))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// encode is the JSON of a value that is known to encode, written as JavaScript does: without
// escapes for HTML.
func encode(v any) []byte {
	b, err := marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}
