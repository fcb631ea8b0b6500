package main

import (
	"bytes"
	"net"
	"strings"
	"testing"
)

// A table that compares payloads of other sizes, or clients that were sent different things, would
// compare nothing.
func TestFramesCarryWhatTheySay(t *testing.T) {
	for _, size := range sizes {
		f := newFrames(size, 3)
		for i, data := range f.payloads {
			if len(data) != size {
				t.Fatalf("payload %d has %d bytes, not %d", i, len(data), size)
			}
			frame, n := f.slice(i, 1)
			if n != 1 {
				t.Fatalf("got %d frames, not one", n)
			}
			text := frame[bytes.IndexByte(frame, '4'):]
			channel, event, got, ok := scan(text)
			if !ok || string(channel) != channelOf(i, 3) || string(event) != eventName || !bytes.Equal(got, data) {
				t.Fatalf("frame %d scans as %q %q, %d bytes, %t", i, channel, event, len(got), ok)
			}
			var p Payload
			if err := decode(got, &p); err != nil || p.Seq != i || !bytes.Equal(encode(&p), data) {
				t.Fatalf("payload %d does not come back: %v", i, err)
			}
		}
	}
}

func TestChannelsTakeTurns(t *testing.T) {
	for i, want := range []string{"bench-000000", "bench-000001", "bench-000002", "bench-000000"} {
		if got := channelOf(i, 3); got != want {
			t.Errorf("message %d goes to %s, want %s", i, got, want)
		}
	}
}

// run gives a tally the messages with those numbers, and returns its verdict; a run of them all has
// none measured.
func run(t *testing.T, numbers []int, spoil func(*Payload)) (result, *frames) {
	t.Helper()
	credit, server := net.Pipe()
	defer credit.Close()
	go func() {
		for b := make([]byte, 16); ; {
			if _, err := server.Read(b); err != nil {
				return
			}
		}
	}()
	f := newFrames(150, 1)
	y := newTally(credit, cycle, "")
	y.begin(grain)
	for _, n := range numbers {
		var p Payload
		if err := decode(f.payloads[n%cycle], &p); err != nil {
			t.Fatal(err)
		}
		spoil(&p)
		y.take(&p)
	}
	select {
	case r := <-y.done:
		return r, f
	default:
		return result{Error: "no verdict"}, f
	}
}

// A run that loses, repeats, swaps or changes a message must not become a figure.
func TestTallyRefuses(t *testing.T) {
	whole := make([]int, 2*verified+grain)
	for i := range whole {
		whole[i] = i
	}
	cut := append(append([]int(nil), whole[:700]...), whole[701:]...)
	twice := append(append([]int(nil), whole[:700]...), whole[699:]...)
	swapped := append([]int(nil), whole...)
	swapped[520], swapped[521] = swapped[521], swapped[520]
	good := func(*Payload) {}

	r, f := run(t, whole, good)
	if r.Error != "" || r.Digest != f.digest(grain) || r.Messages != grain {
		t.Fatalf("a good run: %+v", r)
	}
	for name, numbers := range map[string][]int{"lost": cut, "repeated": twice, "swapped": swapped} {
		if r, _ := run(t, numbers, good); !strings.HasPrefix(r.Error, "message") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	r, f = run(t, whole, func(p *Payload) {
		if p.Seq == 9 {
			p.Note += "!"
		}
	})
	if r.Error != "" || r.Digest == f.digest(grain) {
		t.Errorf("a changed message has the digest of the right one: %+v", r)
	}
}
