package transport

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A large packet may be kept: what comes next does not touch it. Its buffer is made to measure.
func TestLargePacketsAreKept(t *testing.T) {
	event := func(size int, c string) string { return `42["e","` + strings.Repeat(c, size) + `"]` }
	wire := slices.Concat(
		plainFrame(event(100, "a")), plainFrame(event(3<<20, "b")), plainFrame(event(100, "c")), plainFrame(event(2<<20, "d")), framed(0x82, "x"))
	s := sessionOver(t, &wireEnd{in: bytes.NewReader(wire)}, Config{ReadLimit: 16 << 20})
	defer s.conn.CloseNow()
	var kept [][]byte
	for i, large := range []bool{false, true, false, true} {
		p, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if p.Kept != large {
			t.Errorf("packet %d of %d bytes: kept is %t", i, len(p.Data), p.Kept)
		}
		if large {
			kept = append(kept, p.Data)
			if spare := cap(p.Data) - len(p.Data); spare > 64<<10 {
				t.Errorf("packet %d of %d bytes has %d bytes to spare", i, len(p.Data), spare)
			}
		}
	}
	for i, c := range []string{"b", "d"} {
		if want := event((3-i)<<20, c)[2:]; string(kept[i]) != want {
			t.Errorf("packet %d has changed", i)
		}
	}
}

// A message of many fragments is not copied for each of them.
func TestManyFragmentsAreCheap(t *testing.T) {
	s := sessionOver(t, &wireEnd{in: bytes.NewReader(slices.Concat(fragments(0x01, strings.Repeat("x", 8<<20), 1000)...))}, Config{ReadLimit: 16 << 20})
	defer s.conn.CloseNow()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	frame, _, err := s.readFrame()
	runtime.ReadMemStats(&after)
	if err != nil || len(frame) != 8<<20 {
		t.Fatalf("%d bytes, %v", len(frame), err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
		t.Errorf("%d bytes were allocated for 8 MiB", got)
	}
}
