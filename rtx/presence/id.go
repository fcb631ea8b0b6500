package presence

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

const maxID = 256 // bytes of a user_id

// appendID appends a user_id as text. A number and the string of its digits give the same text;
// number reports which of the two v is.
//
// A whole number is taken as it is written, so that it keeps all digits. Any other number becomes
// what JSON.parse and String() make of it: 1.0 and 1e0 are 1. A service in JavaScript can't send
// those, one in another language can.
func appendID(dst []byte, v []byte) (id []byte, number bool, fault string) {
	switch {
	case len(v) == 0 || string(v) == "null":
		return dst, false, "missing"
	case v[0] != '"' && v[0] != '-' && v[0]-'0' > 9:
		return dst, false, "neither a string nor a number"
	case len(v) > 6*maxID+2: // \u0041 is one byte of text
		return dst, false, faultLong
	case v[0] == '"':
		text, ok := unquote(dst, v)
		if !ok {
			return dst, false, "not a string"
		}
		id = text
	case isWhole(v):
		id, number = append(dst, v...), true
	default:
		text := asJavaScript(string(v))
		if text == "" {
			return dst, false, "not a number"
		}
		id, number = append(dst, text...), true
	}
	switch n := len(id) - len(dst); {
	case n == 0:
		return dst, false, "empty"
	case n > maxID:
		return dst, false, faultLong
	}
	return id, number, ""
}

const faultLong = "longer than 256 bytes"

// isWhole reports whether v is a JSON number without fraction and exponent, other than -0.
func isWhole(v []byte) bool {
	digits := v
	if v[0] == '-' {
		digits = v[1:]
	}
	if len(digits) == 0 || digits[0] == '0' && len(v) > 1 {
		return false
	}
	for _, c := range digits {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// asJavaScript returns String(JSON.parse(number)); "" if that is no number, or an infinite one,
// which can't be sent on.
func asJavaScript(number string) string {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || !jsontext.Value(number).IsValid() {
		return ""
	}
	if f == 0 {
		return "0" // -0 too
	}
	return jsontext.Float(f).String()
}

// unquote appends the text of a JSON string. Half a surrogate pair is U+FFFD. It reports false if
// quoted is not a JSON string.
func unquote(dst, quoted []byte) (text []byte, ok bool) {
	text, err := jsontext.AppendUnquote(dst, quoted)
	return text, err == nil || jsontext.Value(quoted).IsValid(wireOptions)
}

// textIs reports whether v is the JSON string of s, which has no quotes or backslashes to write
// otherwise.
func textIs(v []byte, s string) bool {
	if len(v) < len(s)+2 || v[0] != '"' {
		return false
	}
	inner := v[1 : len(v)-1]
	if len(inner) == len(s) || len(inner) > 6*len(s) || bytes.IndexByte(inner, '\\') < 0 {
		return string(inner) == s
	}
	text, ok := unquote(nil, v)
	return ok && string(text) == s
}
