package rtx

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// envelopes are the forms that the service has, and near misses of the one that the scanner knows.
var envelopes = []string{
	`["server-event",{"channel":"a","event":"e","data":{"n":1}}]`,
	`["server-event",{"channel":"a","event":"e","data":{"n":1}},"0a.1"]`,
	`["server-event",{"channel":"a","event":"e","data":"},\"x"},"0a.1"]`,
	`["server-event",{"channel":"a","event":"e","data":1},"x","0a.1"]`,
	`["server-event",{"channel":"a","event":"e","data":1},{"more":[]}]`,
	`["server-event",{"channel":"a","event":"e","data":1,"channel":"b"}]`,
	`["server-event",{"channel":"a","event":"e","data":1,"data":2}]`,
	`["server-event",{"channel":"a","event":"e","data":[1,"}]"]}]`,
	`["server-event",{"channel":"a","event":"e","data":"}]"}]`,
	`["server-event",{"channel":"a","event":"e","data":}]`,
	`["server-event",{"channel":"a","event":"e","data":nope}]`,
	`["server-event",{"channel":"a","event":"e","data": 1 }]`,
	`["server-event",{"channel":"","event":"","data":null}]`,
	`["server-event",{"channel":"\u0061","event":"e","data":1}]`,
	"[\"server-event\",{\"channel\":\"\xff\",\"event\":\"e\",\"data\":1}]",
	"[\"server-event\",{\"channel\":\"a\",\"event\":\"e\",\"data\":\"\xff\"}]",
	"[\"server-event\",{\"channel\":\"a\",\"event\":\"e\",\"data\":1},\"\xff\"]",
	`["server-event",{"event":"e","channel":"a","data":1}]`,
	`["server-event",{"channel":"a","event":"e"}]`,
	`["server-event"]`,
	`["server-event",{"channel":"a","event":"e","data":{]}]`,
	`["server-event",{"channel":"a","event":"e","data":[}},"data":1}]`,
	`["server-event",{"channel":"a","event":"e","data":[},"data":1}]`,
	`["server-event",{"channel":"a","x":[},"event":"e","data":1}]`,
	`["server-event",{"channel":"a","event":"e","data":1},{]},"0a.1"]`,
	`["server-event",{"channel":"a","event":"e","data":01}]`,
	`["server-event",{"channel":"a","event":"e","data":"\ud83d"}]`,
	`["server-event",{"channel":"\ud83d","event":"\ude00\ud83d\ude00","data":1},"\ud83d"]`,
	`["server-event",{"channel":null,"event":"e"},{}]`,
	`["server-event",{"d\u0061ta":1,"event":"e","event":2,"channel":"a"}]`,
	`["\u0073erver-event",{"channel":"a","event":"e","data":1}]`,
	`["\ud83d",{"channel":"a"}]`,
	`["x"]`, `["x",{"channel":"a"},"0a.1"]`, `["x",{]}]`, `["x",{"channel":[}},"y"]`,
	`[5]`, `[]`, `[null,1,"0a.1"]`, `[{"a":1}]`, `["connect",{}]`, `[5,{]}]`, `["a`, `{}`, `["a"]x`,
	`["realtimex:pong",{}]`,
	`["presence:member_added",{"channel":"presence-a","user_id":1}]`,
}

// A reading is what JSON.parse makes of an event, by encoding/json.
type reading struct {
	known          bool
	channel, event string
	payload        string // without the space around it
	offset         string
	topmost        bool
}

func read(t *testing.T, data []byte, withOffset bool) (r reading) {
	var elements []json.RawMessage
	if json.Unmarshal(data, &elements) != nil || elements == nil {
		t.Fatalf("%q is no array", data)
	}
	var name string
	if len(elements) == 0 || elements[0][0] != '"' || json.Unmarshal(elements[0], &name) != nil {
		name = "\x00none"
	}
	if n := len(elements); withOffset && n > 2 && elements[n-1][0] == '"' {
		json.Unmarshal(elements[n-1], &r.offset)
		if len(r.offset) > maxOffset {
			r.offset = ""
		}
	}
	first := json.RawMessage("null")
	if len(elements) > 1 {
		first = elements[1]
	}
	var members map[string]json.RawMessage
	json.Unmarshal(first, &members)
	text := func(key string) (s string, ok bool) {
		v := members[key]
		return s, v == nil || string(v) == "null" || v[0] == '"' && json.Unmarshal(v, &s) == nil
	}
	channel, channelOK := text("channel")
	if name != evServer {
		return reading{known: name != "\x00none", channel: channel, event: name, payload: string(first), offset: r.offset, topmost: true}
	}
	event, eventOK := text("event")
	if event == "" && (members["event"] == nil || string(members["event"]) == "null") {
		eventOK = false
	}
	r.known, r.channel, r.event, r.payload = channelOK && eventOK && members != nil, channel, event, "null"
	if data := members["data"]; data != nil {
		r.payload = string(data)
	}
	return r
}

// Both ways of reading an event give what encoding/json reads, to any depth, or they give no
// payload; and what is no JSON at all never gives one. So a cut in the wrong place delivers nothing
// that was not sent.
func FuzzEnvelope(f *testing.F) {
	for _, e := range envelopes {
		f.Add([]byte(e), false)
		f.Add([]byte(e), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, withOffset bool) {
		before := bytes.Clone(data)
		full, err := parseEnvelope(data, withOffset)
		cut, scanned := scanEnvelope(data, withOffset)
		if !bytes.Equal(data, before) {
			t.Fatal("the frame was changed")
		}
		scanned = scanned && validJSON(cut.payload)
		if !validJSON(data) || len(data) > 9000 { // deeper than encoding/json goes, perhaps
			if err == nil && full.payload != nil && len(data) <= 9000 || scanned && len(data) <= 9000 {
				t.Fatalf("%q is no JSON, and gives %q, %q", data, full.payload, cut.payload)
			}
			return
		}
		if data = bytes.TrimLeft(data, " \t\r\n"); data[0] != '[' {
			if err == nil || errors.Is(err, errNoEnvelope) || scanned {
				t.Fatalf("%q is taken", data)
			}
			return
		}
		want := read(t, data, withOffset)
		if err != nil && !errors.Is(err, errNoEnvelope) || (err == nil) != want.known || scanned && !want.known {
			t.Fatalf("%q: error %v, scanned %v, want known = %v", data, err, scanned, want.known)
		}
		if string(full.offset) != want.offset {
			t.Errorf("%q: offset %q, want %q", data, full.offset, want.offset)
		}
		for e, taken := range map[*envelope]bool{&full: err == nil, &cut: scanned} {
			got := reading{
				known: true, channel: string(e.channel), event: string(e.event), payload: string(bytes.TrimSpace(e.payload)),
				offset: string(e.offset), topmost: e.topmost,
			}
			if taken && got != want {
				t.Errorf("%q: %+v, want %+v", data, got, want)
			}
		}
	})
}

// The scanner takes the ordinary form, or the test above shows nothing.
func TestScannerTakesTheOrdinaryForm(t *testing.T) {
	for frame, offset := range map[string]string{envelopes[0]: "", envelopes[1]: "0a.1"} {
		e, ok := scanEnvelope([]byte(frame), true)
		if !ok || string(e.channel) != "a" || string(e.event) != "e" || string(e.payload) != `{"n":1}` || string(e.offset) != offset {
			t.Errorf("%s: %v %q %q %q %q", frame, ok, e.channel, e.event, e.payload, e.offset)
		}
	}
}

// What is not JSON is found by its ends: the event keeps its names, and has no payload. Between the
// values JSON is a must.
func TestBrokenPayloadHasEnds(t *testing.T) {
	for frame, want := range map[string]string{
		`["server-event",{"channel":"a","event":"e","data":{]}]`:               "e of a",
		`["server-event",{"data":[1,2,],"event":"e","channel":"a"}]`:           "e of a",
		`["server-event",{"data":nope,"event":"e","channel":"a"},"0a.1"]`:      "e of a, no recovery",
		`["server-event",{"data":"\x","event":"e","channel":"a"}]`:             "e of a",
		`["server-event",{"data":{"a":"}],","b":],"event":"e","channel":"a"}]`: "e of a",
		`["server-event",{"data":[},"data":1,"event":"e","channel":"a"}]`:      "e of a",
		`["server-event",{"data":1,"x":nope,"event":"e","channel":"a"}]`:       "e of a",
		`["server-event",{"data":1,"event":"e","channel":"a"},nope,1]`:         "e of a, no recovery",
		`["x",{"channel":"a",}]`: "x of ",
		`["x",nope]`:             "x of ",
		`["server-event",{"channel":"a","event":"e","data":}]`:                  "",
		`["server-event",{"channel":"a","event":"e","data":{}]}`:                "",
		`["server-event",{"channel":"a","event":"e","data":{}}`:                 "",
		`["server-event",{"channel":"a" "event":"e","data":{}}]`:                "",
		`["server-event",{"channel":"a\x","event":"e","data":{}}]`:              "",
		`["server-event",{"channel":"a","event":"e","data":{"a":1}}] more`:      "",
		`["server-event",{"channel":"a","event":"e","da\xta":{"a":1}}]`:         "",
		`["server-event",{"channel":"a","event":"e","data":"without an end}]`:   "",
		`["server-event",{"channel":"a","event":"e","data":[[[[[[[[[[[[[[[[}}]`: "",
	} {
		e, err := parseEnvelope([]byte(frame), true)
		got := ""
		if err == nil {
			got = string(e.event) + " of " + string(e.channel)
			if e.payload != nil {
				got += ": " + string(e.payload)
			}
			if e.offset != nil {
				got += ", no recovery"
			}
		}
		if got != want || errors.Is(err, errNoEnvelope) {
			t.Errorf("%s: %q, error %v, want %q", frame, got, err, want)
		}
	}
}

// An offset of more than 1 KiB is not taken, nor is the one before it kept, from which the event
// would come a second time: there is no recovery until an event with another offset has come.
func TestOffsetIsBounded(t *testing.T) {
	wrapped := func(offset string) string {
		return `["server-event",{"channel":"a","event":"e","data":1},"` + offset + `"]`
	}
	for name, form := range map[string]func(string) string{
		"as scanned": wrapped,
		"in full":    func(o string) string { return strings.Replace(wrapped(o), `{`, ` {`, 1) },
		"escaped":    func(o string) string { return wrapped(`\u006f` + o[1:]) },
		"of its own": func(o string) string { return `["x",{},"` + o + `"]` },
		"unknown":    func(o string) string { return `[5,{},"` + o + `"]` },
	} {
		var r recovery
		r.up(transport.Info{PID: "p"})
		take := func(offset string) string {
			e, ok := scanEnvelope([]byte(form(offset)), true)
			if !ok {
				var err error
				if e, err = parseEnvelope([]byte(form(offset)), true); err != nil && !errors.Is(err, errNoEnvelope) {
					t.Fatal(err)
				}
			}
			r.take(e.offset)
			return r.resume(true).Offset
		}
		longest := strings.Repeat("o", maxOffset)
		if got := take(longest); got != longest {
			t.Errorf("%s: an offset of %d bytes is kept as one of %d", name, maxOffset, len(got))
		}
		if got := take(longest + "o"); got != "" {
			t.Errorf("%s: an offset of %d bytes is kept as one of %d", name, maxOffset+1, len(got))
		}
		if got := take(strings.Repeat("o", 2<<20)); got != "" {
			t.Errorf("%s: an offset of 2 MiB is kept as one of %d", name, len(got))
		}
		if got := take("o1"); got != "o1" {
			t.Errorf("%s: after it, %q", name, got)
		}
	}
}
