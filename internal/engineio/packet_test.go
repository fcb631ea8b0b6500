package engineio

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestPacket(t *testing.T) {
	for i, name := range []string{"open", "close", "ping", "pong", "message", "upgrade", "noop"} {
		text := fmt.Sprintf("%ddata", i)
		p, err := DecodePacket([]byte(text))
		if err != nil || p.Type != PacketType(i) || p.Type.String() != name || p.Binary || string(p.Data) != "data" {
			t.Errorf("%s: got %v, error %v", text, p, err)
		}
		if got := string(AppendPacket([]byte("x"), p)); got != "x"+text {
			t.Errorf("%s: written as %s", text, got)
		}
		if p, err := DecodePacket([]byte(text[:1])); err != nil || len(p.Data) != 0 {
			t.Errorf("%s: got %v, error %v", text[:1], p, err)
		}
	}
	if got := AppendPacket(nil, Packet{Type: Message, Binary: true, Data: []byte{1, 2}}); !bytes.Equal(got, []byte{1, 2}) {
		t.Errorf("a binary frame has %v", got)
	}
	for _, c := range []struct {
		in   string
		want Kind
	}{{"", ErrEmpty}, {"7", ErrPacketType}, {"/", ErrPacketType}, {"bAQID", ErrPacketType}, {"\x04", ErrPacketType}, {"\xff", ErrPacketType}} {
		if _, err := DecodePacket([]byte(c.in)); !errors.Is(err, c.want) {
			t.Errorf("%q: error %v, want %v", c.in, err, c.want)
		}
	}
}

func TestPayload(t *testing.T) {
	packets := []Packet{
		{Type: Message, Data: []byte(`2["é"]`)},
		{Type: Message, Binary: true, Data: []byte{0, 0x1e, 0xff, 0xfe}},
		{Type: Ping, Data: []byte{}},
		{Type: Message, Binary: true, Data: []byte{}},
	}
	const text = "42[\"é\"]\x1ebAB7//g==\x1e2\x1eb"
	if got := string(AppendPayload(nil, packets...)); got != text {
		t.Errorf("written as %q", got)
	}
	got, err := DecodePayload([]byte(text), 4)
	if err != nil || !reflect.DeepEqual(got, packets) {
		t.Errorf("got %v, error %v", got, err)
	}
	if got := AppendPayload(nil); len(got) != 0 {
		t.Errorf("no packets are %q", got)
	}
}

func TestPayloadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, in string
		most     int
		want     Kind
	}{
		{"nothing", "", 0, ErrEmpty},
		{"an empty packet", "4a\x1e\x1e4b", 0, ErrEmpty},
		{"a separator at the end", "4a\x1e", 0, ErrEmpty},
		{"an unknown type", "4a\x1e7hidden", 0, ErrPacketType},
		{"HTML", "<html>hidden", 0, ErrPacketType},
		{"one packet too many", "4a\x1e4b\x1e4c", 2, ErrTooManyPackets},
		{"more packets than the default", strings.Repeat("2\x1e", DefaultMaxPackets) + "2", 0, ErrTooManyPackets},
		{"foreign characters", "bAQ*D", 0, ErrBase64},
		{"the URL alphabet", "b__-_", 0, ErrBase64},
		{"a line break", "bAQ\nID", 0, ErrBase64},
		{"one character", "bA", 0, ErrBase64},
		{"padding alone", "b====", 0, ErrBase64},
		{"padding within", "bAQ==AQ==", 0, ErrBase64},
		{"half the padding", "bAQ=", 0, ErrBase64},
		{"text after padding", "bAQ==hidden", 0, ErrBase64},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodePayload([]byte(c.in), c.most)
			if !errors.Is(err, c.want) || got != nil {
				t.Errorf("got %v, error %v, want %v", got, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error shows what was sent: %v", err)
			}
		})
	}
	if got, err := DecodePayload([]byte(strings.Repeat("2\x1e", DefaultMaxPackets-1)+"2"), 0); err != nil || len(got) != DefaultMaxPackets {
		t.Errorf("exactly the default: %d packets, error %v", len(got), err)
	}
}

// Every kind has words, and they are its own.
func TestErrorTexts(t *testing.T) {
	seen := map[string]Kind{}
	for k := ErrEmpty; k <= ErrAttachmentNotDue; k++ {
		text := k.Error()
		if other, ok := seen[text]; ok || text == "" || strings.HasPrefix(text, "unknown fault") {
			t.Errorf("kind %d reads %q, as does kind %d", k, text, other)
		}
		seen[text] = k
	}
	if got := Kind(200).Error(); got != "unknown fault 200" {
		t.Error(got)
	}
	err := &Error{Kind: ErrHandshake, Offset: 7, Detail: "sid"}
	if got := err.Error(); got != "engineio: bad handshake: sid at byte 7" {
		t.Error(got)
	}
}
