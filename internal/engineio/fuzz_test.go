package engineio

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// seed adds the inputs of the vectors, frame by frame, so that fuzzing starts from what real peers
// send.
func seed(f *testing.F, file string, add func(frame string)) {
	f.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		f.Fatal(err)
	}
	var set struct{ Vectors []struct{ In any } }
	if err := json.Unmarshal(text, &set); err != nil {
		f.Fatal(err)
	}
	for _, v := range set.Vectors {
		switch in := v.In.(type) {
		case string:
			add(in)
		case []any:
			for _, frame := range in {
				if s, ok := frame.(string); ok {
					add(s)
				}
			}
		}
	}
}

func FuzzPayload(f *testing.F) {
	seed(f, "eio-payload.json", func(s string) { f.Add([]byte(s)) })
	f.Fuzz(func(t *testing.T, body []byte) {
		const most = 64
		packets, err := DecodePayload(body, most)
		if err != nil {
			wantKind(t, err)
			return
		}
		if len(packets) == 0 || len(packets) > most {
			t.Fatalf("%d packets", len(packets))
		}
		again, err := DecodePayload(AppendPayload(nil, packets...), most)
		if err != nil || !reflect.DeepEqual(packets, again) {
			t.Fatalf("%v came back as %v, error %v", packets, again, err)
		}
	})
}

func FuzzPacket(f *testing.F) {
	seed(f, "eio-payload.json", func(s string) { f.Add([]byte(s)) })
	f.Fuzz(func(t *testing.T, frame []byte) {
		p, err := DecodePacket(frame)
		if err != nil {
			wantKind(t, err)
			return
		}
		if got := AppendPacket(nil, p); !bytes.Equal(got, frame) {
			t.Fatalf("%q came back as %q", frame, got)
		}
	})
}

func FuzzHandshake(f *testing.F) {
	f.Add([]byte(openData))
	f.Add([]byte(`{"sid":"\u0000é","pingInterval":1,"pingTimeout":1e3,"more":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := DecodeHandshake(data)
		if err != nil {
			wantKind(t, err)
			return
		}
		if h.SID == "" || len(h.SID) > maxSID || h.PingInterval <= 0 || h.PingTimeout <= 0 || h.MaxPayload < 0 {
			t.Fatalf("took %#v", h)
		}
		again, err := DecodeHandshake(AppendHandshake(nil, h))
		if len(h.Upgrades) == 0 {
			h.Upgrades, again.Upgrades = nil, nil // an empty list and none are one
		}
		if err != nil || !reflect.DeepEqual(h, again) {
			t.Fatalf("%#v came back as %#v, error %v", h, again, err)
		}
	})
}

func FuzzSocket(f *testing.F) {
	seed(f, "sio-decode.json", func(s string) { f.Add([]byte(s)) })
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodeSocket(b, DefaultLimits)
		if err != nil {
			wantKind(t, err)
			return
		}
		text := AppendSocket(nil, p)
		again, err := DecodeSocket(text, DefaultLimits)
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("%q: %+v came back from %q as %+v, error %v", b, p, text, again, err)
		}
		if p.Data != nil && !json.Valid(p.Data) {
			t.Fatalf("took %q", p.Data)
		}
	})
}

// encoding/json is the oracle: an event is taken exactly if that reads it as an array that begins
// with a string, apart from what this package refuses on purpose.
func FuzzSplitEvent(f *testing.F) {
	seed(f, "sio-decode.json", func(s string) { f.Add([]byte(strings.TrimLeft(s, "0123456789-"))) })
	f.Add([]byte(`["a", 1 , "x,]" ,[{"b":[1.5e-3,"\\\""]}],-0 , {} ]` + "\n"))
	f.Add([]byte("[\"\xff\",\"\xed\xa0\x80\",\"\\ud800\"]"))
	f.Add([]byte(`["disconnectin\u0067"]`))
	f.Add([]byte(`["a",1e999` + strings.Repeat(",[{}", 70) + strings.Repeat("]", 71)))
	f.Add([]byte(`["a"` + strings.Repeat(",[{}", 40) + strings.Repeat("]", 41)))
	f.Fuzz(func(t *testing.T, data []byte) {
		const depth = 64
		name, args, err := SplitEvent(data, Limits{Depth: depth})
		if err != nil {
			wantKind(t, err)
		}
		var elements []json.RawMessage
		var word string
		want := json.Unmarshal(data, &elements) == nil && len(elements) > 0 &&
			elements[0][0] == '"' && json.Unmarshal(elements[0], &word) == nil
		switch word {
		case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
			want = false // Socket.IO keeps them
		}
		// encoding/json replaces what is not UTF-8, has another limit of depth, and takes space in
		// front, where socket.io-parser would see an ack id.
		want = want && utf8.Valid(data) && nesting(data) <= depth && data[0] == '['
		if want != (err == nil) {
			t.Fatalf("%q: error %v, want taken = %v", data, err, want)
		}
		if !want {
			return
		}
		got := []json.RawMessage{name}
		for arg, rest := NextArg(args); arg != nil; arg, rest = NextArg(rest) {
			got = append(got, arg)
		}
		if !reflect.DeepEqual(got, elements) {
			t.Fatalf("%q: split into %q, want %q", data, got, elements)
		}
	})
}

// nesting counts the levels of valid JSON.
func nesting(data []byte) (most int) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	level := 0
	for {
		token, err := d.Token()
		if err != nil {
			return most
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			level++
		case json.Delim(']'), json.Delim('}'):
			level--
		}
		most = max(most, level)
	}
}

// Inline against the plain way: decode, replace, and compare.
func FuzzInline(f *testing.F) {
	seed(f, "sio-decode.json", func(s string) { f.Add([]byte(strings.TrimLeft(s, "0123456789-"))) })
	f.Add([]byte(`[{"num":1,"_placeholder":true},{"a":{"_placeholder":true,"num":0}}]`))
	f.Add([]byte(`{"_placeholder":true,"num":0,"x":{"_placeholder":true,"num":1}}`))
	f.Add([]byte(`{"\u005fplaceholder":true,"num":1,"num":0}`))
	f.Add([]byte(`[1e999, 2 ] `))
	f.Fuzz(func(t *testing.T, data []byte) {
		buffers := [][]byte{[]byte("zero"), {}}
		before := bytes.Clone(data)
		got, err := Inline(SocketPacket{Data: data, Buffers: buffers})
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			wantKind(t, err)
			return
		}
		if len(got) > len(data)+len(`"emVybw=="`)+len(`""`) {
			t.Fatalf("%q grew to %q", data, got)
		}
		a, err := decodeExact(got)
		if err != nil {
			t.Fatalf("%q became %q: %v", data, got, err)
		}
		b, err := decodeExact(data)
		if err != nil {
			t.Fatalf("took %q: %v", data, err)
		}
		if b = replaced(b, "emVybw==", ""); !reflect.DeepEqual(a, b) {
			t.Fatalf("%q became %q, want %v", data, got, b)
		}
	})
}

// decodeExact keeps numbers as they are: 1e999 is JSON, and no float64.
func decodeExact(data []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func replaced(v any, attachments ...string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = replaced(v[i], attachments...)
		}
	case map[string]any:
		if v["_placeholder"] == true {
			num, _ := v["num"].(json.Number).Int64()
			return attachments[num]
		}
		for k := range v {
			v[k] = replaced(v[k], attachments...)
		}
	}
	return v
}

// A sequence of frames, each a byte for its length, with the high bit of it for binary.
func FuzzAssembler(f *testing.F) {
	add := func(frames ...string) {
		var b []byte
		for _, s := range frames {
			if bin, ok := strings.CutPrefix(s, "!"); ok {
				b = append(append(b, 0x80|byte(len(bin))), bin...)
				continue
			}
			b = append(append(b, byte(len(s))), s...)
		}
		f.Add(b)
	}
	add(`2["a"]`, `51-["a",{"_placeholder":true,"num":0}]`, "!abc", `2["b"]`)
	add(twoAttachments, "!a", "!")
	add(`51-["a",{"_placeholder":true,"num":0}]`, `2["b"]`, "!a")
	add(`63-[1]`, "!"+strings.Repeat("x", 127), "!"+strings.Repeat("x", 127), "!x")
	f.Fuzz(func(t *testing.T, stream []byte) {
		lim := Limits{Attachments: 3, Bytes: 200}
		a := Assembler{Limits: lim}
		due, size := 0, 0 // what the protocol has come to
		for len(stream) > 0 {
			n, isBinary := int(stream[0]&0x7f), stream[0]&0x80 != 0
			n = min(n, len(stream)-1)
			frame := stream[1 : 1+n]
			stream = stream[1+n:]
			var p SocketPacket
			var done bool
			var err error
			if isBinary {
				p, done, err = a.AddBinary(frame)
				size += n
				if wantErr := due == 0 || size > int(lim.Bytes); wantErr != (err != nil) {
					t.Fatalf("attachment with %d due, %d bytes in all: error %v", due, size, err)
				}
				due--
			} else {
				if p, err = DecodeSocket(frame, lim); err != nil {
					wantKind(t, err)
					return // a session ends here
				}
				announced := p.Attachments
				size = len(p.Data)
				p, done, err = a.Add(p)
				if (due > 0) != (err != nil) {
					t.Fatalf("text with %d attachments due: error %v", due, err)
				}
				due = announced
			}
			if err != nil {
				wantKind(t, err)
				return
			}
			if done != (due == 0) {
				t.Fatalf("done = %v with %d attachments due", done, due)
			}
			if done && p.Type.binary() {
				if len(p.Buffers) != p.Attachments || p.Attachments > lim.Attachments {
					t.Fatalf("%d attachments, %d announced", len(p.Buffers), p.Attachments)
				}
				if _, err := Inline(p); err != nil {
					t.Fatalf("%q was checked, and then: %v", p.Data, err)
				}
			}
		}
	})
}

func wantKind(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || int(e.Kind) >= len(kindText) || e.Kind == 0 || e.Offset < 0 {
		t.Fatalf("an error of another type: %#v", err)
	}
}
