package transport

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/internal/race"
	"github.com/realtimex/realtimex-go/internal/redact"
)

// errCut ends a tape. It is not io.EOF, by which the library takes a part of a message as the whole.
var errCut = errors.New("cut")

// tape is a connection that plays bytes, in pieces that cut decides, and records what is written.
type tape struct {
	in  []byte
	cut func(most int) int // how much of the rest the next read gives, at least 1
	out bytes.Buffer
}

func (s *tape) Read(p []byte) (int, error) {
	if len(s.in) == 0 {
		return 0, errCut
	}
	n := s.cut(min(len(p), len(s.in)))
	copy(p, s.in[:n])
	s.in = s.in[n:]
	return n, nil
}

func (s *tape) Write(p []byte) (int, error) { return s.out.Write(p) }
func (s *tape) Close() error                { return nil }

// cutBy cuts at random: often at nothing, else after a few bytes or some hundred.
func cutBy(rng *rand.Rand) func(int) int {
	return func(most int) int {
		switch rng.IntN(4) {
		case 0:
			return min(most, 1+rng.IntN(3))
		case 1:
			return min(most, 1+rng.IntN(700))
		}
		return most
	}
}

// upgraded answers a WebSocket handshake with this connection.
type upgraded struct{ rwc io.ReadWriteCloser }

func (u upgraded) RoundTrip(req *http.Request) (*http.Response, error) {
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return &http.Response{StatusCode: http.StatusSwitchingProtocols, Body: u.rwc, Request: req, Header: http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(sum[:])},
	}}, nil
}

func websocketOver(t testing.TB, rwc io.ReadWriteCloser) *websocket.Conn {
	conn, _, err := websocket.Dial(context.Background(), "ws://frames.test/", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: upgraded{rwc}}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// sessionOver returns a session on rwc that reads messages of up to limit bytes.
func sessionOver(t testing.TB, rwc io.ReadWriteCloser, c Config) *session {
	l := newLink(rwc)
	return newSession(websocketOver(t, l), l, c, redact.Secrets{})
}

// heard is what a reader made of a wire: its messages, its end, and what it wrote.
type heard struct {
	messages []string
	end      string
	written  []string
}

// byLibrary reads with the WebSocket library alone.
func byLibrary(t testing.TB, wire []byte, limit int64, cut func(int) int) (h heard) {
	conn := &tape{in: wire, cut: cut}
	ws := websocketOver(t, conn)
	defer ws.CloseNow()
	ws.SetReadLimit(limit)
	for {
		kind, b, err := ws.Read(context.Background())
		if err == nil && kind == websocket.MessageText && !utf8.Valid(b) {
			h.end = "not UTF-8"
		} else if err != nil {
			h.end = endClass(err)
		}
		if h.end != "" {
			h.written = clientFrames(conn.out.Bytes())
			return h
		}
		h.messages = append(h.messages, fmt.Sprint(kind == websocket.MessageBinary, string(b)))
	}
}

// bySession reads with a session.
func bySession(t testing.TB, wire []byte, limit int64, cut func(int) int) (h heard) {
	conn := &tape{in: wire, cut: cut}
	s := sessionOver(t, conn, Config{ReadLimit: limit})
	defer s.conn.CloseNow()
	for {
		b, binary, err := s.readFrame()
		if err != nil {
			h.end = endClass(err)
			h.written = clientFrames(conn.out.Bytes())
			if _, _, again := s.readFrame(); again == nil {
				t.Error("there was a message after the end")
			}
			return h
		}
		h.messages = append(h.messages, fmt.Sprint(binary, string(b)))
		if len(h.messages)%17 == 0 {
			s.link.settle()
		}
	}
}

// endClass reduces errors of the library and of a session to what they have in common.
func endClass(err error) string {
	var theirs websocket.CloseError
	var ours *CloseError
	var tooBig *FrameError
	var protocol *ProtocolError
	switch {
	case errors.As(err, &theirs):
		return fmt.Sprintf("closed %d", theirs.Code)
	case errors.As(err, &ours):
		return fmt.Sprintf("closed %d", ours.Code)
	case errors.Is(err, websocket.ErrMessageTooBig), errors.As(err, &tooBig):
		return "too big"
	case errors.As(err, &protocol) && protocol.Fault == "":
		return "not UTF-8"
	case errors.Is(err, errCut):
		return "lost"
	}
	return "bad frame"
}

// clientFrames returns the frames that a client wrote, without their masks.
func clientFrames(b []byte) (frames []string) {
	for len(b) >= 6 {
		n := int(b[1] & 0x7f)
		if len(b) < 6+n || n > 125 {
			break
		}
		payload := bytes.Clone(b[6 : 6+n])
		for i := range payload {
			payload[i] ^= b[2+i%4]
		}
		frames = append(frames, fmt.Sprintf("%x %q", b[0], payload))
		b = b[6+n:]
	}
	if len(b) > 0 {
		frames = append(frames, fmt.Sprintf("and %d bytes", len(b)))
	}
	return frames
}

// compare fails t if a session and the WebSocket library alone make different things of a wire.
func compare(t testing.TB, wire []byte, limit int64, cut func() func(int) int) heard {
	t.Helper()
	want := byLibrary(t, bytes.Clone(wire), limit, cut())
	got := bySession(t, bytes.Clone(wire), limit, cut())
	if got.end != want.end || !slices.Equal(got.messages, want.messages) || !slices.Equal(got.written, want.written) {
		t.Fatalf("of the wire %.200q\nthe session made  %.300s\nthe library makes %.300s", wire, fmt.Sprint(got.end, got.written, got.messages), fmt.Sprint(want.end, want.written, want.messages))
	}
	return got
}

// randomWire returns frames of all kinds, some of them wrong, and sometimes cut short.
func randomWire(rng *rand.Rand) (wire []byte) {
	put := func(first, mask byte, payload string) {
		n := len(payload)
		switch {
		case n < 126 && rng.IntN(50) > 0:
			wire = append(wire, first, mask|byte(n))
		case n < 1<<16 && rng.IntN(50) > 0:
			wire = append(wire, first, mask|126, byte(n>>8), byte(n))
		default:
			wire = append(wire, first, mask|127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		}
		if mask != 0 {
			wire = append(wire, byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32()))
		}
		wire = append(wire, payload...)
	}
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = 'a' + byte(rng.IntN(26))
		}
		if n > 4 && rng.IntN(10) == 0 {
			copy(b[rng.IntN(n-3):], []string{"\xff", "\xe6\x97", "é", "日"}[min(3, rng.IntN(60))])
		}
		return string(b)
	}
	size := func() int {
		switch rng.IntN(14) {
		case 0:
			return 0
		case 1:
			return 120 + rng.IntN(12)
		case 2:
			return 500 + rng.IntN(20)
		case 3:
			return rng.IntN(5000)
		case 4:
			return maxPlain - 20 + rng.IntN(30)
		case 5:
			return 30_000 + rng.IntN(40_000)
		}
		return rng.IntN(300)
	}
	for range rng.IntN(60) {
		switch rng.IntN(30) {
		case 0, 1:
			put(0x89, 0, text(rng.IntN(126)))
		case 2:
			put(0x8a, 0, text(rng.IntN(126)))
		case 3, 4:
			put(0x82, 0, text(size()))
		case 5, 6: // fragments, with control frames between
			put(0x01+byte(rng.IntN(2)), 0, text(size()))
			for range rng.IntN(3) {
				if rng.IntN(2) == 0 {
					put(0x89, 0, text(rng.IntN(20)))
				}
				put(0x00, 0, text(size()))
			}
			if rng.IntN(20) > 0 {
				put(0x80, 0, text(size()))
			}
		case 7:
			if rng.IntN(6) == 0 {
				put(0x88, 0, "\x03\xe8"+text(rng.IntN(100)))
			}
		case 8:
			if rng.IntN(6) == 0 {
				put(byte(rng.IntN(256)), byte(rng.IntN(2))<<7, text(rng.IntN(200)))
			}
		case 9:
			if rng.IntN(8) == 0 {
				put(0x81, 0, text(100_000+rng.IntN(60_000))) // some of it beyond the limit
			}
		case 10:
			if rng.IntN(30) == 0 { // a length that no frame has
				wire = append(wire, 0x81, 127, byte(rng.Uint32()), 255, 255, 255, 255, 255, 255, byte(rng.Uint32()))
			}
		default:
			put(0x81, 0, text(size()))
		}
	}
	if len(wire) > 0 && rng.IntN(5) == 0 {
		wire = wire[:rng.IntN(len(wire))]
	}
	return wire
}

// A session makes of any bytes what the WebSocket library alone makes of them: the same messages, the
// same kind of end, the same frames written back.
func TestPlainFramesChangeNothing(t *testing.T) {
	messages, ends := 0, make(map[string]int)
	for seed := range uint64(race.Fewer(1000, 150)) {
		wire := randomWire(rand.New(rand.NewPCG(seed, 1)))
		stream := uint64(1)
		h := compare(t, wire, 128<<10, func() func(int) int {
			stream++
			return cutBy(rand.New(rand.NewPCG(seed, stream)))
		})
		messages += len(h.messages)
		end, _, _ := strings.Cut(h.end, " ")
		ends[end]++
	}
	t.Log(messages, "messages, ends:", ends)
	for _, end := range []string{"closed", "too", "not", "lost", "bad"} {
		if ends[end] == 0 {
			t.Errorf("no wire ended with %q", end)
		}
	}
}

// The same for wires that are cut at every place.
func TestFramesCutAnywhere(t *testing.T) {
	long := strings.Repeat("l", 300)
	wires := map[string][]byte{
		"plain":              slices.Concat(plainFrame("one"), plainFrame(""), plainFrame(long), plainFrame("four")),
		"a ping between":     slices.Concat(plainFrame("one"), framed(0x89, "ping"), plainFrame("two"), framed(0x8a, ""), plainFrame("three")),
		"fragments":          slices.Concat(plainFrame("one"), framed(0x01, "tw"), framed(0x89, "p"), framed(0x00, "o"), framed(0x80, ""), plainFrame("three")),
		"binary":             slices.Concat(plainFrame("one"), framed(0x82, "\x00\xff"), plainFrame("three")),
		"closed":             slices.Concat(plainFrame("one"), framed(0x88, "\x03\xe8bye"), plainFrame("late")),
		"a character in two": slices.Concat(framed(0x01, "\xe6\x97"), framed(0x80, "\xa5"), plainFrame("日")),
		"too big":            slices.Concat(plainFrame("one"), plainFrame(strings.Repeat("x", 500)), plainFrame("late")),
		"longest length":     slices.Concat([]byte{0x81, 127, 0, 0, 0, 0, 0, 0, 0, 3}, []byte("one"), plainFrame("two")),
		"reserved bit":       slices.Concat(plainFrame("one"), framed(0xc1, "two"), plainFrame("late")),
		"masked":             slices.Concat(plainFrame("one"), []byte{0x81, 0x83, 1, 2, 3, 4, 't' ^ 1, 'w' ^ 2, 'o' ^ 3}, plainFrame("three")),
	}
	for name, wire := range wires {
		t.Run(name, func(t *testing.T) {
			for at := 1; at <= len(wire); at++ {
				compare(t, wire, 400, func() func(int) int { // two reads
					left := at
					return func(most int) int {
						n := min(most, max(left, 1))
						if left == 0 {
							n = most
						}
						left -= min(left, n)
						return n
					}
				})
				compare(t, wire[:at], 400, func() func(int) int { return func(int) int { return 1 } })
			}
		})
	}
}

// FuzzPlainFrames compares a session with the WebSocket library alone, over any bytes.
func FuzzPlainFrames(f *testing.F) {
	for seed := range uint64(20) {
		wire := randomWire(rand.New(rand.NewPCG(seed, 7)))
		f.Add(wire[:min(len(wire), 2000)], seed)
	}
	f.Fuzz(func(t *testing.T, wire []byte, seed uint64) {
		compare(t, wire, 1000, func() func(int) int { return cutBy(rand.New(rand.NewPCG(seed, 1))) })
	})
}

// A connection that ends within a message has lost it, wherever the end comes.
func TestEndWithinAMessage(t *testing.T) {
	long := strings.Repeat("l", 2000)
	for name, wire := range map[string][]byte{
		"plain":     plainFrame(long),
		"binary":    framed(0x82, long),
		"fragments": slices.Concat(framed(0x01, long), framed(0x89, "p"), framed(0x00, "o"), framed(0x80, "x")),
	} {
		t.Run(name, func(t *testing.T) {
			for at := range wire {
				s := sessionOver(t, &wireEnd{in: bytes.NewReader(wire[:at])}, Config{ReadLimit: 4000})
				frame, _, err := s.readFrame()
				if _, ok := errors.AsType[*LostError](err); !ok {
					t.Errorf("cut after %d bytes: a message of %d bytes, error %v; want a lost connection", at, len(frame), err)
				}
				_ = s.conn.CloseNow()
			}
		})
	}
}

// wireEnd is a connection that ends with io.EOF.
type wireEnd struct{ in *bytes.Reader }

func (w *wireEnd) Read(p []byte) (int, error)  { return w.in.Read(p) }
func (w *wireEnd) Write(p []byte) (int, error) { return len(p), nil }
func (w *wireEnd) Close() error                { return nil }
