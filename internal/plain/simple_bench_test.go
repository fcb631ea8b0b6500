package plain

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"testing"
)

// This measures what docs/json-proposal.md proposes: the length of a JSON string of plain ASCII
// without '<', '>' and '&', found a byte at a time, as the json package does, and eight at a time.

// plainASCII has the bytes that such a string may contain.
var plainASCII = func() (ok [256]bool) {
	for c := byte(' '); c < 0x7f; c++ {
		ok[c] = !strings.ContainsRune(`"\<>&`, rune(c))
	}
	ok[0x7f] = true
	return ok
}()

func simpleByByte(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	n := 1
	for n < len(b) && plainASCII[b[n]] {
		n++
	}
	if n < len(b) && b[n] == '"' {
		return n + 1
	}
	return 0
}

func simpleByEight(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 1
	for n+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[n:])
		// '<' is '>' with one bit more, once that bit is masked out of all bytes.
		angle := w&^(2*ones) ^ '<'*ones
		quote, slash, amp := w^'"'*ones, w^'\\'*ones, w^'&'*ones
		stop := (w | (w - ' '*ones) | (angle - ones) | (quote - ones) | (slash - ones) | (amp - ones)) & highs
		// A borrow may mark a byte behind one that stops, and no other: the first mark is right.
		if stop != 0 {
			n += bits.TrailingZeros64(stop) >> 3
			break
		}
		n += 8
	}
	for n < len(b) && plainASCII[b[n]] {
		n++
	}
	if n < len(b) && b[n] == '"' {
		return n + 1
	}
	return 0
}

// Both find the same, whatever stands where.
func TestSimpleStrings(t *testing.T) {
	for size := range 40 {
		for at := range size + 1 {
			for c := range 256 {
				b := []byte(`"` + strings.Repeat("x", size) + `" ,"behind"`)
				b[1+at] = byte(c)
				if got, want := simpleByEight(b), simpleByByte(b); got != want {
					t.Fatalf("%q: %d by eight, %d by byte", b, got, want)
				}
			}
		}
	}
}

func BenchmarkSimpleString(b *testing.B) {
	for _, size := range []int{4, 12, 40, 200, 16 << 10} {
		text := []byte(`"` + strings.Repeat("The quick brown fox jumps over the lazy dog, and 42 more follow. ", size/60+1)[:size] + `"`)
		for name, find := range map[string]func([]byte) int{"byte": simpleByByte, "eight": simpleByEight} {
			b.Run(fmt.Sprintf("%d/%s", size, name), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					if find(text) != len(text) {
						b.Fatal("not found")
					}
				}
			})
		}
	}
}
