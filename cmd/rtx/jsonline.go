package main

import (
	"bytes"
	"encoding/json"
	"time"
)

// A jsonLine builds one object on one line, its fields in the order in which they are added. Its memory is used again.
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

// add adds a field. The value must be one that JSON has.
func (l *jsonLine) add(name string, value any) {
	l.name(name)
	if err := l.enc.Encode(value); err != nil {
		panic("rtx: " + name + " is not JSON: " + err.Error())
	}
	l.buf.Truncate(l.buf.Len() - 1) // the newline
}

// addRaw adds a field whose value is JSON already, as it stands; only a line break between its parts is left out.
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
