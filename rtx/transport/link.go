package transport

import (
	"io"
	"sync/atomic"
	"time"
)

// link is the connection under the WebSocket. It notes when bytes arrive, which
// costs one look at the clock for each read of the socket and none for a frame
// that was read along with an earlier one, and it can be cut at any moment, also
// while the WebSocket library waits for a close frame.
type link struct {
	rwc  io.ReadWriteCloser
	base time.Time // what mono counts from
	mono atomic.Int64
	wall atomic.Int64

	broken atomic.Pointer[error] // the first error of the connection itself
	cut    atomic.Bool
}

func newLink(rwc io.ReadWriteCloser) *link {
	l := &link{rwc: rwc, base: time.Now()}
	l.wall.Store(l.base.UnixNano())
	return l
}

func (l *link) Read(p []byte) (int, error) {
	n, err := l.rwc.Read(p)
	if n > 0 {
		now := time.Now()
		l.mono.Store(int64(now.Sub(l.base)))
		l.wall.Store(now.UnixNano())
	}
	if err != nil {
		l.fail(err)
	}
	return n, err
}

func (l *link) Write(p []byte) (int, error) {
	n, err := l.rwc.Write(p)
	if err != nil {
		l.fail(err)
	}
	return n, err
}

// Close cuts the connection. Only the first call does anything, and a second
// does not wait for it.
func (l *link) Close() error {
	if l.cut.Swap(true) {
		return nil
	}
	return l.rwc.Close()
}

// fail is apart from Read because err would be allocated there, for each read.
func (l *link) fail(err error) { l.broken.CompareAndSwap(nil, &err) }

// fault is the first error of the connection itself, if there was one.
func (l *link) fault() error {
	if err := l.broken.Load(); err != nil {
		return *err
	}
	return nil
}

func (l *link) receivedAt() time.Time { return time.Unix(0, l.wall.Load()) }

func (l *link) silence() time.Duration {
	return time.Since(l.base) - time.Duration(l.mono.Load())
}
