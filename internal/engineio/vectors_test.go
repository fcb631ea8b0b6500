package engineio

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"testing"
)

// The files in testdata are what engine.io-parser 5.2.3 and socket.io-parser 4.2.7 make of given
// input. Binary data stands in them as {"$bin":"hex"}. Where this package departs from them, it is
// stricter, and the reason stands in a table here.

type departure struct {
	kind Kind
	why  string
}

// stricterSocket are inputs, by their first frame, that socket.io-parser takes or waits on.
var stricterSocket = map[string]departure{
	"":                              {ErrEmpty, "a CONNECT is announced by a byte; the reference reads the missing one as 0"},
	`2`:                             {ErrNoPayload, "an event without a name can't be dispatched"},
	`3`:                             {ErrNoPayload, "an ack carries an array, even if an empty one"},
	`4`:                             {ErrNoPayload, "a refusal says why; no encoder writes this"},
	`41`:                            {ErrAckID, "nobody can acknowledge a refusal; no encoder writes an id there"},
	`51-`:                           {ErrNoPayload, "nothing in the packet could refer to the attachment"},
	`51e1-["a"]`:                    {ErrAttachmentCount, "a count is plain digits; this one asks for ten attachments"},
	`5+1-["a"]`:                     {ErrAttachmentCount, "a count is plain digits"},
	`5 1-["a"]`:                     {ErrAttachmentCount, "a count is plain digits"},
	`2[1]`:                          {ErrEventName, "events are bound by name, and a number is none: emit() of the reference writes strings"},
	`2/admin["a"]`:                  {ErrNoPayload, "without its comma all of it is namespace, so the event is missing"},
	`29007199254740993["a"]`:        {ErrAckID, "past 2^53-1 the reference answers to another id than was asked"},
	`299999999999999999999999["a"]`: {ErrAckID, "past 2^53-1 the reference answers to another id than was asked"},
	`51-["a",{"_placeholder":true,"num":0.5}]`: {ErrPlaceholder, "no attachment has this number; the reference delivers undefined"},
	`52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`: {ErrPlaceholder,
		"no encoder writes one attachment twice, and inlining it a thousand times makes gigabytes of a small packet"},
}

// stricterPayload are inputs that engine.io-parser takes.
var stricterPayload = map[string]departure{
	"b!!!!": {ErrBase64, "the reference skips what is not base64 and delivers an attachment that nobody sent"},
}

type socketVector struct {
	In      []json.RawMessage
	Out     []wirePacket
	Pending bool
	Error   string
}

type wirePacket struct {
	Type SocketType
	Nsp  string
	ID   *uint64
	Data json.RawMessage
}

func readVectors[T any](t *testing.T, file string) []T {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Vectors []json.RawMessage }
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Vectors) == 0 {
		t.Fatal("no vectors in " + file)
	}
	vectors := make([]T, len(set.Vectors))
	for i, raw := range set.Vectors {
		// Ack ids that no uint64 holds belong to inputs that are refused before the id is looked
		// at.
		if err := json.Unmarshal(raw, &vectors[i]); err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) {
			t.Fatal(err)
		}
	}
	return vectors
}

// frame gives the data of a frame in a vector: a JSON string, or {"$bin":"hex"}.
func frame(t *testing.T, raw json.RawMessage) (data []byte, isBinary bool) {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text), false
	}
	var bin struct {
		Hex *string `json:"$bin"`
	}
	if err := json.Unmarshal(raw, &bin); err != nil || bin.Hex == nil {
		t.Fatalf("neither text nor binary: %s", raw)
	}
	data, err := hex.DecodeString(*bin.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return data, true
}

func kindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return 0
}

func TestSocketDecodeVectors(t *testing.T) {
	met := map[string]bool{}
	for i, v := range readVectors[socketVector](t, "sio-decode.json") {
		t.Run(fmt.Sprint(i, string(v.In[0])), func(t *testing.T) {
			got, pending, err := receive(t, v.In)
			if text, isBinary := frame(t, v.In[0]); !isBinary {
				if d, ok := stricterSocket[string(text)]; ok {
					met[string(text)] = true
					if kindOf(err) != d.kind {
						t.Errorf("got error %v, want %v, because: %s", err, d.kind, d.why)
					}
					if v.Error != "" {
						t.Errorf("the reference refuses this too, with %q: no departure", v.Error)
					}
					return
				}
			}
			if (err != nil) != (v.Error != "") {
				t.Fatalf("got error %v, the reference has %q", err, v.Error)
			}
			if err == nil && pending != v.Pending {
				t.Errorf("pending = %v, want %v", pending, v.Pending)
			}
			if len(got) != len(v.Out) {
				t.Fatalf("got %d packets, want %d", len(got), len(v.Out))
			}
			for i, want := range v.Out {
				comparePacket(t, got[i], want)
			}
		})
	}
	if len(met) != len(stricterSocket) {
		t.Errorf("%d departures were met, %d are listed", len(met), len(stricterSocket))
	}
}

// receive is what a session does with its frames, up to the first error.
func receive(t *testing.T, frames []json.RawMessage) (got []SocketPacket, pending bool, err error) {
	var a Assembler
	for _, raw := range frames {
		var p SocketPacket
		var done bool
		if b, isBinary := frame(t, raw); isBinary {
			p, done, err = a.AddBinary(b)
		} else if p, err = DecodeSocket(b, DefaultLimits); err == nil {
			p, done, err = a.Add(p)
		}
		if err != nil {
			return got, false, err
		}
		if pending = !done; done {
			got = append(got, p)
		}
	}
	return got, pending, nil
}

func comparePacket(t *testing.T, got SocketPacket, want wirePacket) {
	t.Helper()
	// The reference renames a binary packet once its attachments are in their places.
	plain := map[SocketType]SocketType{BinaryEvent: Event, BinaryAck: Ack}
	typ, ok := plain[got.Type]
	if !ok {
		typ = got.Type
	}
	if typ != want.Type || got.Namespace != want.Nsp {
		t.Errorf("got %v in %s, want %v in %s", typ, got.Namespace, want.Type, want.Nsp)
	}
	if got.HasID != (want.ID != nil) || got.HasID && got.ID != *want.ID {
		t.Errorf("got ack id %v %d, want %v", got.HasID, got.ID, want.ID)
	}
	if want.Data == nil || got.Data == nil {
		if (want.Data == nil) != (got.Data == nil) {
			t.Errorf("got data %s, want %s", got.Data, want.Data)
		}
		return
	}
	data := got.Data
	if got.Type.binary() {
		var err error
		if data, err = Inline(got); err != nil {
			t.Fatal(err)
		}
	}
	var a, b any
	if err := json.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want.Data, &b); err != nil {
		t.Fatal(err)
	}
	if b = inlined(t, b); !reflect.DeepEqual(a, b) {
		t.Errorf("got %v, want %v", a, b)
	}
}

// inlined replaces {"$bin":"hex"} within v by what Inline makes of an attachment.
func inlined(t *testing.T, v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = inlined(t, v[i])
		}
	case map[string]any:
		if text, ok := v["$bin"].(string); ok {
			b, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(b)
			var s any
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			return s
		}
		for k := range v {
			v[k] = inlined(t, v[k])
		}
	}
	return v
}

var binObject = regexp.MustCompile(`\{"\$bin":"([0-9a-f]*)"\}`)

func TestSocketEncodeVectors(t *testing.T) {
	type vector struct {
		Packet wirePacket
		Out    []json.RawMessage
	}
	for i, v := range readVectors[vector](t, "sio-encode.json") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			p := SocketPacket{Type: v.Packet.Type, Namespace: v.Packet.Nsp}
			if v.Packet.ID != nil {
				p.ID, p.HasID = *v.Packet.ID, true
			}
			var compact bytes.Buffer
			if v.Packet.Data != nil {
				if err := json.Compact(&compact, v.Packet.Data); err != nil {
					t.Fatal(err)
				}
				p.Data = binObject.ReplaceAllFunc(compact.Bytes(), func(m []byte) []byte {
					b, _ := frame(t, m)
					p.Buffers = append(p.Buffers, b)
					return fmt.Appendf(nil, `{"_placeholder":true,"num":%d}`, len(p.Buffers)-1)
				})
			}
			if p.Buffers != nil {
				p.Type = map[SocketType]SocketType{Event: BinaryEvent, Ack: BinaryAck}[p.Type]
			}
			want, _ := frame(t, v.Out[0])
			if got := AppendSocket(nil, p); !bytes.Equal(got, want) {
				t.Errorf("got %s, want %s", got, want)
			}
			if len(p.Buffers) != len(v.Out)-1 {
				t.Fatalf("got %d attachments, want %d", len(p.Buffers), len(v.Out)-1)
			}
			for i, b := range p.Buffers {
				if want, _ := frame(t, v.Out[i+1]); !bytes.Equal(b, want) {
					t.Errorf("attachment %d is %x, want %x", i, b, want)
				}
			}
			// And back: what was written is read as the packet that it was.
			got, _, err := receive(t, v.Out)
			if err != nil || len(got) != 1 {
				t.Fatalf("read back as %d packets, error %v", len(got), err)
			}
			comparePacket(t, got[0], v.Packet)
		})
	}
}

func TestPayloadVectors(t *testing.T) {
	type vector struct {
		In  string
		Out []struct {
			Type string
			Data json.RawMessage
		}
	}
	// The reference reads these, and writes them with padding.
	unpadded := map[string]string{"bAQ": "bAQ=="}
	met := 0
	for _, v := range readVectors[vector](t, "eio-payload.json") {
		t.Run(v.In, func(t *testing.T) {
			got, err := DecodePayload([]byte(v.In), 0)
			if d, ok := stricterPayload[v.In]; ok {
				met++
				if kindOf(err) != d.kind {
					t.Errorf("got error %v, want %v, because: %s", err, d.kind, d.why)
				}
				return
			}
			// The reference delivers what stood before a bad packet. Here one bad packet refuses
			// the body: the session ends either way, and whoever sent the body can't be told how
			// much of it counted.
			if v.Out[len(v.Out)-1].Type == "error" {
				if err == nil || got != nil {
					t.Errorf("got %v, error %v; want an error alone", got, err)
				}
				return
			}
			if err != nil || len(got) != len(v.Out) {
				t.Fatalf("got %d packets, error %v, want %d", len(got), err, len(v.Out))
			}
			for i, want := range v.Out {
				var data []byte
				var isBinary bool
				if want.Data != nil {
					data, isBinary = frame(t, want.Data)
				}
				if got[i].Type.String() != want.Type || got[i].Binary != isBinary || !bytes.Equal(got[i].Data, data) {
					t.Errorf("packet %d: got %v binary=%v %q, want %s %q", i, got[i].Type, got[i].Binary, got[i].Data, want.Type, data)
				}
			}
			text := v.In
			if padded, ok := unpadded[text]; ok {
				text = padded
			}
			if back := AppendPayload(nil, got...); string(back) != text {
				t.Errorf("written as %q, want %q", back, text)
			}
		})
	}
	if met != len(stricterPayload) {
		t.Errorf("%d departures were met, %d are listed", met, len(stricterPayload))
	}
}
