package engineio

import "bytes"

// Member gives the value of object's member of that name, without the space around it; of several
// the last, as JSON.parse does. object is valid JSON: ok is false if it is no object or has no such
// member. name is printable ASCII and has maxMember bytes at most. Escaped spellings of it are the
// same name. value aliases object, and nothing is allocated: it is for a client that picks two or
// three fields out of what the service sends, where a decoder would cost the goroutine a larger
// stack.
func Member(object []byte, name string) (value []byte, ok bool) {
	i := skipSpace(object, 0)
	if i == len(object) || object[i] != '{' {
		return nil, false
	}
	for {
		key := skipSpace(object, i+1) // past the brace or the comma
		if key == len(object) || object[key] != '"' {
			return value, ok
		}
		end, kind := skipString(object, key)
		if kind != 0 {
			return nil, false
		}
		if i = skipSpace(object, end); i == len(object) {
			return nil, false
		}
		start := skipSpace(object, i+1) // past the colon
		if i, kind = skipValue(object, start, anyDepth); kind != 0 {
			return nil, false
		}
		if spells(object[key:end], name) {
			value, ok = object[start:i], true
		}
		if i = skipSpace(object, i); i == len(object) || object[i] != ',' {
			return value, ok
		}
	}
}

// maxMember is how long a name Member may be asked for.
const maxMember = wordBuffer - 4

// spells tells whether the valid JSON string quoted is word.
func spells(quoted []byte, word string) bool {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') >= 0 {
		var buf [wordBuffer]byte
		inner = unquote(buf[:0], quoted)
	}
	return string(inner) == word
}
