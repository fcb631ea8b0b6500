package rtx

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A shape is a T, and the view of it.
type shape struct {
	name  string
	quick bool
	t     reflect.Type
	view  func(c codec) func(payload string) (any, error)
}

func of[T any](name string, quick bool) shape {
	return shape{name, quick, reflect.TypeFor[T](), func(c codec) func(string) (any, error) {
		decode := decoderOf[T](c)
		return func(payload string) (any, error) {
			var v T
			e := event{payload: []byte(payload)}
			err := decodeInto(decode, &e, &v)
			return v, err
		}
	}}
}

// byReflection is the same for a type that was made at run time.
func byReflection(t reflect.Type) shape {
	return shape{name: t.String(), t: t, view: func(c codec) func(string) (any, error) {
		unmarshal := c.viewer(t)
		return func(payload string) (any, error) {
			v := reflect.New(t)
			err := unmarshal([]byte(payload), v.Interface())
			return v.Elem().Interface(), err
		}
	}}
}

// standard is what encoding/json makes of a payload. A panic of its own is an error.
func standard(t reflect.Type, payload string) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r}
		}
	}()
	p := reflect.New(t)
	err = json.Unmarshal([]byte(payload), p.Interface())
	return p.Elem().Interface(), err
}

// likeStandard compares, and returns what differs. The views of bytes give the payload itself and
// are no decoders.
func likeStandard(s shape, view func(string) (any, error), payload string) string {
	want, wantErr := standard(s.t, payload)
	got, err := view(payload)
	switch {
	case (err == nil) != (wantErr == nil):
		return fmt.Sprintf("error %v, of encoding/json %v", err, wantErr)
	case err == nil && !reflect.DeepEqual(got, want):
		return fmt.Sprintf("%#v, of encoding/json %#v", got, want)
	case err != nil:
		return ""
	}
	wantData, wantErr := json.Marshal(want)
	data, err := marshalJSON(got)
	if (err == nil) != (wantErr == nil) || string(data) != string(wantData) {
		return fmt.Sprintf("is sent as %s (%v), by encoding/json as %s (%v)", data, err, wantData, wantErr)
	}
	return ""
}

// Payloads are decoded, refused and encoded as by encoding/json, whatever T is.
func TestLikeEncodingJSON(t *testing.T) {
	if len(shapes) < 100 {
		t.Fatalf("%d shapes", len(shapes))
	}
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			view := s.view(codec{maxDepth: decoderDepth})
			for _, p := range payloads {
				if diff := likeStandard(s, view, p); diff != "" {
					t.Errorf("%s: %s", p, diff)
				}
			}
			if s.quick && !ordinary(s.t) {
				t.Error("is not decoded at full speed")
			}
		})
	}
}

// made is a shape of a struct that is made at run time.
func made(name string, fields ...reflect.StructField) shape {
	s := byReflection(reflect.StructOf(fields))
	s.name = name
	return s
}

func field[T any](name string, tag reflect.StructTag) reflect.StructField {
	return reflect.StructField{Name: name, Type: reflect.TypeFor[T](), Tag: tag}
}

func embed[T any](tag reflect.StructTag) reflect.StructField {
	t := reflect.TypeFor[T]()
	return reflect.StructField{Name: t.Name(), Type: t, Tag: tag, Anonymous: true}
}

// A maker makes types, and payloads for them, out of random numbers.
type maker struct{ *rand.Rand }

func pick[T any](m maker, from ...T) T { return from[m.IntN(len(from))] }

var leaves = []reflect.Type{
	reflect.TypeFor[any](), reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](),
	reflect.TypeFor[int64](), reflect.TypeFor[uint64](), reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[[]byte](), reflect.TypeFor[[3]byte](),
	reflect.TypeFor[json.Number](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](),
	reflect.TypeFor[celsius](), reflect.TypeFor[level](), reflect.TypeFor[seen](), reflect.TypeFor[textKey](), reflect.TypeFor[namedString](),
	reflect.TypeFor[namedInt](), reflect.TypeFor[namedBytes](), reflect.TypeFor[namedMap](), reflect.TypeFor[Base](), reflect.TypeFor[Deep](), reflect.TypeFor[recursive](),
	reflect.TypeFor[func()](), reflect.TypeFor[chan int](), reflect.TypeFor[complex128](), reflect.TypeFor[uintptr](), reflect.TypeFor[fmt.Stringer](),
	reflect.TypeFor[secondVersion](), reflect.TypeFor[onlyMarshals](), reflect.TypeFor[embeddedExportedString](), reflect.TypeFor[valueUnmarshaler](),
}

func (m maker) typ(depth int) reflect.Type {
	if depth == 0 || m.IntN(3) == 0 {
		return pick(m, leaves...)
	}
	switch m.IntN(8) {
	case 0:
		return reflect.PointerTo(m.typ(depth - 1))
	case 1:
		return reflect.SliceOf(m.typ(depth - 1))
	case 2:
		return reflect.ArrayOf(m.IntN(3), m.typ(depth-1))
	case 3:
		key := pick(m, leaves...)
		if m.IntN(2) == 0 || !key.Comparable() {
			key = reflect.TypeFor[string]()
		}
		return reflect.MapOf(key, m.typ(depth-1))
	}
	return m.structure(depth)
}

// structure makes a struct; reflect can't make every one, then it is an empty one.
func (m maker) structure(depth int) (t reflect.Type) {
	defer func() {
		if recover() != nil {
			t = reflect.TypeFor[struct{}]()
		}
	}()
	var fields []reflect.StructField
	used := make(map[string]bool)
	for range m.IntN(5) {
		f := reflect.StructField{Name: pick(m, "A", "B", "C", "ID", "Id", "Name", "K", "S", "É", "Data"), Type: m.typ(depth - 1)}
		switch m.IntN(10) {
		case 0:
			f.Type = pick(m, reflect.TypeFor[Base](), reflect.TypeFor[*Base](), reflect.TypeFor[Deep](), reflect.TypeFor[ExportedString](),
				reflect.TypeFor[ExportedMap](), reflect.TypeFor[Other]())
			f.Name, f.Anonymous = f.Type.Name(), true
			if f.Type.Kind() == reflect.Pointer {
				f.Name = f.Type.Elem().Name()
			}
		case 1, 2, 3, 4:
			f.Tag = reflect.StructTag(fmt.Sprintf("json:%q", m.name()))
		case 5, 6:
			f.Tag = reflect.StructTag(fmt.Sprintf("json:%q", m.name()+","+pick(m, "omitempty", "omitzero", "string", "string", "inline", "embed", "unknown",
				"case:ignore", "case:strict", "format:x", "", "omitempty,string", "omitempty,omitempty", " omitempty", "OMITEMPTY", "nocase")))
		}
		if !used[f.Name] {
			used[f.Name] = true
			fields = append(fields, f)
		}
	}
	return reflect.StructOf(fields)
}

func (m maker) name() string {
	return pick(m, "", "a", "A", "b", "id", "ID", "x", "k", "s", "a-b", "a_b", "a.b", "-", "é", "\u212a", "'a'", "a b", `a\b`, "$a", "1")
}

// payload makes a payload that would do for a t, mostly.
func (m maker) payload(t reflect.Type, depth int) string {
	if depth == 0 || m.IntN(8) == 0 {
		return pick(m, payloads...)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return m.payload(t.Elem(), depth)
	case reflect.Slice, reflect.Array:
		var parts []string
		for range m.IntN(4) {
			parts = append(parts, m.payload(t.Elem(), depth-1))
		}
		return "[" + strings.Join(parts, m.comma()) + "]"
	case reflect.Map:
		var parts []string
		for range m.IntN(4) {
			parts = append(parts, strconv.Quote(pick(m, "a", "1", "-1", "low", "x"))+":"+m.payload(t.Elem(), depth-1))
		}
		return "{" + strings.Join(parts, m.comma()) + "}"
	case reflect.Struct:
		var parts []string
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || m.IntN(8) == 0 {
				name = f.Name
			}
			switch m.IntN(6) {
			case 0:
				name = strings.ToLower(name)
			case 1:
				name = strings.ToUpper(name)
			}
			value := m.payload(f.Type, depth-1)
			if m.IntN(6) == 0 {
				value = strconv.Quote(value)
			}
			quoted, _ := json.Marshal(name)
			if m.IntN(5) > 0 {
				parts = append(parts, string(quoted)+":"+value)
			}
		}
		m.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return "{" + strings.Join(parts, m.comma()) + "}"
	case reflect.String:
		return pick(m, `"a"`, `""`, `"\ud83d"`, `"1"`, `1`, `null`)
	case reflect.Bool:
		return pick(m, `true`, `false`, `"true"`, `null`)
	case reflect.Interface, reflect.Func, reflect.Chan:
		return pick(m, payloads...)
	}
	return pick(m, `1`, `0`, `-1`, `300`, `1.5`, `1e2`, `"1"`, `"-7"`, `null`, `18446744073709551615`)
}

func (m maker) comma() string { return pick(m, ",", ",", " , ", ",\n") }

// madeLikeStandard makes a type and payloads for it, and returns what is not as encoding/json has
// it.
func madeLikeStandard(seed uint64) string {
	m := maker{rand.New(rand.NewPCG(seed, 0))}
	s := byReflection(m.typ(3))
	view := s.view(codec{maxDepth: decoderDepth})
	for range 10 {
		p := m.payload(s.t, 4)
		if diff := likeStandard(s, view, p); diff != "" {
			return fmt.Sprintf("seed %d: %v of %s: %s", seed, s.t, p, diff)
		}
	}
	return ""
}

// The same for types and payloads that nobody thought of.
func TestMadeTypesLikeEncodingJSON(t *testing.T) {
	quick := 0
	for seed := range uint64(3000) {
		if diff := madeLikeStandard(seed); diff != "" {
			t.Error(diff)
		}
		if m := (maker{rand.New(rand.NewPCG(seed, 0))}); ordinary(m.typ(3)) {
			quick++
		}
	}
	if quick < 600 {
		t.Errorf("only %d types of 3000 are ordinary, so that little is compared", quick)
	}
}

func FuzzMadeTypesLikeEncodingJSON(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		if diff := madeLikeStandard(seed); diff != "" {
			t.Error(diff)
		}
	})
}

// Any text is decoded into any shape as by encoding/json.
func FuzzShapesLikeEncodingJSON(f *testing.F) {
	for i, p := range payloads {
		f.Add(uint(i), p)
	}
	f.Fuzz(func(t *testing.T, i uint, payload string) {
		s := shapes[i%uint(len(shapes))]
		if diff := likeStandard(s, s.view(codec{maxDepth: decoderDepth}), payload); diff != "" {
			t.Errorf("%s of %s: %s", s.name, payload, diff)
		}
	})
}
