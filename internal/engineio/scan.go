package engineio

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// SkipValue returns where the JSON value ends that begins, after space, at b[i], and whether there is
// one, in UTF-8 and nested no deeper than that.
func SkipValue(b []byte, i, maxNesting int) (end int, ok bool) {
	end, kind := skipValue(b, i, maxNesting)
	return end, kind == 0
}

// SkipString returns where the JSON string ends whose opening quote is b[i], and whether it is one, in
// UTF-8. plain tells that it has no escapes.
func SkipString(b []byte, i int) (end int, plain, ok bool) {
	j, seen := i+1, uint64(0)
	for near := min(j+farAway/2, len(b)-8); j <= near; j += 8 {
		w := binary.LittleEndian.Uint64(b[j:])
		if stop := stops(w); stop != 0 {
			n := bits.TrailingZeros64(stop) &^ 7
			seen |= w & (1<<n - 1)
			j += n >> 3
			return endOfString(b, i, j, seen)
		}
		seen |= w
	}
	if end, more := skipRun(b, j); end > j {
		j, seen = end, seen|more
	}
	return endOfString(b, i, j, seen)
}

// endOfString is SkipString from b[j] on, before which there are no escapes.
func endOfString(b []byte, i, j int, seen uint64) (end int, plain, ok bool) {
	for ; j < len(b); j++ {
		switch c := b[j]; {
		case c == '"':
			return j + 1, true, seen&highs == 0 || utf8.Valid(b[i+1:j])
		case c == '\\':
			end, kind := skipString(b, i)
			return end, false, kind == 0
		case c < ' ':
			return j, false, false
		default:
			seen |= uint64(c)
		}
	}
	return j, false, false
}
