package engineio

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/realtimex/realtimex-go/internal/race"
)

// Every text of up to six characters, of the characters that JSON's structure is made of, and of
// those of its numbers.
func TestJSONExhaustively(t *testing.T) {
	for _, alphabet := range []string{`[]{}",:1`, `01-+.e`} {
		var text [6]byte
		var try func(n int)
		try = func(n int) {
			_, kind := checkValue(text[:n], anyDepth)
			if want := json.Valid(text[:n]); want != (kind == 0) {
				t.Errorf("%q: %v, want valid = %v", text[:n], kind, want)
			}
			for i := range alphabet {
				if n == len(text) {
					return
				}
				text[n] = alphabet[i]
				try(n + 1)
			}
		}
		try(0)
	}
}

func TestJSONWords(t *testing.T) {
	for _, text := range []string{
		`true`, `false`, `null`, `tru`, `truE`, `truefalse`, `nul`, `fals`, `NaN`, `Infinity`, `undefined`, ` null`, "\vnull", "null\x00",
		`"\u00e9"`, `"\uD83D\uDE00"`, `"\u00e"`, `"\u00eg"`, `"\u 123"`, `"\U0041"`, `"\x41"`, `"\a"`, `"\"`, `"\`, `"\u`, `"\/\b\f\n\r\t\\\""`,
		`'a'`, `{a:1}`, `[1,]`, `[,1]`, `{"a":1,}`, `{"a"}`, `{"a":}`, `{"a" : [ { "b" : -1.5e+3 } , [ ] , { } ] , "" : "" }`,
		`{"a":1]`, `[1}`, `{"a":[1}]`, `[{"a":1]}`, `// x`, `/**/1`, "\ufeff1", `0x10`, `1_000`,
	} {
		_, kind := checkValue([]byte(text), anyDepth)
		if want := json.Valid([]byte(text)); want != (kind == 0) {
			t.Errorf("%q: %v, want valid = %v", text, kind, want)
		}
	}
}

// Strings are read eight bytes at a time: what ends or spoils one must be seen at every place in,
// and after, such a group.
func TestJSONStringsAtEveryAlignment(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Kind
	}{
		{`\n`, 0}, {`\u00e9`, 0}, {`\q`, ErrJSON}, {"é", 0}, {"😀", 0}, {"\x7f", 0}, {"\x1f", ErrJSON}, {"\x00", ErrJSON},
		{"\xe9", ErrUTF8}, {"\xf0\x9f\x98", ErrUTF8}, {"\xa2", ErrUTF8}, {"\xdc", ErrUTF8}, {"\x9f", ErrUTF8}, // a high bit on '"', '\', control
		{`"`, ErrJSON}, {`\"`, 0}, {"\xff\\n", ErrUTF8}, {"é\\né", 0},
	} {
		for before := range 18 {
			for after := range 18 {
				text := `"` + strings.Repeat("x", before) + c.in + strings.Repeat("y", after) + `"`
				if _, kind := checkValue([]byte(text), anyDepth); kind != c.want {
					t.Errorf("%q: %v, want %v", text, kind, c.want)
				}
			}
		}
	}
}

func TestValidJSON(t *testing.T) {
	for text, want := range map[string]bool{
		` {"a":["é"]} `: true, `[[1]]`: true, `[[[1]]]`: false, "\"\xff\"": false, ``: false, `1 2`: false,
	} {
		if got := ValidJSON([]byte(text), Limits{Depth: 2}); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// What is nested as deep as its sender likes is followed to its end: past what the stack holds bits
// for, objects and arrays are still told apart.
func TestJSONToAnyDepth(t *testing.T) {
	for _, depth := range []int{1023, 1024, 1025, 2049, 10_001, 100_000} {
		for _, shape := range [][2]string{{"[", "]"}, {`{"k":`, "}"}, {`[{"k":`, "}]"}} {
			text := strings.Repeat(shape[0], depth) + "1" + strings.Repeat(shape[1], depth)
			if !ValidJSON([]byte(text), Limits{}) {
				t.Errorf("%d of %s: not taken", depth, shape[0])
			}
			if ValidJSON([]byte(text[:len(text)-1]), Limits{}) || ValidJSON([]byte(text+shape[1]), Limits{}) {
				t.Errorf("%d of %s: taken with an end too few, or too many", depth, shape[0])
			}
			at := len(text) - depth/2*len(shape[1])
			if wrong := text[:at] + string(text[at]^('['^'{')) + text[at+1:]; ValidJSON([]byte(wrong), Limits{}) {
				t.Errorf("%d of %s: taken with one bracket of the other kind", depth, shape[0])
			}
		}
	}
}

// Up to 1024 levels nothing is allocated; past that some bytes, not a frame of a stack, for each.
func TestDepthIsCheap(t *testing.T) {
	shallow := []byte(strings.Repeat("[", 1024) + strings.Repeat("]", 1024))
	if n := testing.AllocsPerRun(10, func() { ValidJSON(shallow, Limits{}) }); n != 0 {
		t.Errorf("%v allocations for 1024 levels", n)
	}
	deep := []byte(strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20))
	if n := testing.AllocsPerRun(3, func() { ValidJSON(deep, Limits{}) }); n > 20 {
		t.Errorf("%v allocations for a million levels", n)
	}
}

// Strings of any length, with anything in them, are valid where encoding/json says so, and end where
// their last quote is.
func TestLongStrings(t *testing.T) {
	parts := []string{"a", "some plain text ", strings.Repeat("x", 70), `\"`, `\\`, `\n`, `\u00e9`, "é", "日本", `\x`, "\x01", "\x1f", "\xff", "\xe6\x97", `"`}
	rng := rand.New(rand.NewPCG(1, 2))
	valid := 0
	for range race.Fewer(20_000, 4_000) {
		var s strings.Builder
		for range rng.IntN(12) {
			n := rng.IntN(9)
			if rng.IntN(25) == 0 {
				n = rng.IntN(len(parts))
			}
			s.WriteString(parts[n])
		}
		b := []byte(`"` + s.String() + `"`)
		want := json.Valid(b) && utf8.Valid(b)
		if want {
			valid++
		}
		if got := ValidJSON(b, Limits{}); got != want {
			t.Fatalf("%q: valid is %t, want %t", b, got, want)
		}
		end, plain, ok := SkipString(b, 0)
		if whole := ok && end == len(b); whole != want {
			t.Fatalf("%q: skipped up to %d of %d, %t; want %t", b, end, len(b), ok, want)
		}
		if want && plain != !bytes.Contains(b, []byte(`\`)) {
			t.Fatalf("%q: plain is %t", b, plain)
		}
	}
	if valid < 1000 {
		t.Errorf("%d are valid", valid)
	}
}
