package engineio

import (
	"slices"
	"testing"
)

func TestSocketRoundTrip(t *testing.T) {
	for _, text := range []string{
		`0`, `0{"sid":"abc"}`, `0/admin,{"token":"1"}`, `1`, `1/admin,`, `2["a"]`, `2["error"]`, `2/admin,12["a",1,{"b":[1.5]}]`,
		`30[]`, `3/admin,7[1]`, `4"no"`, `4{"message":"no"}`, `51-["a",{"_placeholder":true,"num":0}]`,
		`62-/admin,7[{"_placeholder":true,"num":1},{"x":{"_placeholder":true,"num":0}}]`,
	} {
		p, err := DecodeSocket([]byte(text), DefaultLimits)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := string(AppendSocket(nil, p)); got != text {
			t.Errorf("%s came back as %s", text, got)
		}
	}
}

func TestSplitEvent(t *testing.T) {
	for _, c := range []struct {
		data, name string
		args       []string
	}{
		{`["a"]`, `"a"`, nil},
		{`["error",1]`, `"error"`, []string{"1"}},
		{`[ "a\"]" , {"x":[1,",]"]} , [ ] ,"\\" ] `, `"a\"]"`, []string{`{"x":[1,",]"]}`, `[ ]`, `"\\"`}},
	} {
		name, args, err := SplitEvent([]byte(c.data), DefaultLimits)
		if err != nil || string(name) != c.name {
			t.Errorf("%s: name %s, error %v", c.data, name, err)
		}
		var got []string
		for arg, rest := NextArg(args); arg != nil; arg, rest = NextArg(rest) {
			got = append(got, string(arg))
		}
		if !slices.Equal(got, c.args) {
			t.Errorf("%s: arguments %q, want %q", c.data, got, c.args)
		}
	}
}

// An event's name is for SplitEvent to judge: what has none that it takes is an event all the same,
// which a client passes over.
func TestCheckDataLeavesTheNameAlone(t *testing.T) {
	for _, in := range []string{`2[5]`, `2[]`, `2[null,1]`, `2[{"a":1}]`, `2["connect"]`, `27[5]`, `51-[5,{"_placeholder":true,"num":0}]`} {
		p, err := DecodeHeader([]byte(in), DefaultLimits)
		if err == nil {
			err = CheckData(p, DefaultLimits)
		}
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if _, err := DecodeSocket([]byte(in), DefaultLimits); err == nil {
			t.Errorf("%s: DecodeSocket takes it", in)
		}
	}
}

// An event that wants an acknowledgement carries its id to whoever routes it, through the Assembler
// too, and the answer is an ACK with that id.
func TestAckIDComesThrough(t *testing.T) {
	for in, want := range map[string]string{
		`20["a"]`: `30[]`, `27["a",1]`: `37[]`, `2/admin,12["a"]`: `3/admin,12[]`, `29007199254740991["a"]`: `39007199254740991[]`,
		`51-7["a",{"_placeholder":true,"num":0}]`: `37[]`,
	} {
		p, err := DecodeHeader([]byte(in), DefaultLimits)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		var a Assembler
		p, done, err := a.Add(p)
		if err == nil && !done {
			p, done, err = a.AddBinary([]byte("x"))
		}
		if err != nil || !done || !p.HasID {
			t.Errorf("%s: %+v, %v, error %v", in, p, done, err)
		}
		if got := string(AppendSocket(nil, AckOf(p))); got != want {
			t.Errorf("%s is acknowledged with %s, want %s", in, got, want)
		}
	}
}
