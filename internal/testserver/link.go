package testserver

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// Link describes the way between clients and server. The zero Link is the bare loopback or pipe.
type Link struct {
	Latency        time.Duration // added on the way to the client
	BytesPerSecond int           // of either direction; 0 is unlimited
}

// sendWindow is how much a slow link takes from the server before writes wait, as the buffers of a
// socket do.
const sendWindow = 64 << 10

// link is one accepted connection, which can be muted, slowed and cut.
type link struct {
	net.Conn
	network *network
	number  uint64
	closed  chan struct{}
	reading sync.WaitGroup // the server's own reads, none of which begins once shut is true

	mu      sync.Mutex
	muted   bool
	shut    bool
	profile Link
	slow    *slowWriter
}

func newLink(c net.Conn, n *network, p Link) *link {
	return &link{Conn: c, network: n, closed: make(chan struct{}), profile: p}
}

// Read reads. On a muted link what comes is thrown away, and nothing, not even the client's close,
// is seen until the server closes.
func (l *link) Read(p []byte) (int, error) {
	for {
		if !l.beginRead() {
			return 0, net.ErrClosed
		}
		n, err := l.Conn.Read(p)
		l.reading.Done()
		l.mu.Lock()
		muted, rate := l.muted, l.profile.BytesPerSecond
		l.mu.Unlock()
		if !muted {
			if rate > 0 && n > 0 {
				l.pause(transit(n, rate))
			}
			return n, err
		}
		if err == nil {
			continue
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && !l.isShut() {
			return 0, err
		}
		<-l.closed
		return 0, net.ErrClosed
	}
}

func (l *link) beginRead() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.shut {
		l.reading.Add(1)
	}
	return !l.shut
}

// Write writes. A muted link takes everything and passes nothing on.
func (l *link) Write(p []byte) (int, error) {
	l.mu.Lock()
	if l.muted {
		l.mu.Unlock()
		if l.isShut() {
			return 0, net.ErrClosed
		}
		return len(p), nil
	}
	slow := l.slow
	if slow == nil && l.profile != (Link{}) && !l.shut {
		slow = newSlowWriter(l)
		l.slow = slow
	}
	l.mu.Unlock()
	if slow != nil {
		return slow.Write(p)
	}
	return l.Conn.Write(p)
}

// Close closes the server's end. The other end of a muted link hears nothing of it: its bytes go on
// being taken until it closes.
func (l *link) Close() error {
	l.mu.Lock()
	if l.shut {
		l.mu.Unlock()
		return net.ErrClosed
	}
	l.shut = true
	muted, slow := l.muted, l.slow
	close(l.closed)
	l.mu.Unlock()
	if !muted && slow == nil {
		l.network.forget(l)
		return l.Conn.Close()
	}
	if !muted {
		// The slow writer lets out what it has, then closes.
		return l.Conn.SetReadDeadline(time.Unix(1, 0))
	}
	l.Conn.SetDeadline(time.Unix(1, 0)) // releases the server's own reads and writes
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	if l.network.closed {
		return l.Conn.Close()
	}
	l.network.drained.Go(l.drain)
	return nil
}

// drain takes what the client goes on sending into a link that the server has given up.
func (l *link) drain() {
	l.reading.Wait() // the deadline has released them
	l.Conn.SetReadDeadline(time.Time{})
	buf := make([]byte, 4<<10)
	for {
		if _, err := l.Conn.Read(buf); err != nil {
			l.network.forget(l)
			l.Conn.Close()
			return
		}
	}
}

// mute makes the link half-open: it stays up, and nothing passes.
func (l *link) mute() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.muted = true
}

func (l *link) isMuted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.muted
}

// Reset closes the link by a reset. Of a muted one only the server's end: an end that overtook what
// was swallowed before it would be none that TCP can show.
func (l *link) Reset() {
	if l.isMuted() {
		l.Close()
		return
	}
	l.cut(true)
}

// cut closes both ends of the link, muted or not, with a reset if hard.
func (l *link) cut(hard bool) {
	l.mu.Lock()
	if !l.shut {
		l.shut = true
		close(l.closed)
	}
	l.mu.Unlock()
	l.network.forget(l)
	if hard {
		reset(l.Conn)
		return
	}
	l.Conn.Close()
}

func (l *link) isShut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shut
}

func (l *link) setProfile(p Link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.profile = p
}

// pause waits, or until the link is closed.
func (l *link) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.closed:
	}
}

func transit(bytes, rate int) time.Duration {
	return time.Duration(float64(bytes) / float64(rate) * float64(time.Second))
}

// slowWriter passes what is written on as late and as slowly as the link's profile says, in order.
type slowWriter struct {
	link *link
	room chan struct{} // has a token when bytes have left, or the writer has failed

	mu      sync.Mutex
	err     error
	waiting int // bytes
	queue   chan slowChunk
}

type slowChunk struct {
	data []byte
	sent time.Time
}

func newSlowWriter(l *link) *slowWriter {
	w := &slowWriter{link: l, room: make(chan struct{}, 1), queue: make(chan slowChunk, 1024)}
	l.network.drained.Go(w.run)
	return w
}

func (w *slowWriter) Write(p []byte) (int, error) {
	for {
		w.mu.Lock()
		err, full := w.err, w.waiting > 0 && w.waiting+len(p) > sendWindow
		if err == nil && !full {
			w.waiting += len(p)
		}
		w.mu.Unlock()
		if err != nil {
			return 0, err
		}
		if !full {
			break
		}
		select {
		case <-w.room:
		case <-w.link.closed:
			return 0, net.ErrClosed
		}
	}
	if w.link.isShut() { // select would take either
		return 0, net.ErrClosed
	}
	select {
	case w.queue <- slowChunk{data: append([]byte(nil), p...), sent: time.Now()}:
		return len(p), nil
	case <-w.link.closed:
		return 0, net.ErrClosed
	}
}

func (w *slowWriter) run() {
	for {
		if w.link.isShut() { // select would take either
			w.finish()
			return
		}
		select {
		case c := <-w.queue:
			if w.pass(c) != nil {
				return
			}
		case <-w.link.closed:
		}
	}
}

// pass writes one chunk when its time has come.
func (w *slowWriter) pass(c slowChunk) error {
	w.link.mu.Lock()
	profile, muted := w.link.profile, w.link.muted
	w.link.mu.Unlock()
	wait := time.Until(c.sent.Add(profile.Latency))
	if profile.BytesPerSecond > 0 {
		wait = max(wait, 0) + transit(len(c.data), profile.BytesPerSecond)
	}
	if wait > 0 {
		w.link.pause(wait)
	}
	var err error
	if !muted {
		_, err = w.link.Conn.Write(c.data)
	}
	w.mu.Lock()
	w.waiting -= len(c.data)
	w.err = err
	w.mu.Unlock()
	select {
	case w.room <- struct{}{}:
	default:
	}
	return err
}

// finish passes on what the server wrote before it closed the link, and closes.
func (w *slowWriter) finish() {
	w.link.mu.Lock()
	muted := w.link.muted
	w.link.mu.Unlock()
	if muted {
		return // the link is drained, and closed, by itself
	}
	w.link.Conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	for {
		select {
		case c := <-w.queue:
			if w.pass(c) == nil {
				continue
			}
		default:
		}
		w.link.network.forget(w.link)
		w.link.Conn.Close()
		return
	}
}
