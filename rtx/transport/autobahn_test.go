package transport

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The cases of the Autobahn test suite's list, as far as they concern what a client reads: what comes,
// which messages it holds, how it ends, and what is written back. The numbers are those of the list.
// Cases 12 and 13 are about compression, which is not negotiated, so that they are case 3.
func TestAutobahnCases(t *testing.T) {
	type wires = [][]byte
	f, text := framed, plainFrame
	sized := func(n int) string { return strings.Repeat("*", n) }
	const (
		lost    = "lost" // no end of the WebSocket: the connection ends after the case
		bad     = "bad frame"
		notUTF8 = "not UTF-8"
		refused = `88 "\x03\xea"` // close, 1002
	)
	tests := []struct {
		id      string
		wire    wires
		want    []string // messages
		end     string
		written []string // frames, or their beginnings
	}{
		{"1.1.1", wires{text("")}, []string{""}, lost, nil},
		{"1.1.2", wires{text(sized(125))}, []string{sized(125)}, lost, nil},
		{"1.1.3", wires{text(sized(126))}, []string{sized(126)}, lost, nil},
		{"1.1.4", wires{text(sized(127))}, []string{sized(127)}, lost, nil},
		{"1.1.5", wires{text(sized(128))}, []string{sized(128)}, lost, nil},
		{"1.1.6", wires{text(sized(65535))}, []string{sized(65535)}, lost, nil},
		{"1.1.7", wires{text(sized(65536))}, []string{sized(65536)}, lost, nil},
		{"1.2.1", wires{f(0x82, "")}, []string{""}, lost, nil},
		{"1.2.2", wires{f(0x82, "\xfe"+sized(124))}, []string{"\xfe" + sized(124)}, lost, nil},
		{"1.2.3", wires{f(0x82, "\xfe"+sized(125))}, []string{"\xfe" + sized(125)}, lost, nil},
		{"1.2.6", wires{f(0x82, "\xfe"+sized(65534))}, []string{"\xfe" + sized(65534)}, lost, nil},
		{"1.2.7", wires{f(0x82, "\xfe"+sized(65535))}, []string{"\xfe" + sized(65535)}, lost, nil},

		{"2.1", wires{f(0x89, "")}, nil, lost, []string{`8a ""`}},
		{"2.2", wires{f(0x89, "Hello")}, nil, lost, []string{`8a "Hello"`}},
		{"2.3", wires{f(0x89, "\x00\xff\xfe")}, nil, lost, []string{`8a "\x00\xff\xfe"`}},
		{"2.4", wires{f(0x89, sized(125))}, nil, lost, []string{fmt.Sprintf("8a %q", sized(125))}},
		{"2.5", wires{f(0x89, sized(126))}, nil, bad, []string{refused}},
		{"2.7", wires{f(0x8a, ""), text("x")}, []string{"x"}, lost, nil},
		{"2.8", wires{f(0x8a, "unasked"), text("x")}, []string{"x"}, lost, nil},
		{"2.9", wires{f(0x8a, "unasked"), f(0x89, "p")}, nil, lost, []string{`8a "p"`}},
		{"2.10", wires{f(0x89, "1"), f(0x89, "2"), f(0x89, "3")}, nil, lost, []string{`8a "1"`, `8a "2"`, `8a "3"`}},

		{"3.1", wires{f(0x91, "x")}, nil, bad, []string{refused}},
		{"3.2", wires{text("one"), f(0xa1, "x"), f(0x89, "")}, []string{"one"}, bad, []string{refused}},
		{"3.3", wires{text("one"), f(0xb1, "x")}, []string{"one"}, bad, []string{refused}},
		{"3.4", wires{text("one"), f(0xc1, "x")}, []string{"one"}, bad, []string{refused}},
		{"3.5", wires{f(0xd2, "x")}, nil, bad, []string{refused}},
		{"3.6", wires{f(0xe9, "x")}, nil, bad, []string{refused}},
		{"3.7", wires{f(0xf8, "")}, nil, bad, []string{refused}},

		{"4.1.1", wires{f(0x83, "")}, nil, bad, []string{refused}},
		{"4.1.2", wires{f(0x84, "x")}, nil, bad, []string{refused}},
		{"4.1.3", wires{text("one"), f(0x85, ""), f(0x89, "")}, []string{"one"}, bad, []string{refused}},
		{"4.1.4", wires{text("one"), f(0x86, "x"), f(0x89, "")}, []string{"one"}, bad, []string{refused}},
		{"4.1.5", wires{text("one"), f(0x87, ""), f(0x89, "")}, []string{"one"}, bad, []string{refused}},
		{"4.2.1", wires{f(0x8b, "")}, nil, bad, []string{refused}},
		{"4.2.2", wires{f(0x8c, "x")}, nil, bad, []string{refused}},
		{"4.2.3", wires{text("one"), f(0x8d, ""), f(0x89, "")}, []string{"one"}, bad, []string{refused}},
		{"4.2.4", wires{text("one"), f(0x8e, "x"), f(0x89, "")}, []string{"one"}, bad, []string{refused}},
		{"4.2.5", wires{text("one"), f(0x8f, ""), f(0x89, "")}, []string{"one"}, bad, []string{refused}},

		{"5.1", wires{f(0x09, "a"), f(0x80, "b")}, nil, bad, []string{refused}},
		{"5.2", wires{f(0x0a, "a"), f(0x80, "b")}, nil, bad, []string{refused}},
		{"5.3", wires{f(0x01, "a"), f(0x80, "b")}, []string{"ab"}, lost, nil},
		{"5.6", wires{f(0x01, "a"), f(0x89, "p"), f(0x80, "b")}, []string{"ab"}, lost, []string{`8a "p"`}},
		{"5.9", wires{f(0x80, "a"), text("b")}, nil, bad, []string{refused}},
		{"5.12", wires{f(0x00, "a"), text("b")}, nil, bad, []string{refused}},
		{"5.15", wires{f(0x01, "a"), f(0x80, "b"), f(0x00, "c"), f(0x01, "d"), f(0x80, "e")}, []string{"ab"}, bad, []string{refused}},
		{"5.18", wires{f(0x01, "a"), f(0x81, "b")}, nil, bad, []string{refused}},
		{"5.19", wires{f(0x01, "a"), f(0x00, "b"), f(0x89, "1"), f(0x00, "c"), f(0x00, "d"), f(0x89, "2"), f(0x80, "e")},
			[]string{"abcde"}, lost, []string{`8a "1"`, `8a "2"`}},

		{"6.1.1", wires{text("")}, []string{""}, lost, nil},
		{"6.1.2", wires{f(0x01, ""), f(0x00, ""), f(0x80, "")}, []string{""}, lost, nil},
		{"6.1.3", wires{f(0x01, ""), f(0x00, "x"), f(0x80, "")}, []string{"x"}, lost, nil},
		{"6.2.1", wires{text("Hello-µ@ßöäüàá-UTF-8!!")}, []string{"Hello-µ@ßöäüàá-UTF-8!!"}, lost, nil},
		{"6.2.3", wires{f(0x01, "\xc2"), f(0x00, "\xb5\xc3"), f(0x80, "\x9f")}, []string{"µß"}, lost, nil},
		{"6.3.1", wires{text("κόσμε\xed\xa0\x80edited")}, nil, notUTF8, nil},
		{"6.3.2", wires{f(0x01, "κόσμε\xed"), f(0x00, "\xa0\x80"), f(0x80, "edited")}, nil, notUTF8, nil},
		{"6.5.1", wires{text("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5")}, []string{"\u03ba\u1f79\u03c3\u03bc\u03b5"}, lost, nil},
		{"6.5.2", wires{text("\xce\xba\xe1\xbd")}, nil, notUTF8, nil},
		{"6.7", wires{text("\x00"), text("\xc2\x80"), text("\xe0\xa0\x80"), text("\xf0\x90\x80\x80")}, []string{"\x00", "\u0080", "\u0800", "\U00010000"}, lost, nil},
		{"6.8", wires{text("\xf8\x88\x80\x80\x80")}, nil, notUTF8, nil},
		{"6.9", wires{text("\x7f"), text("\xdf\xbf"), text("\xef\xbf\xbf"), text("\xf4\x8f\xbf\xbf")}, []string{"\x7f", "\u07ff", "\uffff", "\U0010ffff"}, lost, nil},
		{"6.10", wires{text("\xf7\xbf\xbf\xbf")}, nil, notUTF8, nil},
		{"6.11", wires{text("\xed\x9f\xbf"), text("\xee\x80\x80"), text("\xef\xbf\xbd"), text("\xf4\x90\x80\x80")}, []string{"\ud7ff", "\ue000", "\ufffd"}, notUTF8, nil},
		{"6.12", wires{text("\x80")}, nil, notUTF8, nil},
		{"6.13", wires{text("\xc0 \xc1 ")}, nil, notUTF8, nil},
		{"6.14", wires{text("\xe0\x80")}, nil, notUTF8, nil},
		{"6.16", wires{text("\xfe")}, nil, notUTF8, nil},
		{"6.17", wires{text("\xc0\xaf")}, nil, notUTF8, nil},
		{"6.18", wires{text("\xc1\xbf")}, nil, notUTF8, nil},
		{"6.19", wires{text("\xe0\x80\x80")}, nil, notUTF8, nil},
		{"6.20", wires{text("\xed\xa0\x80")}, nil, notUTF8, nil},
		{"6.21", wires{text("\xed\xa0\x80\xed\xb0\x80")}, nil, notUTF8, nil},
		{"6.22", wires{text("\xef\xbf\xbe"), text("\xf0\x9f\xbf\xbf")}, []string{"\ufffe", "\U0001ffff"}, lost, nil},

		{"7.1.1", wires{text("x"), f(0x88, "\x03\xe8")}, []string{"x"}, "closed 1000", []string{`88 "\x03\xe8"`}},
		{"7.1.2", wires{f(0x88, "\x03\xe8"), f(0x88, "\x03\xe8")}, nil, "closed 1000", []string{`88 "\x03\xe8"`}},
		{"7.1.3", wires{f(0x88, "\x03\xe8"), f(0x89, "p")}, nil, "closed 1000", []string{`88 "\x03\xe8"`}},
		{"7.1.4", wires{f(0x88, "\x03\xe8"), text("x")}, nil, "closed 1000", []string{`88 "\x03\xe8"`}},
		{"7.1.5", wires{f(0x01, "a"), f(0x88, "\x03\xe8"), f(0x80, "b")}, nil, "closed 1000", []string{`88 "\x03\xe8"`}},
		{"7.3.1", wires{f(0x88, "")}, nil, "closed 1005", []string{`88 ""`}},
		{"7.3.2", wires{f(0x88, "\x03")}, nil, bad, []string{refused}},
		{"7.3.3", wires{f(0x88, "\x03\xe8")}, nil, "closed 1000", []string{`88 "\x03\xe8"`}},
		{"7.3.4", wires{f(0x88, "\x03\xe8Hello")}, nil, "closed 1000", []string{`88 "\x03\xe8Hello"`}},
		{"7.3.5", wires{f(0x88, "\x03\xe8"+sized(123))}, nil, "closed 1000", []string{`88 "\x03\xe8*`}},
		{"7.3.6", wires{f(0x88, "\x03\xe8"+sized(124))}, nil, bad, []string{refused}},
		// The list wants this one refused. The WebSocket library does not look at the reason, of which
		// CloseError shows what is printable.
		{"7.5.1", wires{f(0x88, "\x03\xe8\xce\xba\xed\xa0\x80")}, nil, "closed 1000", []string{`88 "\x03\xe8`}},
		{"7.7", wires{f(0x88, "\x03\xf3")}, nil, "closed 1011", []string{`88 "\x03\xf3"`}},
		{"7.7.10", wires{f(0x88, "\x0b\xb8")}, nil, "closed 3000", []string{`88 "\v\xb8"`}},
		{"7.7.13", wires{f(0x88, "\x13\x87")}, nil, "closed 4999", []string{`88 "\x13\x87"`}},
		{"7.9.1", wires{f(0x88, "\x00\x00")}, nil, bad, []string{refused}},
		{"7.9.2", wires{f(0x88, "\x03\xe7")}, nil, bad, []string{refused}},
		{"7.9.3", wires{f(0x88, "\x03\xec")}, nil, bad, []string{refused}},
		{"7.9.4", wires{f(0x88, "\x03\xed")}, nil, bad, []string{refused}},
		{"7.9.5", wires{f(0x88, "\x03\xee")}, nil, bad, []string{refused}},
		{"7.13.1", wires{f(0x88, "\x13\x88")}, nil, bad, []string{refused}},

		{"9.1.2", wires{text(sized(256 << 10))}, []string{sized(256 << 10)}, lost, nil},
		{"9.2.2", wires{f(0x82, sized(256<<10))}, []string{sized(256 << 10)}, lost, nil},
		{"9.3", fragments(0x01, sized(256<<10), 64), []string{sized(256 << 10)}, lost, nil},
		{"9.4", fragments(0x02, sized(256<<10), 4096), []string{sized(256 << 10)}, lost, nil},
		{"10.1.1", fragments(0x01, sized(65536), 1300), []string{sized(65536)}, lost, nil},
	}
	chops := map[string]func(most int) int{
		"at once":         func(most int) int { return most },
		"in octets":       func(int) int { return 1 },
		"in chops of 997": func(most int) int { return min(most, 997) },
	}
	for _, tt := range tests {
		wire := slices.Concat(tt.wire...)
		for how, cut := range chops {
			t.Run(tt.id+"/"+how, func(t *testing.T) {
				conn := &tape{in: slices.Clone(wire), cut: cut}
				s := sessionOver(t, conn, Config{ReadLimit: 1 << 20})
				defer s.conn.CloseNow()
				var got []string
				var err error
				for err == nil {
					var b []byte
					if b, _, err = s.readFrame(); err == nil {
						got = append(got, string(b))
					}
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("messages %.100q, want %.100q", got, tt.want)
				}
				if end := endClass(err); end != tt.end {
					t.Errorf("ended with %q (%v), want %q", end, errors.Unwrap(err), tt.end)
				}
				written := clientFrames(conn.out.Bytes())
				if !slices.EqualFunc(written, tt.written, func(a, b string) bool { return strings.HasPrefix(a, strings.TrimSuffix(b, `"`)) }) {
					t.Errorf("wrote %q, want %q", written, tt.written)
				}
			})
		}
	}
}

// fragments cuts a message into fragments of that size.
func fragments(first byte, message string, size int) (frames [][]byte) {
	for len(message) > size {
		frames = append(frames, framed(first, message[:size]))
		first, message = 0, message[size:]
	}
	return append(frames, framed(first|0x80, message))
}
