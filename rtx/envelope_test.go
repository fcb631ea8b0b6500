package rtx

import (
	"bytes"
	"testing"
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
	`["realtimex:pong",{}]`,
	`["presence:member_added",{"channel":"presence-a","user_id":1}]`,
}

// What the scanner cuts out of a frame is what the full parse reads, or it is not taken for JSON: then the full parse
// is asked.
func FuzzEnvelope(f *testing.F) {
	for _, e := range envelopes {
		f.Add([]byte(e), false)
		f.Add([]byte(e), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, withOffset bool) {
		before := bytes.Clone(data)
		full, err := parseEnvelope(data, withOffset)
		cut, ok := scanEnvelope(data, withOffset)
		if !bytes.Equal(data, before) {
			t.Fatal("the frame was changed")
		}
		if !ok || !validJSON(cut.payload) {
			return
		}
		if err != nil {
			t.Fatalf("the scanner takes what is refused: %v", err)
		}
		if full.topmost || !bytes.Equal(cut.channel, full.channel) || !bytes.Equal(cut.event, full.event) {
			t.Errorf("%q of %q, fully parsed %q of %q", cut.event, cut.channel, full.event, full.channel)
		}
		if !bytes.Equal(bytes.TrimSpace(cut.payload), bytes.TrimSpace(full.payload)) {
			t.Errorf("payload %q, fully parsed %q", cut.payload, full.payload)
		}
		if string(cut.offset) != string(full.offset) {
			t.Errorf("offset %q, fully parsed %q", cut.offset, full.offset)
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
