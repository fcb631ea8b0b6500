package auth

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient makes the reader of JSON work as JSON.parse does: a lone surrogate and bytes that are not
// UTF-8 are U+FFFD, and a name may appear twice. readObject refuses that for the names of the
// protocol.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

func validJSON(text []byte) bool { return jsontext.Value(text).IsValid(lenient) }

// withoutBOM drops the byte order mark that some backends and tools put before UTF-8.
func withoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

// readObject returns the values of the named fields of a JSON object, as they are in the text. ok
// is false if the text is not a JSON object. twice is one of the names that appears twice, or "".
// Other fields are not checked.
func readObject(text []byte, names ...string) (fields map[string]jsontext.Value, twice string, ok bool) {
	fields, repeated, ok := pick(text, func(name string) bool { return slices.Contains(names, name) })
	for name := range repeated {
		return nil, name, ok
	}
	return fields, "", ok
}

// pick returns the values of the fields that are wanted, as they are in the text, and the names of
// those that appear twice. ok is false if the text is not a JSON object.
func pick(text []byte, wanted func(name string) bool) (fields map[string]jsontext.Value, twice map[string]bool, ok bool) {
	if jsontext.Value(text).Kind() != '{' || !validJSON(text) {
		return nil, nil, false
	}
	fields = make(map[string]jsontext.Value)
	d := jsontext.NewDecoder(bytes.NewReader(text), lenient)
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() == '"' {
		var name jsontext.Token
		if name, err = d.ReadToken(); err != nil {
			break
		}
		key := name.String()
		if !wanted(key) {
			err = d.SkipValue()
			continue
		}
		var value jsontext.Value
		if value, err = d.ReadValue(); err != nil {
			break
		}
		if _, known := fields[key]; known {
			if twice == nil {
				twice = make(map[string]bool)
			}
			twice[key] = true
			continue
		}
		fields[key] = value.Clone()
	}
	return fields, twice, err == nil
}

// stringOf returns a field that is a string. An absent field and null are "". ok is false for any
// other value.
func stringOf(field jsontext.Value) (s string, ok bool) {
	if len(field) == 0 || field.Kind() == 'n' {
		return "", true
	}
	if field.Kind() != '"' {
		return "", false
	}
	return s, json.Unmarshal(field, &s, lenient) == nil
}
