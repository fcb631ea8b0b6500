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
