package rtx

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Shapes of T, for the comparison with encoding/json. Each is one that somebody's program has, or a
// corner of the rules for tags, names, embedding, methods and kinds.

type (
	namedString string
	namedInt    int
	namedFloat  float32
	namedBool   bool
	namedBytes  []byte
	namedByte   byte
	namedMap    map[string]int
	namedSlice  []int
	namedAny    any
	namedTime   time.Time
)

type embeddedString struct {
	namedString
	N int
}

var _ = embeddedString{}.namedString

type ExportedString string
type embeddedExportedString struct {
	ExportedString
	N int
}
type embeddedNumber struct {
	json.Number
	A int
}
type embeddedRaw struct {
	json.RawMessage
	A int
}
type ExportedMap map[string]int
type embeddedMap struct {
	ExportedMap
	A int
}
type ExportedAny any
type embeddedAny struct {
	ExportedAny
	A int
}
type Base struct {
	ID int `json:"id"`
	A  string
}
type base struct {
	ID int `json:"id"`
}
type Deep struct {
	Base
	Z int
}
type Other struct {
	ID string `json:"id"`
}
type recursive struct {
	N    int
	Next *recursive
	More []recursive
	By   map[string]*recursive
}
type RecursiveEmbedded struct {
	*RecursiveEmbedded
	N int
}

// celsius decodes itself from a number or a text.
type celsius float64

func (c *celsius) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if *c = celsius(f); f != f {
		return errors.New("no number")
	}
	return err
}

// seen encodes and decodes itself, and shows what it was given.
type seen struct{ Text string }

func (s *seen) UnmarshalJSON(b []byte) error { s.Text = "saw " + string(b); return nil }
func (s seen) MarshalJSON() ([]byte, error)  { return json.Marshal(s.Text) }

// level decodes itself from a text.
type level int

func (l *level) UnmarshalText(b []byte) error {
	switch string(b) {
	case "low":
		*l = 1
	case "high":
		*l = 2
	default:
		return errors.New("no level")
	}
	return nil
}
func (l level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level %d", int(l)), nil }

// textKey is a key of maps that decodes itself.
type textKey struct{ K string }

func (k *textKey) UnmarshalText(b []byte) error { k.K = "key " + string(b); return nil }
func (k textKey) MarshalText() ([]byte, error)  { return []byte(k.K), nil }

// stringKey is a string that decodes itself as a key.
type stringKey string

func (k *stringKey) UnmarshalText(b []byte) error { *k = stringKey("key " + string(b)); return nil }

// onlyMarshals encodes itself, and decodes as it is made.
type onlyMarshals struct{ A int }

func (onlyMarshals) MarshalJSON() ([]byte, error) { return []byte(`{"A":7}`), nil }

// secondVersion has a method that the second version of encoding/json looks for, and the first does
// not.
type secondVersion struct{ A int }

func (*secondVersion) UnmarshalJSONFrom(any) error { panic("not called by encoding/json") }

type embedsMethods struct {
	seen
	A int
}
type EmbeddedUnmarshaler struct{ celsius }
type sliceOfItself []sliceOfItself
type mapOfItself map[string]mapOfItself
type failing struct{}

func (*failing) UnmarshalJSON([]byte) error { return errors.New("never") }

type valueUnmarshaler map[string]string

func (v valueUnmarshaler) UnmarshalJSON(b []byte) error {
	if v != nil {
		v["saw"] = string(b)
	}
	return nil
}

// quick says of a shape that it must be ordinary, so that it is decoded at full speed.
const quick = true

var shapes = []shape{
	// What nearly every program has.
	of[any]("any", quick), of[bool]("bool", quick), of[string]("string", quick), of[int]("int", quick), of[int8]("int8", quick),
	of[int16]("int16", quick), of[int32]("int32", quick), of[int64]("int64", quick), of[uint]("uint", quick),
	of[uint8]("uint8", quick), of[uint16]("uint16", quick), of[uint32]("uint32", quick), of[uint64]("uint64", quick),
	of[float32]("float32", quick), of[float64]("float64", quick), of[*int]("pointer", quick),
	of[**string]("pointer to pointer", quick), of[[]int]("slice", quick), of[[]string]("slice of strings", quick),
	of[[]any]("slice of any", quick), of[[][]int]("slice of slices", quick), of[[]*int]("slice of pointers", quick),
	of[[3]int]("array", quick), of[[0]int]("empty array", quick), of[[2]string]("array of strings", quick),
	of[[4]byte]("array of bytes", quick), of[map[string]int]("map", quick), of[map[string]any]("map of any", quick),
	of[map[string][]map[string]int]("map of slices of maps", quick), of[map[int]string]("map by int", quick),
	of[map[int8]int]("map by int8", quick), of[map[uint16]bool]("map by uint16", quick), of[map[string]struct{}]("set", quick),
	of[map[string]*Base]("map of pointers", quick), of[struct{}]("empty struct", quick), of[Base]("struct", quick), of[*Base]("pointer to struct", quick),
	of[[]Base]("slice of structs", quick), of[recursive]("recursive", quick), of[*recursive]("pointer to recursive", quick),
	of[sliceOfItself]("slice of itself", quick), of[mapOfItself]("map of itself", quick),
	of[quote]("quote", quick), of[time.Time]("time", quick), of[namedString]("named string", quick), of[namedInt]("named int", quick),
	of[namedFloat]("named float", quick), of[namedBool]("named bool", quick), of[namedMap]("named map", quick), of[namedSlice]("named slice", quick),
	of[namedAny]("named any", quick), of[map[namedString]int]("map by named string", quick), of[[]json.RawMessage]("slice of raw", quick),
	of[map[string]json.RawMessage]("map of raw", quick), of[celsius]("UnmarshalJSON", quick), of[*celsius]("pointer to UnmarshalJSON", quick),
	of[[]celsius]("slice of UnmarshalJSON", quick), of[[]*celsius]("slice of pointers to UnmarshalJSON", quick),
	of[map[string]celsius]("map of UnmarshalJSON", quick), of[level]("UnmarshalText", quick), of[[]level]("slice of UnmarshalText", quick),
	of[*level]("pointer to UnmarshalText", quick), of[seen]("seen", quick), of[*seen]("pointer to seen", quick), of[[]seen]("slice of seen", quick),
	of[failing]("failing", quick), of[big.Int]("big.Int", quick), of[*big.Int]("pointer to big.Int", quick),
	of[big.Float]("big.Float", quick), of[netip.Addr]("netip.Addr", quick), of[url.URL]("url.URL", false), of[onlyMarshals]("only MarshalJSON", quick),
	of[struct {
		ID    int       `json:"id"`
		Name  string    `json:"name,omitempty"`
		At    time.Time `json:"at,omitzero"`
		Tags  []string  `json:"tags"`
		Extra any       `json:"extra"`
		Skip  int       `json:"-"`
		own   int
	}]("order", quick),
	of[struct {
		Base
		N int
	}]("embedded struct", quick),
	of[Deep]("embedded twice", quick),
	of[struct {
		A struct{ B struct{ C []struct{ D int } } }
	}]("nested structs", quick),
	of[struct {
		A celsius
		B *celsius
		C level
		D *level
		E seen
		F json.RawMessage
		G *json.RawMessage
	}]("methods in fields", quick),
	of[struct {
		A *int
		B **int
		C *string
		D *[]int
		E *map[string]int
		F *Base
	}]("pointers in fields", quick),
	of[struct {
		Snake int `json:"snake_case"`
		Kebab int `json:"kebab-case"`
		Dot   int `json:"dot.ted"`
		Digit int `json:"9"`
		ID    int `json:"id"`
	}]("names", quick),

	// Numbers as they came.
	of[json.Number]("json.Number", false), of[*json.Number]("pointer to json.Number", false), of[[]json.Number]("slice of json.Number", false),
	of[map[string]json.Number]("map of json.Number", false), of[struct{ A json.Number }]("json.Number in a field", false),
	of[struct {
		A json.Number `json:",omitempty"`
		B *json.Number
		C json.Number `json:",string"`
	}]("json.Numbers in fields", false),
	of[map[json.Number]int]("map by json.Number", false), of[embeddedNumber]("embedded json.Number", false),
	of[time.Duration]("duration", quick), of[struct{ D time.Duration }]("duration in a field", quick), of[[]time.Duration]("slice of durations", quick),

	// Embedding.
	of[embeddedString]("embedded string", false), of[embeddedExportedString]("embedded exported string", false),
	of[embeddedRaw]("embedded raw", false), of[embeddedMap]("embedded map", false), of[embeddedAny]("embedded any", false),
	of[struct{ *Base }]("embedded pointer", false), of[struct{ base }]("embedded unexported struct", false), of[struct{ *base }]("embedded unexported pointer", false),
	of[struct {
		Base `json:"base"`
	}]("embedded with a name", false),
	of[struct {
		Base
	}]("embedded with an option", false),
	of[struct {
		Base
		Deep
	}]("embedded at two depths", false),
	of[struct{ time.Time }]("embedded time", false), of[struct {
		time.Time
		N int
	}]("embedded time and a field", false),
	of[embedsMethods]("embedded methods", false), of[EmbeddedUnmarshaler]("embedded unmarshaler", false), of[RecursiveEmbedded]("embedded in itself", false),
	of[struct{ ExportedString }]("only an embedded string", false), of[struct{ error }]("embedded error", false),
	of[struct{ fmt.Stringer }]("embedded interface", false),

	// Tags. What is made at run time is what the static checks would not let pass.
	of[struct {
		A int `json:"x"`
		X int
	}]("names that differ in case", false),
	of[struct {
		ID int `json:"id"`
		Id int
		iD int
	}]("names alike", false),
	made("two tags", field[int]("A", `json:"a" json:"b"`)),
	of[struct {
		A int `json:""`
	}]("empty tag", quick),
	made("comma alone", field[int]("A", `json:","`)),
	made("comma at the end", field[int]("A", `json:"a,"`)),
	made("dash for a name", field[int]("A", `json:"-,"`)),
	made("dash and an option", field[int]("A", `json:"-,omitempty"`)),
	made("an option twice", field[int]("A", `json:"a,omitempty,omitempty"`)),
	made("an option in capitals", field[int]("A", `json:"a,OmitEmpty"`)),
	of[struct {
		A int `json:"a,unknown"`
	}]("an unknown option", false),
	of[struct {
		A map[string]int `json:",inline"`
	}]("inline", false),
	of[struct {
		A map[string]any `json:",embed"`
		B int
	}]("embed", false),
	of[struct {
		A Base `json:",inline"`
	}]("inline of a struct", false),
	of[struct {
		A map[string]any `json:",unknown"`
	}]("unknown of a map", false),
	of[struct {
		A int `json:"a,case:ignore"`
	}]("case:ignore", false),
	of[struct {
		A int `json:"a,case:strict"`
	}]("case:strict", false),
	made("nocase", field[int]("A", `json:"a,nocase"`)),
	of[struct {
		A time.Time `json:"a,format:DateOnly"`
	}]("format of a time", false),
	of[struct {
		A []byte `json:"a,format:hex"`
	}]("format of bytes", false),
	of[struct {
		A time.Duration `json:"a,format:sec"`
	}]("format of a duration", false),
	of[struct {
		A int     `json:"a,format:'x,y'"`
		B float64 `json:"b,format:nonfinite"`
	}]("formats", false),
	of[struct {
		A int `json:"'quoted'"`
	}]("quoted name", false),
	of[struct {
		A int `json:"'quoted name',omitempty"`
	}]("quoted name with an option", false),
	of[struct {
		A int `json:"a b"`
	}]("name with a space", false),
	made("name with a backslash", field[int]("A", `json:"a\\b"`)),
	made("name with a quote", field[int]("A", `json:"a\"b"`)),
	of[struct {
		A int `json:"é"`
		B int `json:"ſ"`
		K int
		S int
	}]("names that are not ASCII", false),
	of[struct {
		Été int
		Σ   int
	}]("fields that are not ASCII", false),
	of[struct {
		A int `json:"$ref"`
		B int `json:"@type"`
		C int `json:"a/b"`
		D int `json:"a:b"`
		E int `json:"<a>"`
	}]("names with signs", false),
	of[struct{ a, b int }]("only unexported", false), of[errorString]("like errors.New", false),
	of[struct {
		A int `json:"-"`
	}]("only left out", false),

	// Structs that go vet would not let pass.
	made("embedded and hidden", embed[Base](""), field[string]("ID", `json:"id"`)),
	made("embedded and in conflict", embed[Base](""), embed[Other]("")),
	made("one name twice", field[int]("A", `json:"x"`), field[int]("B", `json:"x"`)),
	made("one name twice, and a third", field[int]("A", `json:"x"`), field[int]("B", `json:"x"`), field[int]("X", "")),
	made("tag without quotes", field[int]("A", `json:a`)),
	made("tag with a space", field[int]("A", `json: "a"`)),
	made("tags with a comma", field[int]("A", `xml:"a",json:"b"`)),
	made("an option after a space", field[int]("A", `json:"a, omitempty"`)),
	made("unexported with a tag", reflect.StructField{Name: "a", PkgPath: "p", Type: reflect.TypeFor[int](), Tag: `json:"a"`}, field[int]("B", "")),

	// The option string.
	of[struct {
		A int     `json:",string"`
		B float64 `json:",string"`
		C bool    `json:",string"`
		D string  `json:",string"`
		E *int    `json:",string"`
		F uint8   `json:",string"`
	}]("string", false),
	of[struct {
		ID int64 `json:"id,string"`
		A  uint8 `json:",string"`
	}]("string on integers", false),
	made("string on a map", field[map[string]int]("A", `json:",string"`)),
	made("string on a slice", field[[]int]("A", `json:",string"`)),
	made("string on any", field[any]("A", `json:",string"`)),
	made("string on a struct", field[Base]("A", `json:",string"`)),
	of[struct {
		A celsius `json:",string"`
		B level   `json:",string"`
	}]("string on methods", false),
	made("string on named types", field[namedInt]("A", `json:",string"`), field[namedString]("B", `json:",string"`), field[**int]("C", `json:",string"`)),

	// What JSON has nothing for.
	of[struct {
		A int
		F func()
	}]("func", false),
	of[struct {
		A int
		F func() `json:"f,omitempty"`
	}]("func that may be empty", false),
	of[struct {
		A int
		F *func()
		G []func()
		H map[string]func()
	}]("funcs", false),
	of[struct {
		A int
		C chan int
		D complex128
	}]("channel and complex number", false),
	of[struct {
		A int
		P uintptr
	}]("uintptr", false),
	of[struct {
		A int
		I fmt.Stringer
		E error
	}]("interfaces with methods", false),
	of[struct {
		A int
		I json.Unmarshaler
	}]("interface with UnmarshalJSON", false),
	of[func()]("func alone", false), of[chan int]("channel alone", false), of[complex64]("complex alone", false), of[error]("error alone", false),

	// Keys and bytes.
	of[map[textKey]int]("map by text", false), of[map[stringKey]int]("map by string with a method", false), of[map[level]int]("map by level", false),
	of[map[*textKey]int]("map by pointer", false), of[map[float64]int]("map by float", false), of[map[bool]int]("map by bool", false),
	of[map[any]int]("map by any", false), of[map[[2]int]int]("map by array", false), of[map[struct{}]int]("map by struct", false),
	of[map[celsius]int]("map by UnmarshalJSON", false), of[map[namedInt]int]("map by named int", quick),
	of[namedBytes]("named bytes", false), of[[]namedByte]("bytes of a named kind", false), of[[2]namedByte]("array of a named kind", false),
	of[*[]byte]("pointer to bytes", false), of[[][]byte]("slice of bytes", false), of[map[string][]byte]("map of bytes", false),
	of[struct{ A []byte }]("bytes in a field", false), of[struct{ A [4]byte }]("array of bytes in a field", quick),
	of[namedTime]("named time", false), of[*time.Time]("pointer to time", quick), of[valueUnmarshaler]("UnmarshalJSON of a value", quick),
	of[secondVersion]("method of the second version", false), of[struct{ A secondVersion }]("method of the second version in a field", false),
	of[base64.Encoding]("somebody else's struct", false), of[strings.Builder]("strings.Builder", false),
}

type errorString struct{ s string }

func (e *errorString) Error() string { return e.s }

// payloads are tried on every shape.
var payloads = []string{
	`null`, `true`, `false`, `0`, `-0`, `1`, `-1`, `7`, `127`, `128`, `255`, `256`, `65536`, `1.5`, `1.0`, `1e2`, `1e400`, `-1e400`, `0.1e1`,
	`2147483648`, `9007199254740993`, `9223372036854775807`, `9223372036854775808`, `18446744073709551615`, `18446744073709551616`,
	`123456789012345678901234567890`, `0.30000000000000004`, `3.4028236e38`, `1e-400`,
	`""`, `"a"`, `"0"`, `"1"`, `"1.5"`, `" 1"`, `"true"`, `"null"`, `"\"a\""`, `"low"`, `"high"`, `"AQID"`, `"AQI="`, `"AQI"`, `"A\nQ\r\n=="`, `"A Q=="`,
	`"é\u00e9\ud83d\ude00"`, `"\ud83d"`, `"a\ude00b"`, `"\ud83d\ud83d\ude00"`, `"\u0000<>&\u2028"`, `"2024-02-03T04:05:06.789Z"`,
	`"2024-02-03T04:05:06+01:00"`, `"2024-02-03T4:05:06Z"`, `"2024-02-03T04:05:06,789Z"`, `"2024-02-03 04:05:06Z"`, `"2024-02-03T04:05:06z"`,
	`"2024-02-03T24:05:06Z"`, `"2024-02-03T04:05:06+25:00"`, `"2024-02-03"`, `"1h"`, `"127.0.0.1"`,
	`[]`, `[1]`, `[1,2,3]`, `[1,2,3,4,5]`, `["a","b"]`, `[null]`, `[null,1]`, `[[1],[2,3]]`, `[[],[[]]]`, `[{}]`, `[1,"a",null,true,{"a":[]}]`, `[300]`,
	`["low"]`, `["AQID"]`, `[{"id":1,"A":"x"},{"id":2}]`,
	`{}`, `{"a":1}`, `{"A":1}`, `{"a":1,"A":2}`, `{"A":1,"a":2}`, `{"a":null}`, `{"A":null}`, `{"a":"x"}`, `{"A":"1"}`, `{"A":"1.5","B":"2","C":"true","D":"\"d\"","E":"3","F":"4"}`,
	`{"A":true,"B":2,"C":true,"D":"d","E":3,"F":4}`, `{"A":"null","C":"null","D":"null","E":"null"}`, `{"D":"d"}`, `{"C":"TRUE"}`, `{"A":"01"}`, `{"id":"12","A":"255"}`, `{"id":"-9223372036854775808","A":"256"}`, `{"id":"1e3"}`, `{"id":"1.0"}`, `{"id":"0x1"}`, `{"id":"+1"}`, `{"id":"-0"}`, `{"id":"1_0"}`, `{"id":"\u0031"}`, `{"id":null}`, `{"id":true}`, `{"A":" 1"}`, `{"A":""}`,
	`{"A":{}}`, `{"A":{"x":1}}`, `{"A":{"x":"1"}}`, `{"A":[1,2]}`, `{"A":["1"]}`, `{"A":"low","B":"high"}`,
	`{"id":1}`, `{"ID":1,"Id":2,"iD":3}`, `{"id":"1"}`, `{"id":1,"A":"x","Z":3,"N":4}`, `{"base":{"id":1}}`, `{"Base":{"id":1}}`, `{"Deep":{"id":1},"id":2}`,
	`{"A":"x","ExportedString":"y","N":1}`, `{"namedString":"y","N":1}`, `{"Number":12,"A":1}`, `{"RawMessage":[1],"A":1}`, `{"ExportedMap":{"x":1},"A":1}`, `{"ExportedAny":{"x":1},"A":1}`,
	`{"x":1,"X":2}`, `{"x":1}`, `{"X":1}`, `{"b":1}`, `{"-":1}`, `{"-,":1}`, `{"'quoted'":1,"quoted":2}`, `{"'quoted name'":1,"quoted name":2}`, `{"a b":1}`, `{"a\\b":1}`, `{"a\"b":1}`, `{"é":1,"É":2,"ſ":3,"s":4}`,
	`{"été":1,"Été":2,"σ":3,"ς":4}`, `{"K":1,"k":2,"S":3,"\u212a":4,"\u017f":5}`, `{"\u212aebab-case":1,"kebab-case":2,"KEBABCASE":3,"\u017fnake_case":4,"snakecase":5}`,
	`{"$ref":1,"@type":2,"a/b":3,"a:b":4,"<a>":5}`, `{"snake_case":1,"SNAKE_CASE":2,"snakeCase":3,"kebab-case":4,"9":5,"dot.ted":6}`,
	`{"A":1,"F":null}`, `{"A":1,"F":1}`, `{"A":1,"f":null}`, `{"F":null,"G":null,"H":null}`, `{"G":[null],"H":{"a":null}}`, `{"A":1,"C":null,"D":null}`, `{"C":1}`, `{"D":1}`, `{"P":1}`, `{"P":null}`,
	`{"I":null,"E":null}`, `{"I":1}`, `{"E":"x"}`, `{"A":1,"I":{}}`,
	`{"1":2}`, `{"1":"a","2":"b"}`, `{"01":1}`, `{"+1":1}`, `{"-1":1}`, `{"300":1}`, `{"1.5":1}`, `{"true":1}`, `{"low":1}`, `{" 1":1}`, `{"":1}`, `{"a":1,"a":2}`, `{"a":{"b":1},"a":{"c":2}}`,
	`{"a":[1,2,3],"a":[4]}`, `{"A":{"B":{"C":[{"D":1}]}}}`, `{"A":{"B":{"C":[{"D":1}]}},"A":{"B":{"C":[{},{"D":2}]}}}`,
	`{"N":1,"Next":{"N":2,"Next":null},"More":[{"N":3}],"By":{"x":{"N":4}}}`, `{"Next":{"N":1},"Next":{"More":[]}}`, `{"Next":{"N":1},"Next":null}`,
	`{"A":12,"B":null,"C":"low","D":"high","E":{"x": [ 1 ]},"F": { "y" : 2 },"G":null}`, `{"E":null,"F":null,"G":"g"}`, `{"A":"12","B":"13"}`,
	`{"A":1,"B":2,"C":"c","D":[1],"E":{"e":1},"F":{"id":2}}`, `{"A":null,"B":null,"C":null,"D":null,"E":null,"F":null}`,
	`{"id":7,"name":"n","at":"2024-02-03T04:05:06Z","tags":["a",null],"extra":{"x":[1.5]},"Skip":3,"own":4,"-":5}`, `{"at":null,"tags":null,"extra":null}`, `{"at":"x"}`, `{"At":0}`,
	`{"Time":"2024-02-03T04:05:06Z"}`, `{"A":"2024-02-03"}`, `{"a":"2024-02-03"}`, `{"a":"AQID"}`, `{"a":"0102"}`, `{"A":"AQID"}`, `{"A":[1,2,3,4,5]}`, `{"a":1.5}`, `{"D":1500}`, `{"D":1.5}`, `{"D":1e3}`, `{"D":"1s"}`, `{"b":"NaN"}`,
	`{"A":1.0}`, `{"A":12345678901234567890}`, `{"A":1,"extra":{"deep":[[[1]]]}}`, `{"unknown":[{"x":{}}],"A":1}`,
	` 1 `, "\t{\"A\" :\n1 }\r\n", `[ ]`, ` null `,

	// No JSON.
	``, ` `, `nul`, `truex`, `01`, `+1`, `1.`, `.5`, `1e`, `"a`, `"\x"`, `"\ud83"`, "\"a\x01\"", `[1,]`, `[1`, `[1 2]`, `{"a":1,}`, `{"a"}`, `{a:1}`, `{"a":1`, `{"A":1}}`, `{]}`, `1 2`, `{"A":1} x`, `{"A":01}`,
	`{"unknown":01,"A":1}`, `{"unknown":"\x","A":1}`, `[1]]`, "\ufeff1",
	"\"\xff\"", "{\"A\":\"\xff\"}", "{\"\xff\":1}",
}
