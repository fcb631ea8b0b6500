package plain

import (
	"encoding"
	stdjson "encoding/json"
	"reflect"

	"github.com/go-json-experiment/json"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

var (
	unmarshaler     = reflect.TypeFor[stdjson.Unmarshaler]()
	unmarshalerFrom = reflect.TypeFor[json.UnmarshalerFrom]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	number          = reflect.TypeFor[stdjson.Number]()
)

// ownMethods reports whether a type decodes itself.
func ownMethods(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(unmarshaler) || p.Implements(unmarshalerFrom) || p.Implements(textUnmarshaler)
}

// foreign reports whether values of a type are left to the full decoder.
func foreign(t reflect.Type) bool {
	if t == number || ownMethods(t) {
		return true
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64, reflect.Pointer, reflect.Struct,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return false
	case reflect.Slice, reflect.Array:
		// A foreign value must stay where it is until the end, which an element of a growing slice
		// does not. Also one call of the full decoder for all elements is faster. Bytes are base64.
		return t.Elem().Kind() == reflect.Uint8 || hasForeign(t.Elem(), make(map[reflect.Type]bool))
	}
	return true
}

// hasForeign reports whether a value of a type may be foreign or have a foreign one in it. seen has
// the types that were looked at.
func hasForeign(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if t == number || ownMethods(t) {
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return t.Elem().Kind() == reflect.Uint8 || hasForeign(t.Elem(), seen)
	case reflect.Pointer:
		return hasForeign(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if hasForeign(f.Type, seen) {
				return true
			}
		}
		return false
	}
	return foreign(t)
}

// compiler makes the steps of one type.
type compiler struct {
	done           map[reflect.Type]*step // nil while it is being made: the type contains itself
	known, foreign int                    // how many fields are decoded here, and how many are not
}

// step returns the step for t. It returns false if t can't be decoded here even as a part.
func (c *compiler) step(t reflect.Type) (step, bool) {
	if p, ok := c.done[t]; ok && *p != nil {
		return *p, true
	} else if ok {
		return func(s *state, v reflect.Value) bool { return (*p)(s, v) }, true
	}
	p := new(step)
	c.done[t] = p
	made, ok := c.make(t)
	*p = made
	return made, ok
}

func (c *compiler) make(t reflect.Type) (step, bool) {
	if foreign(t) {
		return foreignStep, true
	}
	switch t.Kind() {
	case reflect.String:
		return stringStep, true
	case reflect.Bool:
		return boolStep, true
	case reflect.Float64:
		return float64Step, true
	case reflect.Float32:
		return float32Step, true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intStep, true
	case reflect.Struct:
		return c.structure(t)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		elem, ok := c.step(t.Elem())
		switch t.Kind() {
		case reflect.Pointer:
			return pointerStep(t.Elem(), elem), ok
		case reflect.Slice:
			return sliceStep(t, elem), ok
		}
		return arrayStep(t.Len(), elem), ok
	}
	return uintStep, true
}

// foreignStep leaves a value to the full decoder.
func foreignStep(s *state, v reflect.Value) bool {
	end, ok := engineio.SkipValue(s.b, s.i, maxNesting-s.depth)
	s.later = append(s.later, later{s.i, end, v})
	s.i = end
	return ok
}

func pointerStep(t reflect.Type, elem step) step {
	return func(s *state, v reflect.Value) bool {
		if s.b[s.i] == 'n' {
			return s.null()
		}
		p := reflect.New(t)
		v.Set(p)
		return elem(s, p.Elem())
	}
}

func sliceStep(t reflect.Type, elem step) step {
	return func(s *state, v reflect.Value) bool {
		if s.b[s.i] != '[' {
			return s.null()
		}
		more, ok := s.enter(']')
		if !more {
			v.Set(reflect.MakeSlice(t, 0, 0))
			return ok
		}
		for n := 0; more; n++ {
			if n == v.Cap() {
				v.Grow(1)
			}
			v.SetLen(n + 1)
			if !elem(s, v.Index(n)) {
				return false
			}
			if more, ok = s.next(']'); !ok {
				return false
			}
		}
		return true
	}
}

// arrayStep wants as many elements as there is room for.
func arrayStep(size int, elem step) step {
	return func(s *state, v reflect.Value) bool {
		if s.b[s.i] != '[' {
			return s.null()
		}
		more, ok := s.enter(']')
		for n := range size {
			if !more || !elem(s, v.Index(n)) {
				return false
			}
			if more, ok = s.next(']'); !ok {
				return false
			}
		}
		return ok && !more
	}
}
