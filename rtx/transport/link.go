package transport

import (
	"io"
	"sync/atomic"
	"time"
)

// maxHeld is how much of a burst of frames is written at once, in bytes.
const maxHeld = 16 << 10

// link is the connection below the WebSocket. It records when bytes arrive, and what of that is
// progress. It looks at the clock once for each read of the socket, and not for frames that were
// read together. It can be cut at any time, also while the WebSocket library waits for a close
// frame.
type link struct {
	intake
	rwc      io.ReadWriteCloser
	holding  atomic.Bool
	held     []byte    // written by the WebSocket library, and not sent yet
	arrived  time.Time // when bytes last came; used by the session's reader, as progress is
	progress progress
	writes   writeLimit

	broken atomic.Pointer[error] // the first error of the connection itself
	cut    atomic.Bool

	peer  atomic.Bool // the other side ended the connection
	other atomic.Bool // another error broke it, such as a timeout of the system
}

func newLink(rwc io.ReadWriteCloser) *link {
	l := &link{rwc: rwc}
	l.progress.begin()
	return l
}

// whole records that the last packet is complete, which is progress.
func (l *link) whole() { l.progress.mark(l.arrived) }

// fill reads from the socket. It records no progress after yield, because from there on more than
// one goroutine reads.
func (l *link) fill(p []byte) (int, error) {
	n, err := l.rwc.Read(p)
	if n > 0 && !l.yielded() {
		l.arrived = time.Now()
		l.progress.bytes(n, l.arrived)
	}
	if err != nil {
		l.fail(err)
	}
	return n, err
}

// hold(true) makes Write keep up to maxHeld bytes, until a write after hold(false). So many frames
// go out in one system call. The caller is the only sender.
func (l *link) hold(on bool) { l.holding.Store(on) }

// Write is called by one goroutine at a time, because the WebSocket library does so.
func (l *link) Write(p []byte) (int, error) {
	on := l.holding.Load()
	if !on && len(l.held) == 0 {
		return l.send(p)
	}
	l.held = append(l.held, p...)
	if on && len(l.held) < maxHeld {
		return len(p), nil
	}
	_, err := l.send(l.held)
	l.held = l.held[:0]
	if !on {
		l.held = nil
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// send writes to the socket.
func (l *link) send(p []byte) (int, error) {
	n, err := l.rwc.Write(p)
	l.writes.accepted(n)
	if err != nil {
		l.fail(err)
	}
	return n, err
}

// Close cuts the connection. Only the first call does so. A second one does not wait for it.
func (l *link) Close() error {
	if l.cut.Swap(true) {
		return nil
	}
	l.writes.stop()
	return l.rwc.Close()
}

// fail is not part of Read because err would then be allocated for each read.
func (l *link) fail(err error) {
	l.broken.CompareAndSwap(nil, &err)
	switch {
	case byPeer(err) && !l.cut.Load():
		l.peer.Store(true)
	case !byPeer(err) && !byUs(err):
		l.other.Store(true)
	}
}

// endedByPeer reports whether the other side ended the connection. After a timeout of the system,
// either reading or writing gets that error, and the other looks like an end by the peer. So any
// other error makes it unclear.
func (l *link) endedByPeer() bool { return l.peer.Load() && !l.other.Load() }

// fault returns the first error of the connection itself, or nil.
func (l *link) fault() error {
	if err := l.broken.Load(); err != nil {
		return *err
	}
	return nil
}
