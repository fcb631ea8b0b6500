package transport

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"
	"sync/atomic"
)

const (
	// smallBuffer is the read buffer of an idle session, in bytes.
	smallBuffer = 512
	// readAhead is how much a busy link reads at once, in bytes.
	readAhead = 32 << 10
	// maxPlain is the longest frame that is taken from the buffer, with its header, in bytes.
	maxPlain = 64 << 10
)

// maxEmptyReads is how often in a row a connection may return neither bytes nor an error.
const maxEmptyReads = 100

// maxHeader is the longest header of a WebSocket frame without a mask, in bytes.
const maxHeader = 10

// intake is the reading half of a link. It owns the bytes that were read from the socket.
//
// Nearly every frame has the simplest form: a whole text message without a mask, and short. Such a
// frame is taken from the buffer without the WebSocket library and without a copy, by frame. The
// library reads every other frame, by Read, and Read gives it no byte beyond the end of that frame.
// So after a whole message the library holds nothing back, and the buffer begins with a frame.
//
// The reader calls frame, and between its calls it may read by the library. Close of the library
// reads as well, on another goroutine. So it is preceded by yield.
type intake struct {
	buf      []byte // buf[r:w] was read from the socket, and not taken yet
	r, w     int
	due      int64        // so many bytes of a frame the library may still read
	last     bool         // that frame, or the data frame before it, ends its message
	remains  atomic.Int64 // due, for the reader
	length   atomic.Int64 // of the payload of the last data frame, if that is a whole message; else 0
	atEnd    atomic.Bool  // the library has all bytes of its last message
	full     bool         // a read filled the buffer, so there is more to come
	used     bool         // the part of the buffer beyond smallBuffer was needed since the last release
	ahead    bool         // a whole event follows the last frame in the buffer
	settling bool         // the reader asked for a release

	turn atomic.Int32
	left chan struct{} // closed when frame has returned for the last time; made by yield
	own  bool          // the library has what was left, and no byte of the last frame
}

// Values of turn: who may use the buffer.
const (
	turnFree    = iota // nobody does
	turnReader         // frame does
	turnLibrary        // only the library may, from now on
)

// yield leaves the buffer to the WebSocket library, on whatever goroutine that reads. It may be
// called while frame runs, and only once.
func (l *link) yield() {
	l.left = make(chan struct{})
	if l.turn.Swap(turnLibrary) != turnReader {
		close(l.left)
	}
}

// yielded reports whether the reader has lost its turn.
func (l *link) yielded() bool { return l.turn.Load() == turnLibrary }

// frame takes the next frame if it is a whole text message of up to limit bytes, in the simplest
// form. The payload is valid until the next call. If ok is false and there is no error, the
// WebSocket library must read the frame. There is one caller, who has read the library's last
// message to its end.
func (l *link) frame(limit int64) (payload []byte, ok bool, err error) {
	if !l.turn.CompareAndSwap(turnFree, turnReader) {
		return nil, false, nil
	}
	if l.settling {
		l.release()
	}
	l.ahead = false
	payload, ok, err = l.plain(limit)
	if !l.turn.CompareAndSwap(turnReader, turnFree) {
		close(l.left)
	}
	return payload, ok, err
}

// plain is frame in the reader's turn.
func (l *link) plain(limit int64) (payload []byte, ok bool, err error) {
	for {
		head, size, known := header(l.buf[l.r:l.w])
		if !known {
			if err := l.more(head); err != nil {
				return nil, false, err
			}
			continue
		}
		have := l.buf[l.r:l.w]
		if have[0] != 0x81 || !shortest(have[1], size) || size > limit || size > maxPlain-maxHeader {
			return nil, false, nil
		}
		end := head + int(size)
		if len(have) >= end {
			l.r += end
			l.ahead = follows(have[end:], limit)
			return have[head:end:end], true, nil
		}
		if err := l.rest(end); err != nil {
			return nil, false, err
		}
	}
}

// follows reports whether b begins with the whole frame of an event, for which Recv does not wait. A
// ping or another packet that Recv passes over does not count: Recv would wait behind it.
func follows(b []byte, limit int64) bool {
	head, size, known := header(b)
	return known && b[0] == 0x81 && b[1] < 0x80 && uint64(size) <= uint64(len(b)-head) && size <= limit &&
		size > 3 && string(b[head:head+3]) == "42["
}

// rest reads until the buffer has the whole of a frame, whose parts count as progress meanwhile.
func (l *link) rest(end int) (err error) {
	l.progress.message(int64(end - (l.w - l.r)))
	for l.w-l.r < end && err == nil {
		err = l.more(end)
	}
	l.progress.message(0)
	return err
}

// header reads the header of the frame that b begins with. If b has only a part of it, known is
// false, and head is how many bytes are needed to go on. size is the length of the payload; it is
// negative if that is more than an int64 holds.
func header(b []byte) (head int, size int64, known bool) {
	if len(b) < 2 {
		return 2, 0, false
	}
	head, size = 2, int64(b[1]&0x7f)
	switch size {
	case 126:
		head = 4
	case 127:
		head = maxHeader
	}
	if len(b) < head {
		return head, 0, false
	}
	switch head {
	case 4:
		size = int64(binary.BigEndian.Uint16(b[2:]))
	case maxHeader:
		size = int64(binary.BigEndian.Uint64(b[2:]))
	}
	return head, size, true
}

// shortest reports whether the second byte of a frame says that there is no mask, and that the
// length has the shortest form, as RFC 6455 section 5.2 demands. What to do about any other form is
// for the WebSocket library to decide.
func shortest(second byte, size int64) bool {
	switch second {
	case 126:
		return size > 125
	case 127:
		return size > math.MaxUint16
	}
	return second < 126
}

// more reads from the socket once. It makes room for need bytes from l.r on.
func (l *link) more(need int) error {
	rest := l.w - l.r
	switch size := l.size(need); {
	case size > len(l.buf):
		bigger := make([]byte, size)
		copy(bigger, l.buf[l.r:l.w])
		l.buf, l.r, l.w = bigger, 0, rest
	case l.r > 0:
		copy(l.buf, l.buf[l.r:l.w])
		l.r, l.w = 0, rest
	}
	for range maxEmptyReads {
		n, err := l.fill(l.buf[l.w:])
		l.full = l.full || n == len(l.buf)-l.w
		l.w += n
		l.used = l.used || l.w > smallBuffer
		if n > 0 {
			return nil // an error is met again by the next read
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// size returns how large the buffer must be for need bytes. While there is always more to read, it
// has room for several frames, so that one read of the socket takes them all.
func (l *link) size(need int) int {
	size := max(len(l.buf), smallBuffer)
	if need > size {
		size = 1 << bits.Len(uint(need-1))
	}
	if l.full {
		size = max(size, readAhead)
		if need > size/4 {
			size = maxPlain
		}
	}
	return size
}

// Read gives the WebSocket library bytes of one frame. One goroutine at a time calls it, because the
// library does so, and never while frame runs, except after yield.
func (l *link) Read(p []byte) (int, error) {
	n, err := l.part(p)
	l.due -= int64(n)
	l.remains.Store(l.due)
	l.atEnd.Store(l.due == 0 && l.last)
	return n, err
}

// complete reports whether the library has read the whole of its last message. It does not say so
// itself: to it, a connection that ends within a message ends the message.
func (l *link) complete() bool { return l.atEnd.Load() }

// part is Read without the account of what is due.
func (l *link) part(p []byte) (int, error) {
	if l.yielded() && !l.own {
		<-l.left
		l.own = true
		l.buf = l.buf[l.r:l.w] // the reader may still have the frame before it
		l.r, l.w = 0, len(l.buf)
	}
	if l.due == 0 {
		due, err := l.measure()
		if due == 0 {
			return 0, err
		}
		l.due = due
	}
	p = p[:min(int64(len(p)), l.due)]
	if l.r == l.w {
		if len(p) >= readAhead {
			return l.fill(p)
		}
		if err := l.more(int(min(l.due, readAhead))); err != nil {
			return 0, err
		}
	}
	n := copy(p, l.buf[l.r:l.w])
	l.r += n
	return n, nil
}

// measure returns the length of the next frame with its header. If the connection ends within the
// header, it is the length of what there is of it.
func (l *link) measure() (int64, error) {
	for {
		have := l.buf[l.r:l.w]
		head, size, known := header(have)
		if !known {
			if err := l.more(head); err != nil {
				return int64(len(have)), err
			}
			continue
		}
		if have[1] > 0x7f {
			head += 4 // the mask
		}
		if control := have[0]&0x08 != 0; !control {
			l.last = have[0]&0x80 != 0
			l.length.Store(0)
			if continues := have[0]&0x0f == 0; l.last && !continues {
				l.length.Store(max(size, 0))
			}
		}
		if size < 0 || size > math.MaxInt64-int64(head) {
			size = 0 // the library refuses it
		}
		return int64(head) + size, nil
	}
}

// settle makes the next call of frame release the buffer, if it was not needed since the last time.
// The caller is the one of frame.
func (l *link) settle() { l.settling = true }

func (l *link) release() {
	l.settling = false
	if !l.used && l.r == l.w && len(l.buf) > smallBuffer {
		l.buf, l.r, l.w = nil, 0, 0
	}
	l.used, l.full = false, false
}
