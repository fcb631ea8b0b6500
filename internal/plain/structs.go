package plain

import (
	"reflect"
	"slices"
	"strings"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// maxFields is how many fields a struct may have, and maxName how long a name may be that is no
// field's.
const (
	maxFields = 64
	maxName   = 64
)

// field is a field of a struct, or of one that is embedded in it.
type field struct {
	key  string // the name as a member: "name":
	path []int
	step step
}

func (f *field) in(v reflect.Value) reflect.Value {
	for _, i := range f.path {
		v = v.Field(i)
	}
	return v
}

// structs is how a struct is decoded.
type structs struct {
	fields []field
	byName map[string]int  // index in fields
	folded map[string]bool // the names in lower case
}

// structure returns the step for a struct.
func (c *compiler) structure(t reflect.Type) (step, bool) {
	d := &structs{byName: make(map[string]int), folded: make(map[string]bool)}
	if !d.add(c, t, nil) || len(d.fields) == 0 && t.NumField() > 0 {
		return nil, false
	}
	return d.decode, true
}

// add adds the fields of t, which is found by that path. It returns false if a name is not one that
// all decoders understand alike.
func (d *structs) add(c *compiler, t reflect.Type, path []int) bool {
	for f := range t.Fields() {
		tag, tagged := f.Tag.Lookup("json")
		here := append(slices.Clip(path), f.Index[0])
		switch {
		case tag == "-":
			continue
		case f.Anonymous:
			if tagged || !f.IsExported() || f.Type.Kind() != reflect.Struct || reflect.PointerTo(f.Type).NumMethod() > 0 || !d.add(c, f.Type, here) {
				return false
			}
			continue
		case !f.IsExported():
			if tagged {
				return false
			}
			continue
		case !tagged && strings.Contains(string(f.Tag), "json"): // a slip, perhaps
			return false
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		low := strings.ToLower(name)
		if !simple(name) || d.folded[low] || len(d.fields) == maxFields || strings.HasSuffix(tag, ",") || options != "" && options != "omitempty" && options != "omitzero" {
			return false
		}
		step, ok := c.step(f.Type)
		if !ok {
			return false
		}
		if foreign(f.Type) {
			c.foreign++
		} else {
			c.known++
		}
		d.folded[low] = true
		d.byName[name] = len(d.fields)
		d.fields = append(d.fields, field{`"` + name + `":`, here, step})
	}
	return true
}

// simple reports whether all decoders understand a name in a tag alike.
func simple(name string) bool {
	for _, c := range []byte(name) {
		if c != '_' && c != '-' && c != '.' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

func (d *structs) decode(s *state, v reflect.Value) bool {
	if s.b[s.i] != '{' {
		return s.null()
	}
	more, ok := s.enter('}')
	seen := uint64(0)
	for expected := 0; more; {
		at, known := d.name(s, expected)
		switch {
		case !known || !s.space():
			return false
		case at < 0:
			end, valid := engineio.SkipValue(s.b, s.i, maxNesting-s.depth)
			if !valid {
				return false
			}
			s.i = end
		case seen&(1<<at) != 0:
			return false // again: the full decoder merges
		default:
			seen |= 1 << at
			if f := &d.fields[at]; !f.step(s, f.in(v)) {
				return false
			}
			expected = at + 1
		}
		if more, ok = s.next('}'); !ok {
			return false
		}
	}
	return ok
}

// name moves behind the name of a member and its colon. It returns the index of the field, which is
// negative if none has that name. Members mostly come in the order of the fields.
func (d *structs) name(s *state, expected int) (at int, ok bool) {
	b := s.b[s.i:]
	if expected < len(d.fields) {
		if key := d.fields[expected].key; len(b) > len(key) && string(b[:len(key)]) == key {
			s.i += len(key)
			return expected, true
		}
	}
	if b[0] != '"' {
		return 0, false
	}
	end, plain, ok := engineio.SkipString(b, 0)
	if !ok || !plain {
		return 0, false
	}
	s.i += end
	if !s.space() || s.b[s.i] != ':' {
		return 0, false
	}
	s.i++
	name := b[1 : end-1]
	if at, ok = d.byName[string(name)]; ok {
		return at, true
	}
	return -1, !d.mayFold(name)
}

// mayFold reports whether a name that is no field's may be one in another case.
func (d *structs) mayFold(name []byte) bool {
	var low [maxName]byte
	if len(name) > len(low) {
		return true
	}
	for i, c := range name {
		switch {
		case c >= 0x80: // some of these fold to ASCII
			return true
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		low[i] = c
	}
	return d.folded[string(low[:len(name)])]
}
