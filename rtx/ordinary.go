package rtx

import (
	"encoding"
	stdjson "encoding/json"
	"reflect"
	"strings"
	"sync"
	"time"
)

// ordinary reports whether both versions of encoding/json decode a t alike, because it consists
// only of the kinds, tags and methods that nearly all types have. It is a list of what is known to
// be alike, and a test compares it with both versions. Any other type is not ordinary, which costs
// it only speed.
func ordinary(t reflect.Type) bool {
	if known, ok := ordinaryTypes.Load(t); ok {
		return known.(bool)
	}
	w := ordinaryWalk{seen: make(map[reflect.Type]bool)}
	is := w.value(t)
	ordinaryTypes.Store(t, is)
	return is
}

// ordinaryTypes caches the results of ordinary. A program has a limited number of types.
var ordinaryTypes sync.Map

var (
	timeType       = reflect.TypeFor[time.Time]()
	numberType     = reflect.TypeFor[stdjson.Number]()
	unmarshalJSONs = reflect.TypeFor[stdjson.Unmarshaler]()
	unmarshalTexts = reflect.TypeFor[encoding.TextUnmarshaler]()
)

type ordinaryWalk struct {
	seen map[reflect.Type]bool // a type within itself is as ordinary as the rest of it
}

func (w *ordinaryWalk) value(t reflect.Type) bool {
	if w.seen[t] {
		return true
	}
	w.seen[t] = true
	switch {
	case t == numberType:
		return false
	case t == timeType:
		return true
	case hasMethod(t, "UnmarshalJSONFrom"): // of the second version alone
		return false
	case reflect.PointerTo(t).Implements(unmarshalJSONs):
		return t.Kind() != reflect.Interface
	case reflect.PointerTo(t).Implements(unmarshalTexts):
		return t.Kind() != reflect.Interface
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Pointer:
		return w.value(t.Elem())
	case reflect.Slice, reflect.Array:
		return (t.Elem().Kind() != reflect.Uint8 || t.Elem() == reflect.TypeFor[byte]()) && w.value(t.Elem())
	case reflect.Map:
		return ordinaryKey(t.Key()) && w.value(t.Elem())
	case reflect.Struct:
		return w.structure(t)
	}
	return false
}

// ordinaryKey reports whether t is a string or an integer without methods.
func ordinaryKey(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return t.NumMethod() == 0 && reflect.PointerTo(t).NumMethod() == 0
	}
	return false
}

func (w *ordinaryWalk) structure(t reflect.Type) bool {
	names := make(map[string]bool)
	return w.fields(t, names) && (len(names) > 0 || t.NumField() == 0)
}

// fields reports whether each field of t is ordinary and all names are different, even if case is
// ignored.
func (w *ordinaryWalk) fields(t reflect.Type, names map[string]bool) bool {
	for f := range t.Fields() {
		tag, tagged := f.Tag.Lookup("json")
		switch {
		case tagged && tag == "-":
			continue
		case !tagged && strings.Contains(string(f.Tag), "json"): // a slip, perhaps
			return false
		case f.Anonymous:
			// The fields of an embedded struct count as t's own. The rules for fields that hide
			// others differ between the versions in rare cases.
			if tagged || !f.IsExported() || f.Type.Kind() != reflect.Struct || f.Type == timeType ||
				reflect.PointerTo(f.Type).NumMethod() > 0 || !w.fields(f.Type, names) {
				return false
			}
			continue
		case !f.IsExported():
			if tagged {
				return false
			}
			continue
		}
		name, ok := ordinaryTag(f, tag)
		if name = strings.ToLower(name); !ok || names[name] || !w.value(f.Type) {
			return false
		}
		names[name] = true
	}
	return true
}

// ordinaryTag returns a field's name in JSON.
func ordinaryTag(f reflect.StructField, tag string) (name string, ok bool) {
	name, options, _ := strings.Cut(tag, ",")
	if name == "" {
		name = f.Name
	}
	for _, c := range []byte(name) {
		if c != '_' && c != '-' && c != '.' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return "", false
		}
	}
	return name, options == "" && !strings.HasSuffix(tag, ",") || options == "omitempty" || options == "omitzero"
}

// hasMethod reports whether t, or a pointer to it, has a method with that name.
func hasMethod(t reflect.Type, name string) bool {
	_, ofValue := t.MethodByName(name)
	_, ofPointer := reflect.PointerTo(t).MethodByName(name)
	return ofValue || ofPointer
}
