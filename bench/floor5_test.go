package main

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/realtimex/realtimex-go/internal/plain"
)

// readers cut what is read in different places.
var readers = map[string]func(io.Reader) io.Reader{
	"whole":        func(r io.Reader) io.Reader { return r },
	"byte by byte": iotest.OneByteReader,
	"halves":       iotest.HalfReader,
}

// A floor that hands over other bytes than those sent, or less, would be no floor.
func TestPlainFramesAreWhatWasSent(t *testing.T) {
	var sent [][]byte
	var stream []byte
	for _, size := range []int{0, 1, 125, 126, 127, 300, 16 << 10, plainBuffer - 4, 7} {
		text := bytes.Repeat([]byte("é"), size)[:size/2*2]
		sent = append(sent, text)
		stream = appendFrame(stream, text)
	}
	for name, cut := range readers {
		f := plainFrames{from: cut(bytes.NewReader(stream)), buf: make([]byte, plainBuffer)}
		for i, want := range sent {
			if got, err := f.read(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: frame %d has %d bytes (%v), want %d", name, i, len(got), err, len(want))
			}
		}
		if _, err := f.read(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: after the last frame: %v", name, err)
		}
	}
}

func TestPlainFramesRefuseAllElse(t *testing.T) {
	long := func(text string) []byte { return appendFrame(nil, []byte(text)) }
	for name, frame := range map[string][]byte{
		"ping":            {0x89, 0},
		"close":           {0x88, 0},
		"binary":          {0x82, 1, 'x'},
		"a first part":    {0x01, 1, 'x'},
		"a continuation":  {0x80, 1, 'x'},
		"a reserved bit":  {0xc1, 1, 'x'},
		"masked":          {0x81, 0x81, 0, 0, 0, 0, 'x'},
		"not UTF-8":       {0x81, 1, 0xff},
		"over the buffer": long(strings.Repeat("x", plainBuffer-3)),
		"over 64 KiB":     long(strings.Repeat("x", 1<<16)),
	} {
		for cutting, cut := range readers {
			f := plainFrames{from: cut(bytes.NewReader(frame)), buf: make([]byte, plainBuffer)}
			if got, err := f.read(); !errors.Is(err, errFrame) {
				t.Errorf("%s, %s: got %q, %v", name, cutting, got, err)
			}
		}
	}
}

// floor5 is to measure the short decoder: the payloads must be such as it takes.
func TestPlainDecodeTakesTheShortWay(t *testing.T) {
	d := plain.New(reflect.TypeFor[Payload](), nil)
	for _, size := range sizes {
		for _, data := range newFrames(size, 1).payloads {
			var long, short Payload
			if err := decode(data, &long); err != nil {
				t.Fatal(err)
			}
			if !d.Decode(data, reflect.ValueOf(&short).Elem()) || !reflect.DeepEqual(long, short) {
				t.Fatalf("%s decodes to %+v, want %+v", data, short, long)
			}
		}
	}
	var p Payload
	if err := plainDecode()([]byte(`{"SEQ":3}`), &p); err != nil || p.Seq != 3 {
		t.Errorf("what the short way leaves: %+v, %v", p, err)
	}
}
