package transport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// plainFrame returns the simplest frame with that payload.
func plainFrame(payload string) []byte { return framed(0x81, payload) }

// framed returns a frame with that first byte, without a mask, its length in the shortest form.
func framed(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = append(b, 126, byte(n>>8), byte(n))
	default:
		b = append(b, 127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, payload...)
}

// A busy link takes many frames of one read of the socket, of whatever kind, and an idle one lets
// its buffer go.
func TestIntakeReadsAheadWhileBusy(t *testing.T) {
	text := strings.Repeat("x", 200)
	var data, others []byte
	for i := range 1000 {
		if i%100 == 99 {
			other := framed(0x82, text)
			data, others = append(data, other...), append(others, other...)
		} else {
			data = append(data, plainFrame(text)...)
		}
	}
	w := &wire{}
	w.in.Reset(data)
	l := newLink(w)
	var got []byte
	p := make([]byte, 4<<10)
	for {
		frame, ok, err := l.frame(1000)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			if string(frame) != text {
				t.Fatalf("frame %q", frame)
			}
			continue
		}
		n, err := l.Read(p)
		if err != nil || n != 204 {
			t.Fatalf("the library got %d bytes, error %v; want the 204 of one frame", n, err)
		}
		got = append(got, p[:n]...)
	}
	if !bytes.Equal(got, others) {
		t.Error("the library's bytes are not those of its frames")
	}
	if most := len(data)/readAhead + 4; w.reads > most {
		t.Errorf("%d reads of the socket, want %d at most", w.reads, most)
	}
	settle := func() {
		l.settle()
		_, _, _ = l.frame(1000)
	}
	settle() // of use in the interval that ends here
	if len(l.buf) != readAhead {
		t.Errorf("a buffer of %d bytes is left of %d while the link was busy", len(l.buf), readAhead)
	}
	settle()
	if len(l.buf) > smallBuffer {
		t.Errorf("an idle link keeps %d bytes", len(l.buf))
	}
}

// What a frame needs is what the buffer grows to, if frames do not come in bursts.
func TestIntakeGrowsByNeed(t *testing.T) {
	for _, tt := range []struct{ payload, want int }{
		{100, smallBuffer}, {508, smallBuffer}, {509, 1 << 10}, {5000, 8 << 10}, {16 << 10, 32 << 10}, {maxPlain - maxHeader, maxPlain},
	} {
		conn := &pieces{frames: [][]byte{plainFrame(strings.Repeat("x", tt.payload))}}
		l := newLink(conn)
		frame, ok, err := l.frame(1 << 20)
		if !ok || err != nil || len(frame) != tt.payload || len(l.buf) != tt.want {
			t.Errorf("payload of %d: %t, error %v, %d bytes in a buffer of %d, want %d", tt.payload, ok, err, len(frame), len(l.buf), tt.want)
		}
	}
	over := &pieces{frames: [][]byte{plainFrame(strings.Repeat("x", maxPlain-maxHeader+1))}}
	if _, ok, err := newLink(over).frame(1 << 20); ok || err != nil {
		t.Errorf("a frame over the bound: %t, error %v; it is the library's", ok, err)
	}
}

// pieces is a connection that gives no more than a byte short of the buffer at a time, so that no
// read looks like one of a burst.
type pieces struct{ frames [][]byte }

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.frames) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:max(1, len(b)-1)], p.frames[0])
	if p.frames[0] = p.frames[0][n:]; len(p.frames[0]) == 0 {
		p.frames = p.frames[1:]
	}
	return n, nil
}
func (p *pieces) Write(b []byte) (int, error) { return len(b), nil }
func (p *pieces) Close() error                { return nil }

// A frame that the reader holds stays what it is while the library reads on after yield.
func TestYieldKeepsTheLastFrame(t *testing.T) {
	var data []byte
	for i := range 40 {
		data = append(data, plainFrame(strings.Repeat(string(rune('a'+i%26)), 100))...)
	}
	w := &wire{}
	w.in.Reset(data)
	l := newLink(w)
	frame, ok, err := l.frame(1000)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	l.yield()
	got, err := io.ReadAll(l)
	if err != nil || !bytes.Equal(got, data[102:]) {
		t.Errorf("the library got %d bytes, error %v; want the %d that were left", len(got), err, len(data)-102)
	}
	if string(frame) != strings.Repeat("a", 100) {
		t.Errorf("the frame became %q", frame)
	}
	if _, ok, err := l.frame(1000); ok || err != nil {
		t.Errorf("after yield the reader got a frame: %t, error %v", ok, err)
	}
}

// A connection that returns neither bytes nor an error is given up.
func TestConnectionThatGivesNothing(t *testing.T) {
	l := newLink(&broken{})
	if _, _, err := l.frame(1000); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("frame: %v", err)
	}
	if _, err := l.Read(make([]byte, 10)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("Read: %v", err)
	}
}

// The parts of a long plain frame are progress, as those of any other message.
func TestPartsOfAPlainFrameAreProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		l := newLink(ours)
		l.progress.within(time.Second)
		go func() { _, _, _ = l.frame(1000) }()
		frame := plainFrame(strings.Repeat("x", 900))
		for i := range 8 {
			time.Sleep(time.Second)
			_, _ = theirs.Write(frame[i*100 : (i+1)*100])
			synctest.Wait()
			if i > 0 && l.progress.silence() != 0 {
				t.Errorf("after %d bytes of a frame there is silence for %v", (i+1)*100, l.progress.silence())
			}
		}
	})
}

// More is said only of a whole event that is in the buffer, behind which Recv does not wait.
func TestMore(t *testing.T) {
	for name, tc := range map[string]struct {
		next []byte
		want bool
	}{
		"nothing":                    {nil, false},
		"an event":                   {plainFrame(`42["two"]`), true},
		"an empty message":           {plainFrame(""), false},
		"a heartbeat":                {plainFrame("2"), false}, // Recv passes over it, and waits
		"a packet of another kind":   {plainFrame("430[]"), false},
		"an event over the limit":    {plainFrame(`42["` + strings.Repeat("x", 1000) + `"]`), false},
		"a part":                     {plainFrame(`42["two"]`)[:8], false},
		"a header":                   {plainFrame(`42["two"]`)[:2], false},
		"half a header":              {plainFrame(strings.Repeat("x", 200))[:3], false},
		"a ping":                     {framed(0x89, ""), false},
		"a fragment":                 {framed(0x01, "x"), false},
		"a length that no frame has": {[]byte{0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255, 'x'}, false},
	} {
		w := &wire{}
		w.in.Reset(append(plainFrame(`42["one"]`), tc.next...))
		l := newLink(w)
		if _, ok, err := l.frame(1000); !ok || err != nil || l.ahead != tc.want {
			t.Errorf("before %s: more is %t (%t, %v)", name, l.ahead, ok, err)
		}
		if _, ok, err := l.frame(1000); tc.want && (!ok || err != nil) {
			t.Errorf("%s was promised, but did not come: %v", name, err)
		}
	}
}

// Recv says whether the next call waits, also where it would pass over a heartbeat and then wait: a
// reader wakes others before it does.
func TestMoreBeforeAHeartbeat(t *testing.T) {
	event := plainFrame(`42["e"]`)
	s := sessionOver(t, &wireEnd{in: bytes.NewReader(slices.Concat(event, event, plainFrame("2"), event))}, Config{ReadLimit: 1000})
	defer s.conn.CloseNow()
	for i, want := range []bool{true, false, false} {
		if p, err := s.Recv(); err != nil || p.More != want {
			t.Errorf("packet %d: more is %t, want %t (%v)", i, p.More, want, err)
		}
	}
}
