package plain

import (
	stdjson "encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A maker makes types, and payloads for them, out of random numbers.
type maker struct{ *rand.Rand }

func pick[T any](m maker, from ...T) T { return from[m.IntN(len(from))] }

type (
	namedString string
	namedInt    int32
	namedSlice  []int
)

// leaves are types without parts of their own.
var leaves = []reflect.Type{
	reflect.TypeFor[string](), reflect.TypeFor[string](), reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[int](), reflect.TypeFor[bool](),
	reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](),
	reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](),
	reflect.TypeFor[float64](), reflect.TypeFor[float64](), reflect.TypeFor[float32](), reflect.TypeFor[namedString](), reflect.TypeFor[namedInt](), reflect.TypeFor[namedSlice](),
	reflect.TypeFor[time.Time](), reflect.TypeFor[any](), reflect.TypeFor[[]byte](), reflect.TypeFor[stdjson.RawMessage](), reflect.TypeFor[stdjson.Number](), reflect.TypeFor[text](),
	reflect.TypeFor[map[string]any](), reflect.TypeFor[map[int]string](), reflect.TypeFor[tree](), reflect.TypeFor[mixed](), reflect.TypeFor[level](), reflect.TypeFor[time.Duration](),
}

var names = []string{"id", "ID", "name", "Seq", "seq", "user_id", "a-b", "k", "s", "long_name_of_a_field_that_is_longer_than_the_buffer_for_folding_is_64"}

// root makes the type of a payload: mostly a struct.
func (m maker) root() reflect.Type {
	if m.IntN(10) == 0 {
		return m.typ(3)
	}
	return m.structure(3)
}

func (m maker) typ(depth int) reflect.Type {
	if depth > 0 {
		switch m.IntN(9) {
		case 0:
			return reflect.PointerTo(m.typ(depth - 1))
		case 1:
			return reflect.SliceOf(m.typ(depth - 1))
		case 2:
			return reflect.ArrayOf(m.IntN(4), m.typ(depth-1))
		case 3:
			return m.structure(depth - 1)
		}
	}
	return pick(m, leaves...)
}

func (m maker) structure(depth int) reflect.Type {
	var fields []reflect.StructField
	for i := range m.IntN(7) {
		f := reflect.StructField{Name: fmt.Sprint("F", i), Type: m.typ(depth)}
		switch m.IntN(6) {
		case 0:
		case 1:
			f.Tag = reflect.StructTag(fmt.Sprintf(`json:"%s,omitempty"`, pick(m, names...)))
		case 2:
			f.Tag = reflect.StructTag(fmt.Sprintf(`json:"%s"`, pick(m, "-", ",omitzero", "", "x", "y")))
		default:
			f.Tag = reflect.StructTag(fmt.Sprintf(`json:"%s%d"`, pick(m, names...), i))
		}
		fields = append(fields, f)
	}
	return reflect.StructOf(fields)
}

// payload makes one for a type, and breaks some.
func (m maker) payload(t reflect.Type) []byte {
	b := m.value(nil, t, 6)
	switch m.IntN(12) {
	case 0: // a byte less
		if len(b) > 0 {
			i := m.IntN(len(b))
			b = append(b[:i], b[i+1:]...)
		}
	case 1: // another byte
		if len(b) > 0 {
			b[m.IntN(len(b))] = pick(m, []byte(`{}[]",:0-.eE+tfn\ `+"\x00\x1f\x7f\x80\xc3\xff")...)
		}
	case 2: // a byte more
		i := m.IntN(len(b) + 1)
		b = append(b[:i:i], append([]byte{pick(m, []byte(`{}[]",:09-.en\ `+"\n\xe2")...)}, b[i:]...)...)
	case 3:
		b = b[:m.IntN(len(b)+1)]
	}
	return b
}

func (m maker) space(b []byte) []byte {
	if m.IntN(20) == 0 {
		b = append(b, pick(m, " ", "\n", "\t ", "\r\n  ")...)
	}
	return b
}

// value appends JSON that mostly fits the type.
func (m maker) value(b []byte, t reflect.Type, depth int) []byte {
	b = m.space(b)
	switch {
	case m.IntN(25) == 0 || depth == 0:
		return append(b, "null"...)
	case m.IntN(60) == 0:
		return m.value(b, pick(m, leaves...), depth-1) // another type
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return append(b, pick(m, `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.123456789+01:00"`, `"2026-01-02"`)...)
	case reflect.TypeFor[stdjson.RawMessage](), reflect.TypeFor[any]():
		return m.value(b, pick(m, leaves...), depth-1)
	case reflect.TypeFor[[]byte]():
		return append(b, pick(m, `"aGk="`, `""`, `"aGk"`)...)
	case reflect.TypeFor[text]():
		return m.text(b)
	case reflect.TypeFor[stdjson.Number]():
		return m.number(b)
	}
	switch t.Kind() {
	case reflect.String:
		return m.text(b)
	case reflect.Bool:
		return append(b, pick(m, "true", "false")...)
	case reflect.Float32, reflect.Float64:
		return m.number(b)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if m.IntN(30) == 0 {
			return m.number(b)
		}
		n := int64(m.Uint64() >> m.IntN(64))
		if t.Kind() >= reflect.Uint {
			return strconv.AppendUint(b, uint64(n)&(1<<(t.Bits()-m.IntN(2))-1), 10)
		}
		return strconv.AppendInt(b, n>>(64-t.Bits()), 10)
	case reflect.Pointer:
		return m.value(b, t.Elem(), depth)
	case reflect.Slice:
		return m.list(b, t.Elem(), m.IntN(5), depth)
	case reflect.Array:
		n := t.Len()
		if m.IntN(15) == 0 {
			n = m.IntN(5)
		}
		return m.list(b, t.Elem(), n, depth)
	case reflect.Map:
		b = append(b, '{')
		for i := range m.IntN(3) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, fmt.Sprintf("\"%d\":", i)...)
			b = m.value(b, t.Elem(), depth-1)
		}
		return append(b, '}')
	case reflect.Struct:
		return m.object(b, t, depth)
	}
	return append(b, '0')
}

func (m maker) list(b []byte, elem reflect.Type, n, depth int) []byte {
	b = m.space(append(b, '['))
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = m.space(m.value(b, elem, depth-1))
	}
	return append(b, ']')
}

func (m maker) object(b []byte, t reflect.Type, depth int) []byte {
	b = append(b, '{')
	first := true
	member := func(name string, of reflect.Type) {
		if !first {
			b = append(b, ',')
		}
		first = false
		switch m.IntN(60) {
		case 0:
			name = strings.ToUpper(name)
		case 1:
			name = strings.ReplaceAll(name, "s", `\u0073`)
		case 2:
			name = strings.ReplaceAll(name, "s", "ſ")
		}
		b = m.space(append(m.space(b), '"'))
		b = m.space(append(b, name+`"`...))
		b = append(b, ':')
		b = m.space(m.value(b, of, depth-1))
	}
	order := m.Perm(t.NumField())
	if m.IntN(4) > 0 {
		for i := range order {
			order[i] = i
		}
	}
	for _, i := range order {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		switch m.IntN(30) {
		case 0:
			continue
		case 1:
			member(pick(m, "unknown", "é", "x", ""), pick(m, leaves...))
		case 2:
			member(name, f.Type) // twice
		}
		member(name, f.Type)
	}
	return append(b, '}')
}

func (m maker) text(b []byte) []byte {
	var s strings.Builder
	for range m.IntN(6) {
		s.WriteString(pick(m, "a", "USD", "some words of text ", "é", "日本", "\U0001f600", `\n`, `\"`, `\\`, `\u00e9`, `\ud83d\ude00`, `\ud800`, "0123456789012345678901234567890123456789"))
	}
	if m.IntN(100) == 0 {
		s.WriteString(pick(m, "\xff", "\x01", "\xe6\x97", `\x`))
	}
	return append(b, `"`+s.String()+`"`...)
}

func (m maker) number(b []byte) []byte {
	switch m.IntN(8) {
	case 0:
		return append(b, pick(m, "0", "-0", "0.0", "-0.0", "1e5", "1E+5", "1e-7", "1e400", "9007199254740993", "123456789012345678901234567890", "0.1", "01", "1.", ".5", "-", "1e", "16777217", "3.4e38", "3.5e38", "1.0")...)
	case 1:
		return strconv.AppendFloat(b, math.Float64frombits(m.Uint64()&^(0x7ff<<52)|uint64(m.IntN(2046))<<52), 'g', -1, 64)
	case 2:
		return strconv.AppendInt(b, int64(m.Uint64())>>m.IntN(64), 10)
	}
	return strconv.AppendFloat(b, float64(m.IntN(1e9))/pick(m, 1.0, 10, 100, 1e4, 1e8), 'f', m.IntN(9), 64)
}
