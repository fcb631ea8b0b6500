package engineio

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// In these inputs the word "hidden" stands for what must not get into an error.
func TestHostileSocket(t *testing.T) {
	long := strings.Repeat("n", maxNamespace)
	for _, c := range []struct {
		name, in string
		want     Kind
	}{
		{"nothing", "", ErrEmpty},
		{"unknown type", `7["hidden"]`, ErrPacketType},
		{"type below the digits", "/hidden", ErrPacketType},
		{"type that is a letter", "hidden", ErrPacketType},

		{"attachments far too many", `5999-["hidden"]`, ErrManyAttachments},
		{"attachments one too many", `511-["hidden"]`, ErrManyAttachments},
		{"attachments none", `50-["hidden"]`, ErrAttachmentCount},
		{"attachments overflowing an int", `518446744073709551617-["hidden"]`, ErrAttachmentCount},
		{"attachments negative", `5-1-["hidden"]`, ErrAttachmentCount},
		{"attachments missing", `5["hidden"]`, ErrAttachmentCount},
		{"attachments without their dash", `51["hidden"]`, ErrAttachmentCount},
		{"attachments and no more", `51`, ErrAttachmentCount},
		{"attachments with leading zero", `501-["hidden",{"_placeholder":true,"num":0}]`, ErrAttachmentCount},
		{"attachments of an ack", `60-["hidden"]`, ErrAttachmentCount},

		{"namespace too long", `2/` + long + `,["hidden"]`, ErrNamespace},
		{"namespace without end", `0/` + long + "hidden", ErrNamespace},
		{"namespace not UTF-8", "2/\xff,[\"hidden\"]", ErrNamespace},
		{"namespace with DEL", "2/a\x7fb,[\"hidden\"]", ErrNamespace},
		{"namespace that ends in DEL", "0/hidden\x7f", ErrNamespace},
		{"namespace that cuts a payload", "2/a\x1eb,[\"hidden\"]", ErrNamespace},
		{"namespace without slash", `2admin,["hidden"]`, ErrPayload},

		{"ack id past 2^53-1", `29007199254740992["hidden"]`, ErrAckID},
		{"ack id overflowing", `318446744073709551616["hidden"]`, ErrAckID},
		{"ack id with leading zero", `200["hidden"]`, ErrAckID},
		{"ack id on a CONNECT", `01{"a":"hidden"}`, ErrAckID},
		{"ack id on a DISCONNECT", `11`, ErrAckID},

		{"event without payload", `2`, ErrNoPayload},
		{"ack without payload", `3`, ErrNoPayload},
		{"refusal without payload", `4`, ErrNoPayload},
		{"event with id, without payload", `27`, ErrNoPayload},
		{"event in a namespace, without payload", `2/hidden,`, ErrNoPayload},
		{"binary event without payload", `51-`, ErrNoPayload},

		{"CONNECT with a string", `0"hidden"`, ErrPayload},
		{"CONNECT with an array", `0["hidden"]`, ErrPayload},
		{"CONNECT with null", `0null`, ErrPayload},
		{"CONNECT cut off", `0{"a":"hidden`, ErrJSON},
		{"DISCONNECT with data", `1{"a":"hidden"}`, ErrPayload},
		{"DISCONNECT with space", `1 `, ErrPayload},
		{"CONNECT_ERROR with an array", `4["hidden"]`, ErrPayload},
		{"CONNECT_ERROR cut off", `4{"message":"hidden"`, ErrJSON},
		{"ACK with an object", `3{"a":"hidden"}`, ErrPayload},
		{"ACK with more after it", `3[] "hidden"`, ErrJSON},
		{"event with an object", `2{"a":"hidden"}`, ErrPayload},
		{"event with space before", `2 ["hidden"]`, ErrPayload},
		{"event with more after it", `2["hidden"] x`, ErrJSON},
		{"event cut off", `2["hidden",`, ErrJSON},
		{"event cut off at once", `2[`, ErrJSON},
		{"event with a comma too many", `2["hidden",]`, ErrJSON},
		{"event closed wrongly", `2["hidden",{]}`, ErrJSON},

		{"event name missing", `2[]`, ErrEventName},
		{"event name a number", `2[1,"hidden"]`, ErrEventName},
		{"event name null", `2[null,"hidden"]`, ErrEventName},
		{"event name an object", `2[{"toString":"hidden"}]`, ErrEventName},
		{"event name an array", `2[["hidden"]]`, ErrEventName},
		{"event name unended", `2["hidden]`, ErrJSON},
		{"event name reserved: connect", `2["connect","hidden"]`, ErrReservedName},
		{"event name reserved: connect_error", `2["connect_error","hidden"]`, ErrReservedName},
		{"event name reserved: disconnect", `2["disconnect","hidden"]`, ErrReservedName},
		{"event name reserved: disconnecting", `2["disconnecting","hidden"]`, ErrReservedName},
		{"event name reserved: newListener", `2["newListener","hidden"]`, ErrReservedName},
		{"event name reserved: removeListener", `2["removeListener","hidden"]`, ErrReservedName},
		{"event name reserved and escaped", `2["\u0063onn\u0065ct","hidden"]`, ErrReservedName},
		{"event name reserved, longest, escaped", `2["removeListene\u0072","hidden"]`, ErrReservedName},
		{"event name reserved, of a binary event", `51-["connect",{"_placeholder":true,"num":0}]`, ErrReservedName},

		{"name not UTF-8", "2[\"hidden\xff\"]", ErrUTF8},
		{"argument not UTF-8", "2[\"a\",\"hidden\xc3\x28\"]", ErrUTF8},
		{"key not UTF-8", "2[\"a\",{\"hidden\x80\":1}]", ErrUTF8},
		{"surrogate in UTF-8", "2[\"a\",\"\xed\xa0\x80hidden\"]", ErrUTF8},
		{"overlong UTF-8", "2[\"a\",\"\xc0\xafhidden\"]", ErrUTF8},
		{"ack not UTF-8", "3[\"hidden\xff\"]", ErrUTF8},
		{"CONNECT not UTF-8", "0{\"a\":\"hidden\xff\"}", ErrUTF8},
		{"refusal not UTF-8", "4\"hidden\xff\"", ErrUTF8},
		{"control character in a string", "2[\"a\",\"hidden\n\"]", ErrJSON},
		{"NUL in a string", "2[\"a\",\"hidden\x00\"]", ErrJSON},

		{"placeholder negative", placeholder(`-1`), ErrPlaceholder},
		{"placeholder minus zero", placeholder(`-0`), ErrPlaceholder},
		{"placeholder fractional", placeholder(`0.5`), ErrPlaceholder},
		{"placeholder whole but fractional", placeholder(`0.0`), ErrPlaceholder},
		{"placeholder with exponent", placeholder(`0e0`), ErrPlaceholder},
		{"placeholder a string", placeholder(`"0"`), ErrPlaceholder},
		{"placeholder out of range", placeholder(`1`), ErrPlaceholder},
		{"placeholder overflowing", placeholder(`18446744073709551616`), ErrPlaceholder},
		{"placeholder null", placeholder(`null`), ErrPlaceholder},
		{"placeholder an array", placeholder(`[0]`), ErrPlaceholder},
		{"placeholder without num", `51-["hidden",{"_placeholder":true}]`, ErrPlaceholder},
		{"placeholder deep within", `51-["hidden",{"a":[1,{"b":{"_placeholder":true,"num":7}}]}]`, ErrPlaceholder},
		{"placeholder with num first", `51-["hidden",{"num":7,"_placeholder":true}]`, ErrPlaceholder},
		{"placeholder escaped", `51-["hidden",{"\u005fplaceholder":true,"n\u0075m":7}]`, ErrPlaceholder},
		{"placeholder with two nums", `51-["hidden",{"_placeholder":true,"num":0,"num":7}]`, ErrPlaceholder},
		{"second placeholder", `52-["hidden",{"_placeholder":true,"num":0},{"_placeholder":true,"num":2}]`, ErrPlaceholder},
		{"placeholder used twice", `52-["hidden",{"_placeholder":true,"num":1},{"_placeholder":true,"num":1}]`, ErrPlaceholder},
		{"placeholder of an ack", `61-1[{"_placeholder":true,"num":1}]`, ErrPlaceholder},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := DecodeSocket([]byte(c.in), DefaultLimits)
			if kindOf(err) != c.want || !errors.Is(err, c.want) {
				t.Errorf("got %v, error %v, want error %v", p.Type, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error shows what was sent: %v", err)
			}
		})
	}
}

func placeholder(num string) string {
	return fmt.Sprintf(`51-["hidden",{"_placeholder":true,"num":%s}]`, num)
}

// What looks bad and is not: a strict reader must not lose a correct peer.
func TestUnusualButRight(t *testing.T) {
	for _, in := range []string{
		`2["error","boom"]`, // local to Node's emitters, and an ordinary event on the wire
		`2["Connect"]`, `2["connected"]`, `2["connec"]`, `2["removeListeners"]`, `2["removeListene\u0072s"]`, `2[""]`, `2["\u0000"]`,
		`2["a","\ud800"]`, // half a pair: JSON allows it, and JSON.stringify wrote it until 2019
		"2[\"a\" , 1 ,\t{ } ]\r\n",
		`2["a",-0,0.5e+10,1E-7,123456789012345678901234567890]`,
		"2[\"é✓😀\",\"\x7f\"]",
		`2["a",[{"k":1},[1,2],{"k":[{}],"l":[[],1]},[[1],2]]]`, // arrays and objects, by turns, at one depth
		`29007199254740991["a"]`,
		`2/` + strings.Repeat("n", maxNamespace-1) + `,["a"]`,
		`2/é?token=x,["a"]`,
		`0/admin`,
		`51-["a",1]`, // an attachment that nobody refers to
		`51-["a",{"_placeholder":1,"num":9},{"_placeholder":false,"num":9},{"num":9}]`, // three ordinary objects
		`51-["a",{"_placeholder":true,"_placeholder":false,"num":9}]`,
		`51-["a",{"_placeholder":true,"num":0,"more":[{}]}]`,
		`2["a",{"_placeholder":true,"num":9}]`, // no attachments, so no placeholder
	} {
		if _, err := DecodeSocket([]byte(in), DefaultLimits); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestDepthLimit(t *testing.T) {
	nest := func(n int, open, end string) []byte {
		return []byte(`2["a",` + strings.Repeat(open, n-1) + "1" + strings.Repeat(end, n-1) + `]`)
	}
	for _, c := range []struct {
		limit, allowed int
	}{
		{1, 1}, {2, 2}, {64, 64}, {65, 65}, {1024, 1024}, {1025, 1025}, {10_000, 10_000},
	} {
		for _, shape := range [][2]string{{"[", "]"}, {`{"k":`, "}"}, {`[{"k":`, "}]"}} {
			levels := strings.Count(shape[1], "]") + strings.Count(shape[1], "}")
			n := (c.allowed-1)/levels + 1
			lim := Limits{Depth: c.limit}
			if _, err := DecodeSocket(nest(n, shape[0], shape[1]), lim); err != nil {
				t.Errorf("depth %d, limit %d: %v", n, c.limit, err)
			}
			if _, err := DecodeSocket(nest(n+1, shape[0], shape[1]), lim); !errors.Is(err, ErrTooDeep) {
				t.Errorf("depth %d of %s, limit %d: error %v, want %v", n+1, shape[0], c.limit, err, ErrTooDeep)
			}
		}
	}
}

// Each of these is refused or read in one pass. A reader that is quadratic anywhere would take
// 10^13 steps, and one that recurses without a bound gigabytes of stack: neither ends well within
// the timeout of the test.
func TestFourMegabytes(t *testing.T) {
	const size = 4 << 20
	fill := func(head, unit, tail string) []byte {
		b := append(make([]byte, 0, size+len(head)+len(tail)), head...)
		b = append(b, strings.Repeat(unit, size/len(unit))...)
		return append(b, tail...)
	}
	for _, c := range []struct {
		name string
		in   []byte
		want Kind
	}{
		{"nested arrays", fill(`2["a",`, `[`, ``), ErrJSON},
		{"nested arrays that close", []byte(`2["a",` + strings.Repeat("[", size/2) + strings.Repeat("]", size/2+1)), 0},
		{"nested objects", fill(`2["a",`, `{"a":`, ``), ErrJSON},
		{"nested objects that close", []byte(`2["a",` + strings.Repeat(`{"a":`, size/6) + "1" + strings.Repeat("}", size/6) + "]"), 0},
		{"nested in a binary event", fill(`51-["a",`, `{"_placeholder":`, ``), ErrJSON},
		{"nested in a binary event and closed", []byte(`51-["a",` + strings.Repeat(`{"num":`, size/8) + "1" + strings.Repeat("}", size/8) + "]"), 0},
		{"nested in a CONNECT", fill(`0`, `{"a":`, ``), ErrJSON},
		{"brackets that close", fill(`2["a",`, `[],`, `1]`), 0},
		{"escapes", fill(`2["`, `\\`, `"]`), 0},
		{"escapes of the name", fill(`2["connect`, `\u0063`, `"]`), 0},
		{"string without end", fill(`2["a","`, `x`, ``), ErrJSON},
		{"string without end, escaped", fill(`2["a","`, `\"`, ``), ErrJSON},
		{"strings", fill(`2["a"`, `,"é"`, `]`), 0},
		{"string of two-byte runes", fill(`2["a","`, `é`, `"]`), 0},
		{"spaces", fill(`2["a"`, ` `, `]`), 0},
		{"spaces after", fill(`2["a"]`, ` `, ``), 0},
		{"digits of a number", fill(`2["a",`, `1`, `]`), 0},
		{"digits of an ack id", fill(`2`, `1`, `["a"]`), ErrAckID},
		{"digits of a count", fill(`5`, `1`, `-["a"]`), ErrAttachmentCount},
		{"namespace", fill(`2/`, `n`, `,["a"]`), ErrNamespace},
		{"ordinary objects in a binary event", fill(`51-["a"`, `,{"_placeholder":1}`, `]`), 0},
		{"one placeholder again and again", fill(`51-["a"`, `,{"_placeholder":true,"num":0}`, `]`), ErrPlaceholder},
		{"members of one object", fill(`51-["a",{"_placeholder":true`, `,"num":0`, `}]`), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := DecodeSocket(c.in, DefaultLimits)
			if kindOf(err) != c.want || err != nil && c.want == 0 {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if err == nil && p.Type == Event {
				_, args, _ := SplitEvent(p.Data, DefaultLimits)
				for arg, rest := NextArg(args); arg != nil; arg, rest = NextArg(rest) {
				}
			}
		})
	}
	t.Run("separators", func(t *testing.T) {
		if _, err := DecodePayload(bytes.Repeat([]byte{separator}, size), 0); !errors.Is(err, ErrTooManyPackets) {
			t.Error(err)
		}
	})
	t.Run("handshake", func(t *testing.T) {
		if _, err := DecodeHandshake(fill(`{"sid":"`, `s`, `"}`)); !errors.Is(err, ErrHandshake) {
			t.Error(err)
		}
	})
}

func TestPacketOverItsLimit(t *testing.T) {
	in := []byte(`2["a","0123456789"]`)
	for _, limit := range []int64{1, int64(len(in)) - 1} {
		if _, err := DecodeSocket(in, Limits{Bytes: limit}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("limit %d: error %v, want %v", limit, err, ErrTooLarge)
		}
	}
	if _, err := DecodeSocket(in, Limits{Bytes: int64(len(in))}); err != nil {
		t.Error(err)
	}
}

// A packet cut anywhere is refused, or is another packet: it never panics. This is what a session
// makes of one-byte fragments if it forgets to join them.
func TestCutAnywhere(t *testing.T) {
	for _, in := range []string{
		`52-/admin,3["a\u0041",{"x":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":0},-1.5e+3,null,true,false]`,
		`0/admin,{"token":"1"}`, `4{"message":"é"}`,
	} {
		for i := range len(in) {
			for j := i; j <= len(in); j++ {
				b := []byte(in[i:j])
				_, _ = DecodeSocket(b, DefaultLimits)
				_, _, _ = SplitEvent(b, DefaultLimits)
				_, _ = Inline(SocketPacket{Data: b, Buffers: [][]byte{nil, nil}})
				NextArg(b)
				_, _ = DecodePayload(b, 0)
				_, _ = DecodeHandshake(b)
			}
		}
	}
}
