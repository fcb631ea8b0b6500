package engineio

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// This is a validator of RFC 8259, not a decoder: it says where a value ends, and whether it is
// one. It looks at each byte once (at text that is not ASCII twice), does not recurse, and keeps
// one bit for each level of nesting, so that it allocates only for what is nested deeper than 1024.

// ValidJSON tells whether b is one JSON value, in UTF-8 and within lim.Depth, with nothing but
// space around it.
func ValidJSON(b []byte, lim Limits) bool {
	_, kind := checkValue(b, lim.depth())
	return kind == 0
}

// checkValue wants one value, and space around it at most, to be all of b. It gives where the fault
// is, and 0 if there is none.
func checkValue(b []byte, maxNesting int) (at int, kind Kind) {
	end, kind := skipValue(b, 0, maxNesting)
	if kind != 0 {
		return end, kind
	}
	if end = skipSpace(b, end); end < len(b) {
		return end, ErrJSON
	}
	return end, 0
}

// skipValue gives where the value ends that begins, after space, at b[i], or where and what its
// fault is.
func skipValue(b []byte, i, maxNesting int) (end int, kind Kind) {
	var first [16]uint64
	objects := first[:] // bit d is set while the container at depth d is an object
	depth := 0
	for {
		// A value is due.
		if i = skipSpace(b, i); i == len(b) {
			return i, ErrJSON
		}
		switch c := b[i]; c {
		case '"':
			i, kind = skipString(b, i)
		case '{', '[':
			if depth >= maxNesting {
				return i, ErrTooDeep
			}
			i = skipSpace(b, i+1)
			if i < len(b) && b[i] == c+2 { // ']' and '}' come two after '[' and '{'
				i++
				break
			}
			if depth>>6 == len(objects) {
				objects = append(objects, make([]uint64, len(objects))...)
			}
			bit := uint64(1) << (depth & 63)
			if c == '{' {
				objects[depth>>6] |= bit
				if i, kind = skipKey(b, i); kind != 0 {
					return i, kind
				}
			} else {
				objects[depth>>6] &^= bit
			}
			depth++
			continue
		case 't':
			i, kind = skipWord(b, i, "true")
		case 'f':
			i, kind = skipWord(b, i, "false")
		case 'n':
			i, kind = skipWord(b, i, "null")
		default:
			i, kind = skipNumber(b, i)
		}
		if kind != 0 {
			return i, kind
		}
		// A value has ended: so have the containers that close here, up to one that goes on.
		for {
			if depth == 0 {
				return i, 0
			}
			if i = skipSpace(b, i); i == len(b) {
				return i, ErrJSON
			}
			object := objects[(depth-1)>>6]>>((depth-1)&63)&1 != 0
			c := b[i]
			if c == ',' {
				i++
				if object {
					if i, kind = skipKey(b, skipSpace(b, i)); kind != 0 {
						return i, kind
					}
				}
				break
			}
			if object && c != '}' || !object && c != ']' {
				return i, ErrJSON
			}
			i++
			depth--
		}
	}
}

// skipLoose gives where what stands at b[i] ends, if it is no JSON value, by the look of it: at the
// quote that is not escaped, at the bracket that closes as many as were open, or before the next
// comma, bracket or space. It gives len(b) if there is no end, and i if nothing stands there.
func skipLoose(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			i = skipLooseString(b, i)
			if depth == 0 {
				return i
			}
			continue
		case c == '[' || c == '{':
			depth++
		case depth == 0 && ends(b, i):
			return i
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(b)
}

// ends tells whether a value can end before b[i]: 01 is no 0 with more behind it.
func ends(b []byte, i int) bool {
	return i == len(b) || b[i] == ',' || b[i] == ']' || b[i] == '}' || skipSpace(b, i) > i
}

// skipLooseString takes for a string what stands between the quote at b[i] and the next one that is
// not escaped.
func skipLooseString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// skipKey skips a member's name at b[i] and the colon after it.
func skipKey(b []byte, i int) (end int, kind Kind) {
	if i == len(b) || b[i] != '"' {
		return i, ErrJSON
	}
	if i, kind = skipString(b, i); kind != 0 {
		return i, kind
	}
	if i = skipSpace(b, i); i == len(b) || b[i] != ':' {
		return i, ErrJSON
	}
	return i + 1, 0
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// Eight bytes at a time: a byte of w-n*ones has its high bit set where the byte of w was below n,
// so far as that byte was ASCII and none before it was.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// stops has the high bit set of the first byte of w that may end a run of plain text: a quote, a
// backslash or a control character. What it has above that means nothing.
func stops(w uint64) uint64 {
	return ((w - ' '*ones) | (w ^ '"'*ones - ones) | (w ^ '\\'*ones - ones)) &^ w & highs
}

// skipString skips the string whose opening quote is b[i].
func skipString(b []byte, i int) (end int, kind Kind) {
	i++
	start, seen := i, uint64(0) // seen has a high bit once a byte was not ASCII
	far := i + farAway
	for {
		for i+8 <= len(b) {
			if i >= far { // a long one: go to its end at once, if nothing is in the way
				far = len(b)
				if n, more := skipRun(b, i); n > i {
					i, seen = n, seen|more
					break
				}
			}
			w := binary.LittleEndian.Uint64(b[i:])
			if stop := stops(w); stop != 0 {
				n := bits.TrailingZeros64(stop) &^ 7
				seen |= w & (1<<n - 1)
				i += n >> 3
				break
			}
			seen |= w
			i += 8
		}
		if i == len(b) {
			return i, ErrJSON
		}
		switch c := b[i]; {
		case c == '"':
			if seen&highs != 0 && !utf8.Valid(b[start:i]) {
				return start, ErrUTF8
			}
			return i + 1, 0
		case c == '\\':
			n := escapeLen(b[i+1:])
			if n == 0 {
				return i, ErrJSON
			}
			i += 1 + n
		case c < ' ':
			return i, ErrJSON
		default:
			seen |= uint64(c)
			i++
		}
	}
}

// farAway is the length of text from which on it pays to look for the closing quote alone first.
const farAway = 64

// skipRun goes on from b[i], within a string, to its closing quote, if there is neither an escape nor
// a control character before it; else it stays. seen has a high bit if a byte was not ASCII.
func skipRun(b []byte, i int) (end int, seen uint64) {
	n := bytes.IndexByte(b[i:], '"')
	if n < 0 {
		return i, 0
	}
	run := b[i : i+n]
	if bytes.IndexByte(run, '\\') >= 0 {
		return i, 0
	}
	var low uint64 // has a high bit if a byte was a control character
	k := 0
	for ; k+32 <= len(run); k += 32 {
		r := run[k : k+32 : k+32]
		w0, w1 := binary.LittleEndian.Uint64(r), binary.LittleEndian.Uint64(r[8:])
		w2, w3 := binary.LittleEndian.Uint64(r[16:]), binary.LittleEndian.Uint64(r[24:])
		low |= (w0-' '*ones)&^w0 | (w1-' '*ones)&^w1 | (w2-' '*ones)&^w2 | (w3-' '*ones)&^w3
		seen |= w0 | w1 | w2 | w3
	}
	if low&highs != 0 {
		return i, 0
	}
	for _, c := range run[k:] {
		if c < ' ' {
			return i, 0
		}
		seen |= uint64(c)
	}
	return i + n, seen
}

// escapeLen is how many bytes after a backslash belong to it, 0 if they make no escape.
func escapeLen(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if _, ok := hex4(b[1:]); ok {
			return 5
		}
	}
	return 0
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func skipWord(b []byte, i int, word string) (end int, kind Kind) {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return i, ErrJSON
	}
	return i + len(word), 0
}

func skipNumber(b []byte, i int) (end int, kind Kind) {
	if b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	default:
		if i, kind = skipDigits(b, i); kind != 0 {
			return i, kind
		}
	}
	if i < len(b) && b[i] == '.' {
		if i, kind = skipDigits(b, i+1); kind != 0 {
			return i, kind
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return skipDigits(b, i)
	}
	return i, 0
}

// skipDigits wants at least one.
func skipDigits(b []byte, i int) (end int, kind Kind) {
	start := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	if i == start {
		return i, ErrJSON
	}
	return i, 0
}
