package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"time"
)

// A jsonLine builds one object on one line, its fields in the order in which they are added. Its
// memory is used again.
type jsonLine struct {
	buf bytes.Buffer
	enc *json.Encoder
}

func newJSONLine() *jsonLine {
	l := new(jsonLine)
	l.enc = json.NewEncoder(&l.buf)
	l.enc.SetEscapeHTML(false)
	return l
}

// begin starts a line with its time.
func (l *jsonLine) begin(at time.Time) {
	l.buf.Reset()
	l.buf.WriteString(`{"time":"`)
	l.buf.Write(at.UTC().AppendFormat(l.buf.AvailableBuffer(), time.RFC3339Nano))
	l.buf.WriteByte('"')
}

func (l *jsonLine) name(name string) {
	l.buf.WriteString(`,"`)
	l.buf.WriteString(name)
	l.buf.WriteString(`":`)
}

// add adds a field: a value that JSON has, or one that has a text, as states, errors and durations
// have.
func (l *jsonLine) add(name string, value any) {
	l.name(name)
	if err := l.enc.Encode(textOf(value)); err != nil {
		panic("rtx: " + name + " is not JSON: " + err.Error())
	}
	l.buf.Truncate(l.buf.Len() - 1) // the newline
}

// textOf gives the text of what would be a number or an empty object in JSON.
func textOf(value any) any {
	switch v := value.(type) {
	case json.Marshaler, encoding.TextMarshaler:
		return v
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	}
	return value
}

// addRaw adds a field whose value is JSON already, as it stands; only a line break between its
// parts is left out.
func (l *jsonLine) addRaw(name string, value []byte) {
	l.name(name)
	if bytes.ContainsAny(value, "\n\r") && json.Compact(&l.buf, value) == nil {
		return
	}
	l.buf.Write(value)
}

// end returns the line, which is good until the next begin.
func (l *jsonLine) end() []byte {
	l.buf.WriteByte('}')
	return l.buf.Bytes()
}
