package engineio

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func mustDecode(t *testing.T, text string) SocketPacket {
	t.Helper()
	p, err := DecodeSocket([]byte(text), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const twoAttachments = `52-/admin,3["a",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]`

func TestAssembler(t *testing.T) {
	var a Assembler
	for range 2 { // it is as new after a packet
		p, done, err := a.Add(mustDecode(t, `2["a"]`))
		if err != nil || !done || string(p.Data) != `["a"]` {
			t.Fatalf("text event: %v, done %v, error %v", p, done, err)
		}
		if _, done, err := a.Add(mustDecode(t, twoAttachments)); err != nil || done {
			t.Fatalf("binary event: done %v, error %v", done, err)
		}
		if _, done, err := a.AddBinary([]byte{1}); err != nil || done {
			t.Fatalf("first attachment: done %v, error %v", done, err)
		}
		p, done, err = a.AddBinary(nil)
		if err != nil || !done {
			t.Fatalf("second attachment: done %v, error %v", done, err)
		}
		if p.Type != BinaryEvent || p.Namespace != "/admin" || !p.HasID || p.ID != 3 || p.Attachments != 2 {
			t.Errorf("the header was lost: %+v", p)
		}
		if len(p.Buffers) != 2 || !bytes.Equal(p.Buffers[0], []byte{1}) || len(p.Buffers[1]) != 0 {
			t.Errorf("attachments are %v", p.Buffers)
		}
		if got := string(AppendSocket(nil, p)); got != twoAttachments {
			t.Errorf("written again as %s", got)
		}
	}
}

// The reader of a session has one buffer for all its frames.
func TestAssemblerCopies(t *testing.T) {
	var a Assembler
	frame := []byte(`51-["a",{"_placeholder":true,"num":0}]`)
	p, err := DecodeSocket(frame, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Add(p); err != nil {
		t.Fatal(err)
	}
	clear(frame)
	bin := []byte{1, 2, 3}
	p, done, err := a.AddBinary(bin)
	if err != nil || !done {
		t.Fatal(done, err)
	}
	clear(bin)
	if string(p.Data) != `["a",{"_placeholder":true,"num":0}]` || !bytes.Equal(p.Buffers[0], []byte{1, 2, 3}) {
		t.Errorf("got %s and %v", p.Data, p.Buffers)
	}
}

func TestAssemblerOutOfStep(t *testing.T) {
	const one = `51-["a",{"_placeholder":true,"num":0}]`
	for _, c := range []struct {
		name   string
		lim    Limits
		frames []string // a binary one begins with '!'
		want   Kind
	}{
		{"text where an attachment is due", Limits{}, []string{one, `2["b"]`}, ErrAttachmentDue},
		{"text after the first of two", Limits{}, []string{twoAttachments, "!x", `2["b"]`}, ErrAttachmentDue},
		{"binary event where an attachment is due", Limits{}, []string{one, one}, ErrAttachmentDue},
		{"attachment where none is due", Limits{}, []string{"!x"}, ErrAttachmentNotDue},
		{"attachment after a text event", Limits{}, []string{`2["a"]`, "!x"}, ErrAttachmentNotDue},
		{"one attachment too many", Limits{}, []string{one, "!x", "!x"}, ErrAttachmentNotDue},
		{"JSON over the limit", Limits{Bytes: 10}, []string{one}, ErrTooLarge},
		{"attachment over the limit", Limits{Bytes: 100}, []string{one, "!" + strings.Repeat("x", 100)}, ErrTooLarge},
		{"attachments over the limit together", Limits{Bytes: 150},
			[]string{twoAttachments, "!" + strings.Repeat("x", 50), "!" + strings.Repeat("x", 50)}, ErrTooLarge},
		{"more than this assembler takes", Limits{Attachments: 1}, []string{twoAttachments}, ErrManyAttachments},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := Assembler{Limits: c.lim}
			for i, f := range c.frames {
				var err error
				if bin, ok := strings.CutPrefix(f, "!"); ok {
					_, _, err = a.AddBinary([]byte(bin))
				} else {
					_, _, err = a.Add(mustDecode(t, f))
				}
				if last := i == len(c.frames)-1; !last && err != nil || last && !errors.Is(err, c.want) {
					t.Fatalf("frame %d: error %v, want %v after the last", i, err, c.want)
				}
			}
			if _, done, err := a.Add(SocketPacket{Type: Disconnect}); err != nil || !done {
				t.Errorf("something is left after the error: done %v, error %v", done, err)
			}
		})
	}
	t.Run("one byte over the limit", func(t *testing.T) {
		p := mustDecode(t, one)
		a := Assembler{Limits: Limits{Bytes: int64(len(p.Data)) + 5}}
		if _, _, err := a.Add(p); err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.AddBinary([]byte("123456")); !errors.Is(err, ErrTooLarge) {
			t.Error(err)
		}
	})
	t.Run("exactly the limit", func(t *testing.T) {
		p := mustDecode(t, one)
		a := Assembler{Limits: Limits{Bytes: int64(len(p.Data)) + 5}}
		if _, _, err := a.Add(p); err != nil {
			t.Fatal(err)
		}
		if _, done, err := a.AddBinary([]byte("12345")); err != nil || !done {
			t.Error(done, err)
		}
	})
	t.Run("a count that no header can have", func(t *testing.T) {
		for n, want := range map[int]Kind{-1: ErrAttachmentCount, 0: ErrAttachmentCount, 11: ErrManyAttachments} {
			if _, _, err := new(Assembler).Add(SocketPacket{Type: BinaryEvent, Attachments: n}); !errors.Is(err, want) {
				t.Errorf("%d attachments: error %v", n, err)
			}
		}
	})
}

func TestInline(t *testing.T) {
	buffers := [][]byte{{1, 2, 3}, {}, []byte("hello")}
	for _, c := range []struct{ in, want string }{
		{`["a",1]`, `["a",1]`},
		{`["a",{"_placeholder":true,"num":0}]`, `["a","AQID"]`},
		{`["a", { "num" : 1 , "_placeholder" : true } , 2]`, `["a", "" , 2]`},
		{`["a",{"x":[{"_placeholder":true,"num":2}]},{"_placeholder":true,"num":0}]`, `["a",{"x":["aGVsbG8="]},"AQID"]`},
		{`{"_placeholder":true,"num":0}`, `"AQID"`},
		{`["a",{"_placeholder":1,"num":0}]`, `["a",{"_placeholder":1,"num":0}]`},
		{`["a","{\"_placeholder\":true,\"num\":0}"]`, `["a","{\"_placeholder\":true,\"num\":0}"]`},
		// As in the reference, what is within a placeholder goes with it.
		{`["a",{"x":{"_placeholder":true,"num":1},"_placeholder":true,"num":0},{"_placeholder":true,"num":2}]`, `["a","AQID","aGVsbG8="]`},
	} {
		got, err := Inline(SocketPacket{Data: []byte(c.in), Buffers: buffers})
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, error %v, want %s", c.in, got, err, c.want)
		}
	}
	for _, c := range []struct {
		in   string
		want Kind
	}{
		{``, ErrNoPayload},
		{`["a",`, ErrJSON},
		{"[\"\xff\"]", ErrUTF8},
		{strings.Repeat("[", 100_000), ErrJSON},
		{`[{"_placeholder":true,"num":{"num":0}}]`, ErrPlaceholder},
		{`[{"_placeholder":true,"num":01}]`, ErrJSON},
		{`[{"_placeholder":true,"num":3}]`, ErrPlaceholder},
		{`[{"_placeholder":true,"num":-1}]`, ErrPlaceholder},
		{`[{"_placeholder":true,"num":0.5}]`, ErrPlaceholder},
		{`[{"_placeholder":true,"num":"0"}]`, ErrPlaceholder},
		{`[{"_placeholder":true}]`, ErrPlaceholder},
		{`[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`, ErrPlaceholder},
	} {
		if got, err := Inline(SocketPacket{Data: []byte(c.in), Buffers: buffers}); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%.40s: got %s, error %v, want %v", c.in, got, err, c.want)
		}
	}
	if _, err := Inline(SocketPacket{Data: []byte(`[{"_placeholder":true,"num":0}]`)}); !errors.Is(err, ErrPlaceholder) {
		t.Errorf("no attachments at all: error %v", err)
	}
}

// What Inline writes is what encoding/json reads into a []byte.
func TestInlineReadsAsBytes(t *testing.T) {
	b := make([]byte, 1000)
	for i := range b {
		b[i] = byte(i)
	}
	text, err := Inline(SocketPacket{Data: []byte(`{"file":{"_placeholder":true,"num":0}}`), Buffers: [][]byte{b}})
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ File []byte }
	if err := json.Unmarshal(text, &v); err != nil || !bytes.Equal(v.File, b) {
		t.Errorf("read %d bytes, error %v", len(v.File), err)
	}
}

// A placeholder is found however deep it is, and what stands around it however deep that is.
func TestInlineAtAnyDepth(t *testing.T) {
	const depth = 100_000
	for _, shape := range [][2]string{{"[", "]"}, {`{"k":`, "}"}, {`[0,{"k":[],"l":`, "}]"}} {
		head, tail := strings.Repeat(shape[0], depth), strings.Repeat(shape[1], depth)
		p := SocketPacket{Type: BinaryEvent, Attachments: 1, Buffers: [][]byte{[]byte("hello")}}
		p.Data = []byte(`["a",` + head + `{"num":0,"_placeholder":true}` + tail + `]`)
		if err := CheckData(p, Limits{}); err != nil {
			t.Errorf("%s: %v", shape[0], err)
		}
		if got, err := Inline(p); err != nil || string(got) != `["a",`+head+`"aGVsbG8="`+tail+`]` {
			t.Errorf("%s: %d bytes, error %v", shape[0], len(got), err)
		}
	}
}
