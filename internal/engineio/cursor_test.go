package engineio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// elements goes through an array, and says what was found: the values, whether all were JSON, and
// the fault.
func elements(b []byte) (values []json.RawMessage, whole bool, err error) {
	c := NewCursor(b)
	for more := c.Open('['); more; more = c.More(']') {
		values = append(values, c.Value())
	}
	return values, c.Whole(), c.End()
}

// members does the same with an object.
func members(b []byte) (m map[string]json.RawMessage, whole bool, err error) {
	c := NewCursor(b)
	m = make(map[string]json.RawMessage)
	for more := c.Open('{'); more; more = c.More('}') {
		key := c.Key()
		m[string(key)] = c.Value()
	}
	return m, c.Whole(), c.End()
}

func TestCursor(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		whole    bool
		fault    Kind
	}{
		{`[]`, ``, true, 0},
		{` [ 1 , "a,]" ,{"x":[1,",]"]} , [ ] ] `, `1|"a,]"|{"x":[1,",]"]}|[ ]`, true, 0},

		// What is no JSON is found by its ends, and costs nothing beside it.
		{`[nope,1]`, `nope|1`, false, 0},
		{`[{]},1]`, `{]||`, false, ErrJSON}, // by the count of its brackets it ends at the ']'
		{`[[}},1]`, `[}|`, false, ErrJSON},
		{`[{a:1},2]`, `{a:1}|2`, false, 0},
		{`[{"a":[1,2,]},2]`, `{"a":[1,2,]}|2`, false, 0},
		{`["\x","a\"]",2]`, `"\x"|"a\"]"|2`, false, 0},
		{"[\"a\x00\",2]", "\"a\x00\"|2", false, 0},
		{"[\"\xff\",2]", "\"\xff\"|2", false, 0},
		{`[01,+1,.5,1.,NaN,'a',2]`, `01|+1|.5|1.|NaN|'a'|2`, false, 0},
		{`[{"a":"}"]},2]`, `{"a":"}"]|`, false, ErrJSON},

		// A fault between the values is the packet's own.
		{``, ``, true, ErrJSON},
		{`{}`, ``, true, ErrJSON},
		{`[`, ``, true, ErrJSON},
		{`[1`, `1`, true, ErrJSON},
		{`[1 2]`, `1`, true, ErrJSON},
		{`[1,]`, `1|`, true, ErrJSON},
		{`[,1]`, ``, true, ErrJSON},
		{`[1]]`, `1`, true, ErrJSON},
		{`[1}`, `1`, true, ErrJSON},
		{"[1]\x00", `1`, true, ErrJSON},
		{"[\x00]", ``, true, ErrJSON},
		{`["a`, `"a`, false, ErrJSON},
		{`["a\`, `"a\`, false, ErrJSON},
		{`[[1`, `[1`, false, ErrJSON},
	} {
		values, whole, err := elements([]byte(tt.in))
		var got []string
		for _, v := range values {
			if v != nil {
				got = append(got, string(v))
			}
		}
		want := strings.TrimRight(tt.want, "|")
		if strings.Join(got, "|") != want || whole != tt.whole || kindOf(err) != tt.fault {
			t.Errorf("%q: %q, whole %v, error %v; want %q, %v, %v", tt.in, got, whole, err, want, tt.whole, tt.fault)
		}
	}
}

func TestCursorOfAnObject(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		whole    bool
		fault    Kind
	}{
		{` { "a" : 1 , "b":{"a":2} } `, `map["a":1 "b":{"a":2}]`, true, 0},
		{`{"a":1,"a":2}`, `map["a":2]`, true, 0},
		{`{"a":nope,"b":2}`, `map["a":nope "b":2]`, false, 0},
		{`{}`, `map[]`, true, 0},
		{`{"a"}`, ``, true, ErrJSON},
		{`{"a":}`, ``, true, ErrJSON},
		{`{"a" 1}`, ``, true, ErrJSON},
		{`{a:1}`, ``, true, ErrJSON},
		{`{"a":1,}`, ``, true, ErrJSON},
		{`{"a":1]`, ``, true, ErrJSON},
		{`{"\x":1}`, ``, true, ErrJSON},
		{"{\"\xff\":1}", ``, true, ErrUTF8},
	} {
		m, whole, err := members([]byte(tt.in))
		got := ""
		if err == nil {
			texts := make(map[string]string)
			for k, v := range m {
				texts[k] = string(v)
			}
			got = fmt.Sprint(texts)
		}
		if got != tt.want || whole != tt.whole || kindOf(err) != tt.fault {
			t.Errorf("%q: %s, whole %v, error %v; want %s, %v, %v", tt.in, got, whole, err, tt.want, tt.whole, tt.fault)
		}
	}
}

// Whatever a cursor is used for, the first fault stays, and it never goes past the end.
func TestCursorAfterAFault(t *testing.T) {
	c := NewCursor([]byte(`x`))
	if c.Open('[') || c.Key() != nil || c.Value() != nil || c.String() != nil || c.More(']') {
		t.Error("a cursor goes on after a fault")
	}
	var e *Error
	if !errors.As(c.End(), &e) || e.Kind != ErrJSON {
		t.Error(c.Err())
	}
	var zero Cursor
	if zero.Peek() != 0 || zero.Value() != nil || zero.Err() == nil {
		t.Error("the zero cursor has a value")
	}
}

// encoding/json is the oracle. An array that it reads is read alike, and whole. One that it refuses
// is never called whole and without a fault; and whatever is read of it, the values and what stands
// between them are the input.
func FuzzCursor(f *testing.F) {
	seed(f, "sio-decode.json", func(s string) { f.Add([]byte(strings.TrimLeft(s, "0123456789-"))) })
	for _, s := range []string{`[nope,{]}]`, `["a",[[}},{"b":"\x"}]`, `[{a:1},"\"]",1 ] `, `["a` + "\x00" + `",'b',]`, `[{"a":[1,2,]},2]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		values, whole, err := elements(b)
		if !bytes.Equal(b, before) {
			t.Fatal("the input was changed")
		}
		var want []json.RawMessage
		valid := ValidJSON(b, Limits{}) && json.Unmarshal(b, &want) == nil && want != nil
		if valid != (whole && err == nil) {
			t.Fatalf("%q: whole %v, error %v, want %v", b, whole, err, valid)
		}
		if valid && fmt.Sprintf("%q", values) != fmt.Sprintf("%q", want) {
			t.Fatalf("%q: %q, want %q", b, values, want)
		}
		if err != nil {
			wantKind(t, err)
			return
		}
		rest := b
		for _, v := range values {
			if len(v) == 0 {
				t.Fatalf("%q: an empty value", b)
			}
			_, after, found := bytes.Cut(rest, v)
			if !found {
				t.Fatalf("%q: %q is not of the input, or not in its order", b, v)
			}
			rest = after
		}
		if members(b); testing.AllocsPerRun(1, func() {
			c := NewCursor(b)
			for more := c.Open('['); more; more = c.More(']') {
				c.Value()
			}
		}) != 0 && len(b) < 1024 {
			t.Fatal("a cursor allocates")
		}
	})
}
