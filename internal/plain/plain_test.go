package plain

import (
	stdjson "encoding/json"
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/realtimex/realtimex-go/internal/race"
)

var options = json.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false))

func full(b []byte, v any) error { return json.Unmarshal(b, v, options) }

type level struct {
	Price float64 `json:"p"`
	Size  float32 `json:"s"`
}

type Base struct {
	ID   string `json:"id"`
	Kind string
}

type node struct {
	Base
	Seq      int                `json:"seq"`
	Small    int8               `json:"small"`
	U        uint16             `json:"u"`
	Ok       bool               `json:"ok,omitempty"`
	F        float64            `json:"f,omitzero"`
	F3       float32            `json:"f3"`
	Bids     []level            `json:"bids"`
	Next     *node              `json:"next"`
	Kids     []node             `json:"kids"`
	Names    []string           `json:"names"`
	PP       **int              `json:"pp"`
	At       time.Time          `json:"at"`
	Raw      stdjson.RawMessage `json:"raw"`
	Any      any                `json:"any"`
	Map      map[string]int     `json:"map"`
	Bytes    []byte             `json:"bytes"`
	Arr      [2]int             `json:"arr"`
	Pairs    [][2]float64       `json:"pairs"`
	Times    []time.Time        `json:"times"`
	Number   stdjson.Number     `json:"number"`
	Text     *text              `json:"text"`
	Untagged string
	hidden   int
	Skip     string `json:"-"`
}

var _ = node{}.hidden

// text decodes itself.
type text struct{ S string }

func (t *text) UnmarshalText(b []byte) error { t.S = "text " + string(b); return nil }

// tree has no foreign part.
type tree struct {
	Name string  `json:"name"`
	Left *tree   `json:"left"`
	Kids []tree  `json:"kids"`
	Grid [][]int `json:"grid"`
}

// mixed is a tree whose elements have a foreign part, which is met only within a type under way.
type mixed struct {
	Kids []mixed `json:"kids"`
	Any  any     `json:"any"`
	N    int     `json:"n"`
	M    int     `json:"m"`
}

var types = []reflect.Type{
	reflect.TypeFor[node](), reflect.TypeFor[tree](), reflect.TypeFor[mixed](), reflect.TypeFor[*level](),
	reflect.TypeFor[string](), reflect.TypeFor[int64](), reflect.TypeFor[uint8](), reflect.TypeFor[float64](), reflect.TypeFor[float32](), reflect.TypeFor[bool](),
	reflect.TypeFor[[]string](), reflect.TypeFor[[3]bool](), reflect.TypeFor[[][]float64](), reflect.TypeFor[struct{}](), reflect.TypeFor[[]*level](),
}

// payloads are corners, for whatever type.
var payloads = []string{
	`{"seq":1,"id":"abc","small":-5,"u":65535,"ok":true,"f":1.5,"f3":0.1,"bids":[{"p":1,"s":2},{"p":1e3}],"next":{"seq":2,"next":null},"names":["a","b\n","\u00e9é"],"pp":7,"at":"2026-01-02T03:04:05Z","raw":{"a" : 1},"any":[1,"x",null],"map":{"a":1},"bytes":"aGk=","arr":[1,2],"Untagged":"u","hidden":4,"x":{"y":[1,{}]},"text":"t"}`,
	` { "seq" : 12 , "bids" : [ ] , "names" : null , "untagged":"fold" } `, `null`, `{}`, `[]`, `"x"`, `1`, ``, ` `, `{`, `[`, `"`, `-`, `{"`, `{"seq"`, `{"seq":`, `{"seq":-`, `[1`, `[1,`, `[1,]`,
	`{"seq":9223372036854775807}`, `{"seq":9223372036854775808}`, `{"seq":-9223372036854775808}`, `{"seq":-9223372036854775807}`, `{"seq":1764105052000000000}`, `{"seq":1,"seq":2}`,
	`{"pairs":[[1,2],[3.5,-4]],"arr":[1]}`, `{"pairs":[[1,2,3]]}`, `{"pairs":[[1]]}`, `{"pairs":[[]]}`, `{"pairs":[null,[1,2]]}`, `{"arr":[1,2],"times":["2026-01-02T03:04:05Z",null]}`, `{"arr":null}`, `{"arr":[1,null]}`,
	`{"SEQ":1}`, `{"seq":1.0}`, `{"seq":01}`, `{"seq":-0}`, `{"seq":-01}`, `{"seq":99999999999999999999}`, `{"small":128}`, `{"small":-128}`, `{"small":-129}`, `{"u":65536}`, `{"u":-1}`, `{"u":18446744073709551616}`,
	`{"f":123456789012345678}`, `{"f":0.1234567890123456789}`, `{"f":123456789012345}`, `{"f":0.00000000000001}`, `{"f":12345678.1234567}`, `{"f":-0}`, `{"f":-0.0}`, `{"f":1e400}`, `{"f3":16777217}`, `{"f3":1e39}`, `{"f3":0.1}`, `{"f":.5}`, `{"f":5.}`, `{"f":1e}`, `{"f":1e5}`, `{"f":1E-5}`, `{"f":+1}`, `{"f":0x10}`, `{"f":1_000}`, `{"f":NaN}`, `{"f":9007199254740993}`, `{"f":900719925474099.3}`,
	`{"id":"a\ud800b"}`, `{"id":"\ud83d\ude00"}`, "{\"id\":\"\x01\"}", "{\"id\":\"tab\t\"}", "{\"id\":\"\xff\"}", "{\"names\":[\"" + strings.Repeat("x", 70) + "\xe6\x97\"]}", `{"id":null,"ok":null,"f":null,"next":null,"bids":null,"any":null}`,
	"{\"x\":\"\xff\"}", "{\"\xff\":1}", `{"é":1}`, `{"ſeq":3}`, `{"\u0073eq":4}`, `{"Kind":"k","kind":"l"}`, `{"KIND":"k"}`, `{"id":"a"}`, `{"Id":"a"}`,
	`{"seq":1,}`, `{"seq":1}x`, `{"seq" 1}`, `{"seq":1 "id":"x"}`, `{"next":{"next":{"next":{"id":"deep"}}}}`, `{"pp":null}`, `{"x":tru}`, `{"ok":truex}`, `{"ok":falsey}`, `{"ok":"true"}`, `{"ok":1}`,
	`{"names":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\b\"cccccccccccccccccccccccc","bb"]}`,
	`{"next":{"seq":1},"next":{"id":"x"}}`, `{"at":"no time"}`, `{"bids":[{"p":1},{"P":2},{"p":null}]}`, `{"number":"12"}`, `{"number":"x"}`, `{"number":1e5}`, `{"text":1}`, `{"text":null}`, `{"bytes":"%"}`, `{"bytes":[1,2]}`, `{"bytes":null}`,
	`{"kids":[{"any":1,"n":1},{"any":[2],"n":2},{"any":{"a":3},"kids":[{"any":4},{"any":5},{"any":6}]},{"any":7}]}`, `{"name":"a","kids":[{"name":"b","left":{"name":"c"}},{}],"grid":[[1,2],[],null,[3]]}`,
	strings.Repeat(`{"next":`, 63) + `null` + strings.Repeat(`}`, 63), strings.Repeat(`{"next":`, 70) + `null` + strings.Repeat(`}`, 70), `{"x":` + strings.Repeat(`[`, 80) + strings.Repeat(`]`, 80) + `}`, `{"any":` + strings.Repeat(`[`, 80) + strings.Repeat(`]`, 80) + `}`,
}

// agree fails t if d decodes b and full does not, or into something else. It reports whether d does.
func agree(t testing.TB, d *Decoder, typ reflect.Type, b []byte) bool {
	got := reflect.New(typ)
	if !d.Decode(b, got.Elem()) {
		return false
	}
	want := reflect.New(typ)
	if err := full(b, want.Interface()); err != nil {
		t.Fatalf("%s: %q\nis decoded into %+v, but the full decoder says %v", typ, b, got.Elem(), err)
	}
	if !reflect.DeepEqual(got.Interface(), want.Interface()) {
		t.Fatalf("%s: %q\n got %+v\nwant %+v", typ, b, got.Elem(), want.Elem())
	}
	return true
}

func TestCorners(t *testing.T) {
	decoded := 0
	for _, typ := range types {
		d := New(typ, full)
		if d == nil {
			t.Fatalf("no decoder for %s", typ)
		}
		for _, p := range payloads {
			if agree(t, d, typ, []byte(p)) {
				decoded++
			}
		}
	}
	if decoded < 100 {
		t.Errorf("%d are decoded", decoded)
	}
}

// What most payloads have is decoded here.
func TestDecodes(t *testing.T) {
	for typ, all := range map[reflect.Type][]string{
		reflect.TypeFor[node](): {
			payloads[0], `null`, `{}`, ` { "seq" : 12 , "bids" : [ ] , "names" : null } `, `{"f":12345678.1234567,"f3":1.25e3,"u":7,"small":-128}`, `{"seq":9223372036854775807}`,
			`{"unknown":{"a":[1,2]},"seq":1}`, `{"id":"\ud83d\ude00","names":["\n\t","日本"]}`, `{"f":1e5}`, `{"f":123456789012345678}`, `{"pairs":[[1,2],[3.5,-4]],"arr":[1,2]}`,
			`{"kids":[{"any":1},{"any":"x"}]}`, `{"text":"x","bytes":"aGk=","at":"2026-01-02T03:04:05Z"}`,
		},
		reflect.TypeFor[tree]():  {`{"name":"a","kids":[{"name":"b","left":{"name":"c"}},{}],"grid":[[1,2],[],null,[3]]}`},
		reflect.TypeFor[mixed](): {`{"kids":[{"any":1,"n":1},{"any":[2]}],"any":{"a":3},"n":4}`},
	} {
		for _, p := range all {
			if !agree(t, New(typ, full), typ, []byte(p)) {
				t.Errorf("%s: %s is left to the full decoder", typ, p)
			}
		}
	}
}

// These have nothing to gain, or are not known well enough.
func TestNoDecoder(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[any](), reflect.TypeFor[map[string]int](), reflect.TypeFor[time.Time](), reflect.TypeFor[[]byte](), reflect.TypeFor[stdjson.Number](),
		reflect.TypeFor[text](), reflect.TypeFor[[]time.Time](), reflect.TypeFor[func()](), reflect.TypeFor[struct{ A, B any }](),
		reflect.TypeFor[struct {
			N int `json:",string"`
		}](),
		reflect.TypeFor[struct {
			N int `json:"é"`
		}](),
		reflect.TypeFor[struct {
			A int `json:"a"`
			B int `json:"A"`
		}](),
		reflect.TypeFor[struct{ *Base }](), reflect.TypeFor[struct{ n int }](),
	} {
		if New(typ, full) != nil {
			t.Errorf("there is a decoder for %s", typ)
		}
	}
}

// once counts how often it was decoded.
type once struct{ N int }

var decodedOnce int

func (o *once) UnmarshalJSON([]byte) error { decodedOnce++; return nil }

// A type's own method is not called for a payload that is then left to the full decoder.
func TestOwnMethodsAreCalledLast(t *testing.T) {
	type T struct {
		A once `json:"a"`
		B int  `json:"b"`
	}
	d := New(reflect.TypeFor[T](), full)
	for _, p := range []string{`{"a":1,"b":1.5}`, `{"a":1,"b":2,"b":3}`, `{"a":1,"B":2}`, `{"a":1`} {
		decodedOnce = 0
		if d.Decode([]byte(p), reflect.ValueOf(new(T)).Elem()) || decodedOnce != 0 {
			t.Errorf("%s: the method was called %d times", p, decodedOnce)
		}
	}
	if !d.Decode([]byte(`{"a":1,"b":2}`), reflect.ValueOf(new(T)).Elem()) || decodedOnce != 1 {
		t.Errorf("the method was called %d times, want 1", decodedOnce)
	}
}

// Nothing that was decoded shares memory with the payload, or is changed by later ones.
func TestStringsAreCopies(t *testing.T) {
	type T struct{ A, B string }
	d := New(reflect.TypeFor[T](), full)
	var got []T
	var want []T
	b := make([]byte, 0, 1<<10)
	for i := range 2000 {
		w := T{strings.Repeat("x", i%70) + string(rune('a'+i%26)), strings.Repeat("y", i%5)}
		data, err := stdjson.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b[:0], data...)
		var v T
		if !d.Decode(b, reflect.ValueOf(&v).Elem()) {
			t.Fatalf("%s is not decoded", b)
		}
		got, want = append(got, v), append(want, w)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("strings changed")
	}
}

var executions = flag.Int("executions", 0, "payloads to compare in TestAgrees; 0: some")

// Whatever the type and the payload, the outcome is that of the full decoder. Types and payloads are
// made at random, and payloads are broken at random.
func TestAgrees(t *testing.T) {
	n := *executions
	if n == 0 {
		n = race.Fewer(150_000, 20_000)
	}
	seed := uint64(1)
	if *executions > 0 {
		seed = rand.Uint64()
		t.Log("seed", seed)
	}
	m := maker{rand.New(rand.NewPCG(seed, 1))}
	decoded, none, made := 0, 0, 0
	for done := 0; done < n; {
		typ := m.root()
		made++
		d := New(typ, full)
		if d == nil {
			none++
			d = &Decoder{decode: func(*state, reflect.Value) bool { return false }, full: full}
		}
		for range min(max(50, n/20_000), n-done) {
			b := m.payload(typ)
			if agree(t, d, typ, b) {
				decoded++
			}
			done++
		}
	}
	t.Logf("%d payloads for %d types, %d of them without a decoder; %d payloads were decoded", n, made, none, decoded)
	if decoded < n/4 || none > made/2 {
		t.Error("too few are decoded to show anything")
	}
}

// FuzzAgrees is TestAgrees over any bytes.
func FuzzAgrees(f *testing.F) {
	for i, p := range payloads {
		f.Add(uint8(i), []byte(p))
		f.Add(uint8(0), []byte(p))
	}
	var decoders []*Decoder
	for _, typ := range types {
		decoders = append(decoders, New(typ, full))
	}
	f.Fuzz(func(t *testing.T, i uint8, b []byte) {
		n := int(i) % len(types)
		agree(t, decoders[n], types[n], b)
	})
}
