package engineio

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestMember(t *testing.T) {
	for _, tt := range []struct{ object, name, want string }{
		{`{"event":"e","data":{"event":1}}`, "data", `{"event":1}`},
		{` { "a" : 1 , "data" : [1, 2] } `, "data", `[1, 2]`},
		{`{"data":1,"data":2}`, "data", `2`},
		{`{"d\u0061ta":3}`, "data", `3`},
		{`{"data":1,"\u0064\u0061\u0074\u0061":null}`, "data", `null`},
		{`{"Data":1,"data ":2,"dat":3,"dat\"":4,"data\u0000":5,"data\ud83d\ude00":6}`, "data", ``},
		{`{"x":{"data":1},"y":["data",1]}`, "data", ``},
		{`{"x":"\"data\":1"}`, "data", ``},
		{`{}`, "data", ``},
		{`["data",1]`, "data", ``},
		{`"data"`, "data", ``},
		{``, "data", ``},
		{`{"exactly16bytes__":7}`, "exactly16bytes__", `7`},
		{`{"exactly16bytes\u005f_":7}`, "exactly16bytes__", `7`},
		{`{"exactly16bytes\u005f_!":7}`, "exactly16bytes__", ``},
	} {
		got, ok := Member([]byte(tt.object), tt.name)
		if string(got) != tt.want || ok != (tt.want != "") {
			t.Errorf("Member(%s, %q) = %q, %t; want %q", tt.object, tt.name, got, ok, tt.want)
		}
	}
}

// What encoding/json finds in an object, Member finds; of what is no JSON, nothing is promised but
// that it returns.
func FuzzMember(f *testing.F) {
	seed(f, "sio-decode.json", func(s string) { f.Add([]byte(strings.TrimLeft(s, "0123456789")), "data") })
	f.Add([]byte(`{"d\u0061ta":{"data":1},"data":2,"":3}`), "data")
	f.Add([]byte(`{"\\\"\/\b":"\ud800","x":[{}]}`), `\"/`)
	f.Fuzz(func(t *testing.T, object []byte, name string) {
		got, ok := Member(object, name)
		if len(name) > maxMember || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) || !ValidJSON(object, DefaultLimits) {
			return
		}
		var members map[string]json.RawMessage
		_ = json.Unmarshal(object, &members) // of what is no object it makes no map
		want, there := members[name]
		if ok != there || !bytes.Equal(got, want) {
			t.Errorf("Member(%q, %q) = %q, %t; want %q, %t", object, name, got, ok, want, there)
		}
		if n := testing.AllocsPerRun(1, func() { Member(object, name) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
