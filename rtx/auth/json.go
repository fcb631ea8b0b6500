package auth

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient reads JSON as JSON.parse does: half a surrogate pair, and bytes that are not UTF-8, are U+FFFD, and a name may
// stand there twice. Names that are the protocol's own may not, which readObject sees to.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

func validJSON(text []byte) bool { return jsontext.Value(text).IsValid(lenient) }

// withoutBOM drops the byte order mark that some backends and tools put before UTF-8.
func withoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

// readObject returns the values of these fields of a JSON object, as they stand there; ok is false if the text is none.
// Twice is one of the names that stands there again, "" if there is none. Other fields may be anything.
func readObject(text []byte, names ...string) (fields map[string]jsontext.Value, twice string, ok bool) {
	if jsontext.Value(text).Kind() != '{' || !validJSON(text) {
		return nil, "", false
	}
	fields = make(map[string]jsontext.Value, len(names))
	d := jsontext.NewDecoder(bytes.NewReader(text), lenient)
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() == '"' {
		var name jsontext.Token
		if name, err = d.ReadToken(); err != nil {
			break
		}
		key := name.String()
		if !slices.Contains(names, key) {
			err = d.SkipValue()
			continue
		}
		var value jsontext.Value
		if value, err = d.ReadValue(); err != nil {
			break
		}
		if _, known := fields[key]; known {
			return nil, key, true
		}
		fields[key] = value.Clone()
	}
	return fields, "", err == nil
}

// stringOf returns the string that a field is; absent and null are "". ok is false for any other value.
func stringOf(field jsontext.Value) (s string, ok bool) {
	if len(field) == 0 || field.Kind() == 'n' {
		return "", true
	}
	if field.Kind() != '"' {
		return "", false
	}
	return s, json.Unmarshal(field, &s, lenient) == nil
}
