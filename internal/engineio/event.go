package engineio

import (
	"bytes"
	"unicode/utf8"
)

// SplitEvent reads the JSON of an event, ["name",arg,…], and checks all of it: JSON, UTF-8,
// lim.Depth, and a name that is a string and not one that Socket.IO keeps for itself ("error" is an
// ordinary name). name is the JSON string as it came, with its quotes and escapes; args is what
// stands between the name's comma and the closing bracket, for NextArg, nil if there is none. Both
// alias data. Nothing is allocated.
func SplitEvent(data []byte, lim Limits) (name, args []byte, err error) {
	switch {
	case len(data) == 0:
		return nil, nil, fault(ErrNoPayload, 0)
	case data[0] != '[':
		return nil, nil, fault(ErrPayload, 0)
	}
	start := skipSpace(data, 1)
	if start == len(data) {
		return nil, nil, fault(ErrJSON, start)
	}
	if data[start] != '"' {
		return nil, nil, fault(ErrEventName, start)
	}
	i, kind := skipString(data, start)
	if kind != 0 {
		return nil, nil, fault(kind, i)
	}
	name = data[start:i]
	if reserved(name) {
		return nil, nil, fault(ErrReservedName, start)
	}
	depth := lim.depth() - 1
	first := 0
	for {
		i = skipSpace(data, i)
		if i == len(data) || data[i] != ',' && data[i] != ']' {
			return nil, nil, fault(ErrJSON, i)
		}
		if data[i] == ']' {
			break
		}
		if first == 0 {
			first = i + 1
		}
		if i, kind = skipValue(data, i+1, depth); kind != 0 {
			return nil, nil, fault(kind, i)
		}
	}
	if first > 0 {
		args = data[first:i]
	}
	if i = skipSpace(data, i+1); i < len(data) {
		return nil, nil, fault(ErrJSON, i)
	}
	return name, args, nil
}

// NextArg takes the first argument off what SplitEvent gave, without the space around it. When args
// is used up, arg is nil. What SplitEvent did not check it does not check either: then arg is
// anything, and rest still gets shorter.
func NextArg(args []byte) (arg, rest []byte) {
	start := skipSpace(args, 0)
	depth, i := 0, start
	for i < len(args) {
		c := args[i]
		switch {
		case c == '"':
			end, kind := skipString(args, i)
			if kind != 0 {
				end = len(args)
			}
			i = end
			continue
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			return trimSpace(args[start:i]), args[i+1:]
		}
		i++
	}
	return trimSpace(args[start:]), nil
}

// trimSpace takes the space off the end of b, and gives nil for nothing.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && skipSpace(b, len(b)-1) == len(b) {
		b = b[:len(b)-1]
	}
	if len(b) == 0 {
		return nil
	}
	return b
}

// reserved tells whether name, a JSON string, is one of the names that both ends of the reference
// emit locally, so that an event of that name would be taken for a change of state. An escaped
// spelling is the same name.
func reserved(name []byte) bool {
	word := name[1 : len(name)-1]
	if bytes.IndexByte(word, '\\') >= 0 {
		var buf [wordBuffer]byte
		word = unquote(buf[:0], name)
	}
	switch string(word) {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return true
	}
	return false
}

// wordBuffer holds any word that unquote is used for (14 bytes at most), and more, so that a longer
// one is seen to be longer.
const wordBuffer = 20

// unquote appends what the valid JSON string quoted spells. It stops when dst has no room for
// another rune, never allocating: it is for comparing with words that are shorter than that.
func unquote(dst, quoted []byte) []byte {
	for i := 1; i < len(quoted)-1 && cap(dst)-len(dst) >= utf8.UTFMax; {
		c := quoted[i]
		i++
		if c != '\\' {
			dst = append(dst, c)
			continue
		}
		c = quoted[i]
		i++
		switch c {
		case 'u':
			// Half of a surrogate pair becomes U+FFFD, and so do both: no word that is compared
			// with has either.
			r, _ := hex4(quoted[i:])
			dst = utf8.AppendRune(dst, r)
			i += 4
		case '"', '\\', '/':
			dst = append(dst, c)
		default:
			dst = append(dst, 0) // a control character: in no word either
		}
	}
	return dst
}
