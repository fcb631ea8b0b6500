package engineio

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// serverEvent is a Socket.IO packet of about size bytes, shaped as the service sends them: short
// members, and text.
func serverEvent(size int) []byte {
	const order = `{"id":1048576,"symbol":"ACME","price":101.25,"qty":300,"side":"buy","note":"left at the door"}`
	const head, tail = `2["server-event",{"channel":"orders","event":"created","data":[`, `]}]`
	n := max(1, (size-len(head)-len(tail))/(len(order)+1))
	return []byte(head + strings.TrimSuffix(strings.Repeat(order+",", n), ",") + tail)
}

var sizes = []struct {
	name  string
	bytes int
}{{"150B", 150}, {"1KB", 1 << 10}, {"16KB", 16 << 10}}

func TestTextEventAllocatesNothing(t *testing.T) {
	withID := []byte(`212["\u0063onnected"]`)
	for _, size := range sizes {
		packet := serverEvent(size.bytes)
		frame := append([]byte{'4'}, packet...)
		data := packet[1:]
		for name, decode := range map[string]func() error{
			"DecodePacket": func() error { _, err := DecodePacket(frame); return err },
			"DecodeHeader": func() error { _, err := DecodeHeader(packet, DefaultLimits); return err },
			"DecodeSocket": func() error { _, err := DecodeSocket(packet, DefaultLimits); return err },
			"SplitEvent": func() error {
				_, args, err := SplitEvent(data, DefaultLimits)
				NextArg(args)
				return err
			},
			"with an ack id": func() error { _, err := DecodeSocket(withID, Limits{}); return err },
		} {
			if err := decode(); err != nil {
				t.Fatal(err)
			}
			if n := testing.AllocsPerRun(100, func() { _ = decode() }); n != 0 {
				t.Errorf("%s at %s: %v allocations", name, size.name, n)
			}
		}
	}
}

func BenchmarkDecodeHeader(b *testing.B) {
	perSize(b, func(frame []byte) error {
		p, err := DecodePacket(frame)
		if err == nil {
			_, err = DecodeHeader(p.Data, DefaultLimits)
		}
		return err
	})
}

func BenchmarkDecodeSocket(b *testing.B) {
	perSize(b, func(frame []byte) error {
		p, err := DecodePacket(frame)
		if err == nil {
			_, err = DecodeSocket(p.Data, DefaultLimits)
		}
		return err
	})
}

func BenchmarkSplitEvent(b *testing.B) {
	perSize(b, func(frame []byte) error {
		_, args, err := SplitEvent(frame[2:], DefaultLimits)
		NextArg(args)
		return err
	})
}

func BenchmarkAppendSocket(b *testing.B) {
	var buf []byte
	perSize(b, func(frame []byte) error {
		buf = append(buf[:0], '4')
		buf = AppendSocket(buf, SocketPacket{Type: Event, Namespace: "/", Data: frame[2:]})
		return nil
	})
}

// BenchmarkLinear shows that MB/s stays what it is while the input grows.
func BenchmarkLinear(b *testing.B) {
	for _, unit := range []string{`,{"a":[1,"é"]}`, `,"\\\""`, `,[[[[[[[[]]]]]]]]`} {
		for _, n := range []int{1 << 12, 1 << 16, 1 << 20} {
			data := []byte(`["a"` + strings.Repeat(unit, n/len(unit)) + `]`)
			b.Run(fmt.Sprintf("%s/%d", unit[1:], n), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					if _, _, err := SplitEvent(data, DefaultLimits); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkInline(b *testing.B) {
	p := SocketPacket{
		Type: BinaryEvent, Data: []byte(`["file",{"name":"a.png","data":{"_placeholder":true,"num":0}}]`),
		Buffers: [][]byte{make([]byte, 16<<10)},
	}
	b.ReportAllocs()
	b.SetBytes(16 << 10)
	for b.Loop() {
		if _, err := Inline(p); err != nil {
			b.Fatal(err)
		}
	}
}

func perSize(b *testing.B, decode func(frame []byte) error) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			frame := append([]byte{'4'}, serverEvent(size.bytes)...)
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if err := decode(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMember(b *testing.B) {
	perSize(b, func(frame []byte) error {
		Member(frame[bytes.IndexByte(frame, '{'):len(frame)-1], "data")
		return nil
	})
}
