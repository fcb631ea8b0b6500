package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A Reader reads a recording. Only one goroutine at a time may use it. It needs no closing.
type Reader struct {
	in      *bufio.Reader
	header  Header
	line    int
	read    int64 // bytes
	buf     []byte
	lastAt  time.Duration
	dials   int
	failure error // of the last call of Next, returned by those that follow
}

// NewReader reads the header of a recording. The errors are a *[VersionError], a *[FormatError], a
// *[LimitError], or that of r.
func NewReader(r io.Reader) (*Reader, error) {
	in := &Reader{in: bufio.NewReaderSize(r, 64<<10)}
	text, err := in.next()
	switch {
	case err == io.EOF: //nolint:errorlint // an io.Reader returns it unwrapped
		return nil, &FormatError{Line: 1, Reason: "is missing: the file is empty"}
	case err != nil:
		return nil, err
	}
	if json.Unmarshal(text, &in.header) != nil || in.header.Format != Format {
		return nil, &FormatError{Line: 1, Reason: "is no header of a recording"}
	}
	if in.header.Version != Version {
		return nil, &VersionError{Version: in.header.Version}
	}
	return in, nil
}

// Header returns the header.
func (r *Reader) Header() Header { return r.header }

// Next returns the next entry. Its slices are the caller's to keep. At the end the error is io.EOF;
// others are a *[FormatError], a *[LimitError], or that of the underlying reader. An error is final.
// A last line without its line break is cut off, as by the end of the program that wrote it, and
// counts as the end.
func (r *Reader) Next() (Entry, error) {
	if r.failure != nil {
		return Entry{}, r.failure
	}
	e, err := r.entry()
	r.failure = err
	return e, err
}

func (r *Reader) entry() (Entry, error) {
	text, err := r.next()
	if err != nil {
		return Entry{}, err
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return Entry{}, r.fault("is no entry of a recording")
	}
	e := l.entry()
	if reason := r.check(&e); reason != "" {
		return Entry{}, r.fault(reason)
	}
	r.lastAt = e.At
	return e, nil
}

// next returns the next line, valid until the next call.
func (r *Reader) next() ([]byte, error) {
	r.buf = r.buf[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.read += int64(len(part))
		if r.read > MaxSize {
			return nil, &LimitError{Limit: "size", Max: MaxSize}
		}
		if len(r.buf)+len(part) > MaxLine {
			return nil, &LimitError{Limit: "line", Max: MaxLine}
		}
		r.buf = append(r.buf, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return nil, err
		}
		r.line++
		return bytes.TrimSpace(r.buf), nil
	}
}

func (r *Reader) fault(reason string) error { return &FormatError{Line: r.line, Reason: reason} }

// maxID bounds the ids of an entry, in bytes, as package transport bounds those of the service.
const maxID = 1 << 10

// maxTime bounds the times of an entry: no heartbeat is that slow, and no recording that long.
const maxTime = 366 * 24 * time.Hour

// check returns what is wrong with an entry, or "" if nothing is.
func (r *Reader) check(e *Entry) string {
	for _, d := range []time.Duration{e.At, e.PingInterval, e.PingTimeout, e.RetryAfter, e.Silence} {
		if d < 0 || d > maxTime {
			return "has a time that can't be"
		}
	}
	for _, id := range []string{e.PID, e.Offset, e.SocketID} {
		if len(id) > maxID {
			return "has an id that is too long"
		}
	}
	switch {
	case e.At < r.lastAt:
		return "has a time before that of the line above"
	case e.Kind == KindDial:
		if r.dials++; e.Conn != r.dials {
			return "has a number of a connection that is out of order"
		}
		return ""
	case e.Kind != KindStopped && (e.Conn < 1 || e.Conn > r.dials):
		return "belongs to a connection that was not begun"
	}
	switch e.Kind {
	case KindConnected:
		if e.SocketID == "" || e.PingInterval < time.Millisecond || e.PingTimeout < time.Millisecond {
			return "lacks what a connection has"
		}
	case KindReceived, KindSent:
		return checkPacket(e)
	case KindRefused, KindFailed, KindEnded, KindStopped:
	default:
		return "has a kind that is not known"
	}
	return ""
}

func checkPacket(e *Entry) string {
	switch e.Type {
	case transport.PacketEvent, transport.PacketAck:
		if len(e.Buffers) > 0 {
			return "has attachments on a packet that takes none"
		}
	case transport.PacketBinaryEvent, transport.PacketBinaryAck:
		if len(e.Buffers) > maxBuffers {
			return "has too many attachments"
		}
	default:
		return "has a packet of an unknown type"
	}
	if e.Text == "" && (len(e.Data) == 0 || e.Data[0] != '[') {
		return "has a packet that is no array"
	}
	return ""
}

// maxBuffers is how many attachments package transport takes.
const maxBuffers = 10
