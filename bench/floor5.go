package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/realtimex/realtimex-go/internal/plain"
)

// plainFloor is a floor without a WebSocket library: it reads the simplest frames there are from a
// buffer of its own, and nothing else.
type plainFloor struct {
	conn net.Conn
	plainFrames
}

// plainBuffer is the size of a plainFloor's buffer in bytes.
const plainBuffer = 64 << 10

// dialPlainFloor connects as far as connection_established.
func dialPlainFloor(s spec) (*plainFloor, error) {
	req, err := http.NewRequest(http.MethodGet, "http"+s.URL[len("ws"):]+"/socket.io/?EIO=4&transport=websocket&api_key="+s.Key, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		req.Header.Set(name, value)
	}
	conn, err := net.Dial("tcp", req.URL.Host)
	if err != nil {
		return nil, err
	}
	if err := req.Write(conn); err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("the handshake was answered by %s", resp.Status)
	}
	f := &plainFloor{conn: conn, plainFrames: plainFrames{from: conn, buf: make([]byte, plainBuffer)}}
	early, _ := in.Peek(in.Buffered())
	f.w = copy(f.buf, early)
	return f, enter(f)
}

func (f *plainFloor) write(text string) error {
	n := len(text)
	if n >= 126 {
		return fmt.Errorf("%w: %d bytes to write", errFrame, n)
	}
	// The mask is zero: the bytes are sent as they are.
	frame := append([]byte{0x81, 0x80 | byte(n), 0, 0, 0, 0}, text...)
	_, err := f.conn.Write(frame)
	return err
}

// plainFrames reads a server's text frames: whole, not masked, and no longer than its buffer.
type plainFrames struct {
	from io.Reader
	buf  []byte // buf[r:w] was read, and not taken yet
	r, w int
}

var errFrame = errors.New("frame is not of the only form that floor5 knows")

// read returns the next frame's text, which is valid until the next read.
func (f *plainFrames) read() ([]byte, error) {
	for {
		b := f.buf[f.r:f.w]
		head, size := 2, 0
		if len(b) >= 2 {
			if b[0] != 0x81 || b[1]&0x80 != 0 { // a whole text message, without a mask
				return nil, fmt.Errorf("%w: %x", errFrame, b[:2])
			}
			if size = int(b[1]); size == 126 {
				head = 4
			} else if size == 127 {
				return nil, fmt.Errorf("%w: 64 KiB or more", errFrame)
			}
		}
		if len(b) >= head {
			if head == 4 {
				size = int(binary.BigEndian.Uint16(b[2:]))
			}
			if head+size > len(f.buf) {
				return nil, fmt.Errorf("%w: %d bytes", errFrame, size)
			}
			if len(b) >= head+size {
				f.r += head + size
				text := b[head : head+size]
				if !utf8.Valid(text) {
					return nil, fmt.Errorf("%w: not UTF-8", errFrame)
				}
				return text, nil
			}
		}
		if err := f.more(); err != nil {
			return nil, err
		}
	}
}

// more reads what there is. The part of a frame that is there already moves to the front first.
func (f *plainFrames) more() error {
	f.w = copy(f.buf, f.buf[f.r:f.w])
	f.r = 0
	n, err := f.from.Read(f.buf[f.w:])
	f.w += n
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// plainDecode returns a decoder by the library's short way, and by its long one for what the short
// one leaves. One goroutine uses it, for one p.
func plainDecode() func(data []byte, p *Payload) error {
	full := func(data []byte, v any) error { return json.Unmarshal(data, v, jsonOptions) }
	short := plain.New(reflect.TypeFor[Payload](), full)
	return func(data []byte, p *Payload) error {
		if short.Decode(data, reflect.ValueOf(p).Elem()) {
			return nil
		}
		*p = Payload{}
		return decode(data, p)
	}
}

// floor5 is floor4 with a frame reader of its own and the library's short decoder.
func floor5(s spec, t *tally, ready func()) error {
	f, err := dialPlainFloor(s)
	if err != nil {
		return err
	}
	if err := subscribe(f, channelName); err != nil {
		return err
	}
	ready()
	return eventsByChannel(f, s, t, plainDecode())
}
