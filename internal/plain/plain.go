// Package plain decodes the JSON that most payloads are into the Go types that most programs have, in
// one pass over the bytes.
//
// A Go type is compiled once, into a step for each of its parts. A step decodes a value only if it is
// sure of it. Whatever it is not sure of ends the whole attempt: an escape in a name, a name in
// another case, a member that comes twice, a number that may round differently, an array of another
// length, malformed JSON. The caller then decodes the payload again, by the full decoder. So this
// package never decides that something is wrong, and never decodes differently. FuzzAgrees holds it
// against the full decoder.
//
// Parts of types that it does not know (maps, interfaces, times, bytes, types with methods of their
// own) are left to the full decoder too, one by one.
package plain

import (
	"reflect"
	"sync"
)

// maxNesting is how deep a payload may be nested. What is deeper is left to the full decoder.
const maxNesting = 64

// A Full decoder decodes JSON into a pointer. It decides what is right and wrong.
type Full func(data []byte, v any) error

// A Decoder decodes into values of one type. It may be used concurrently.
type Decoder struct {
	decode step
	full   Full
}

// New returns a decoder for t. It returns nil if t has nothing that this package decodes faster than
// full, or if t is not known well enough.
func New(t reflect.Type, full Full) *Decoder {
	c := compiler{done: make(map[reflect.Type]*step)}
	decode, ok := c.step(t)
	if !ok || foreign(t) || c.foreign > c.known {
		return nil
	}
	return &Decoder{decode, full}
}

// Decode decodes b into v, which is addressable and zero. If it returns false, v may contain
// anything, and b is to be decoded by the full decoder. It keeps nothing of b.
//
// Methods of v's own type, such as UnmarshalJSON, are called after everything else was decoded, so
// that hardly ever one is called here and again by the full decoder.
func (d *Decoder) Decode(b []byte, v reflect.Value) bool {
	s := states.Get().(*state)
	s.b, s.i, s.depth = b, 0, 0
	ok := s.space() && d.decode(s, v) && !s.space()
	for _, f := range s.later {
		ok = ok && d.full(b[f.start:f.end], f.v.Addr().Interface()) == nil
	}
	clear(s.later)
	s.b, s.later = nil, s.later[:0]
	states.Put(s)
	return ok
}

// states has the states that are not in use. They hold no memory of payloads, and 20 KiB at most.
var states = sync.Pool{New: func() any { return new(state) }}

// state is what the steps of one attempt share.
type state struct {
	b     []byte
	i     int // the next byte of b
	depth int
	later []later
	texts [256]string // short strings of earlier payloads: see text
}

// later is a value that the full decoder decodes at the end.
type later struct {
	start, end int
	v          reflect.Value
}

// A step decodes the value at s.b[s.i] into v, which is zero, and moves s.i behind it. It returns
// false for anything but what it is sure of.
type step func(s *state, v reflect.Value) bool

// space moves behind space, and reports whether there is more.
func (s *state) space() bool {
	b, i := s.b, s.i
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	s.i = i
	return i < len(b)
}

// enter moves behind the bracket that opens an array or object, and behind space. more is false if
// the bracket that closes it follows.
func (s *state) enter(closing byte) (more, ok bool) {
	s.i++
	if s.depth++; s.depth > maxNesting || !s.space() {
		return false, false
	}
	if s.b[s.i] == closing {
		s.i++
		s.depth--
		return false, true
	}
	return true, true
}

// next moves behind the comma that follows a value, and behind space. more is false if the bracket
// that closes the array or object follows.
func (s *state) next(closing byte) (more, ok bool) {
	if s.i < len(s.b) && s.b[s.i] != ',' {
		s.space()
	}
	if s.i >= len(s.b) {
		return false, false
	}
	c := s.b[s.i]
	s.i++
	switch c {
	case ',':
		return true, s.space()
	case closing:
		s.depth--
		return false, true
	}
	return false, false
}

// null moves behind a null, which leaves a value zero.
func (s *state) null() bool { return s.word("null") }

// word moves behind a word.
func (s *state) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}
