package plain

import (
	"encoding/binary"
	"math"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

func stringStep(s *state, v reflect.Value) bool {
	if s.b[s.i] != '"' {
		return s.null()
	}
	start := s.i
	end, plain, ok := engineio.SkipString(s.b, start)
	if !ok {
		return false
	}
	s.i = end
	if plain {
		v.SetString(s.text(s.b[start+1 : end-1]))
		return true
	}
	text, err := jsontext.AppendUnquote(nil, s.b[start:end])
	v.SetString(string(text))
	return err == nil
}

// maxText is the longest string that is remembered, in bytes.
const maxText = 64

// text returns b as a string. Short strings are remembered, because they repeat: names of things,
// states, currencies. The string never shares memory with b.
func (s *state) text(b []byte) string {
	if len(b) < 2 || len(b) > maxText {
		return string(b)
	}
	le := binary.LittleEndian
	h := uint32(len(b)) * 31
	switch n := len(b); {
	case n >= 8:
		h ^= le.Uint32(b) ^ le.Uint32(b[4:])*0x9e3779b1 ^ le.Uint32(b[n-8:])*0x85ebca77 ^ le.Uint32(b[n-4:])*0xc2b2ae3d
	case n >= 4:
		h ^= le.Uint32(b) ^ le.Uint32(b[n-4:])*0x85ebca77
	default:
		h ^= uint32(b[0])<<8 ^ uint32(b[1]) ^ uint32(b[n-1])<<16
	}
	known := &s.texts[h*0x9e3779b1>>24]
	if *known != string(b) {
		*known = string(b)
	}
	return *known
}

func boolStep(s *state, v reflect.Value) bool {
	switch s.b[s.i] {
	case 't':
		v.SetBool(true)
		return s.word("true")
	case 'f':
		return s.word("false")
	}
	return s.null()
}

// digits moves behind the digits of a number, of which up to 19 fit into a uint64. If a fraction or an
// exponent follows, whoever looks for the end of the value finds it.
func (s *state) digits() (n uint64, ok bool) {
	b, i := s.b, s.i
	for i < len(b) && b[i]-'0' <= 9 {
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	size := i - s.i
	if size == 0 || size > 19 || size > 1 && b[s.i] == '0' {
		return 0, false
	}
	s.i = i
	return n, true
}

func intStep(s *state, v reflect.Value) bool {
	c := s.b[s.i]
	if c == 'n' {
		return s.null()
	}
	if c == '-' {
		s.i++
	}
	u, ok := s.digits()
	n := int64(u)
	if c == '-' {
		n = -n
		ok = ok && u != 0
	}
	if !ok || u > math.MaxInt64 || v.OverflowInt(n) {
		return false
	}
	v.SetInt(n)
	return true
}

func uintStep(s *state, v reflect.Value) bool {
	if s.b[s.i] == 'n' {
		return s.null()
	}
	n, ok := s.digits()
	if !ok || v.OverflowUint(n) {
		return false
	}
	v.SetUint(n)
	return true
}

// powers are the powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func float64Step(s *state, v reflect.Value) bool {
	b, i := s.b, s.i
	if b[i] == 'n' {
		return s.null()
	}
	negative := b[i] == '-'
	if negative {
		i++
	}
	start, n := i, uint64(0)
	for i < len(b) && b[i]-'0' <= 9 {
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	whole, fraction := i-start, 0
	if whole == 0 || whole > 1 && b[start] == '0' {
		return false
	}
	if i < len(b) && b[i] == '.' {
		i++
		for i < len(b) && b[i]-'0' <= 9 {
			n = n*10 + uint64(b[i]-'0')
			i++
			fraction++
		}
		if fraction == 0 {
			return false
		}
	}
	if whole+fraction >= len(powers) || i < len(b) && b[i]|0x20 == 'e' {
		return parseFloat(s, v, 64)
	}
	// Both are exact, so that their quotient is rounded only once, as it has to be.
	f := float64(n) / powers[fraction]
	if negative {
		f = -f // also a negative zero
	}
	s.i = i
	v.SetFloat(f)
	return true
}

func float32Step(s *state, v reflect.Value) bool {
	if s.b[s.i] == 'n' {
		return s.null()
	}
	return parseFloat(s, v, 32)
}

// parseFloat is for any number.
func parseFloat(s *state, v reflect.Value, bits int) bool {
	if c := s.b[s.i]; c != '-' && c-'0' > 9 {
		return false
	}
	end, ok := engineio.SkipValue(s.b, s.i, 0)
	if !ok {
		return false
	}
	f, err := strconv.ParseFloat(string(s.b[s.i:end]), bits)
	if err != nil {
		return false
	}
	s.i = end
	v.SetFloat(f)
	return true
}
