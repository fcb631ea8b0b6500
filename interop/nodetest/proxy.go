package nodetest

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy is a TCP proxy on loopback in front of an address. Its methods may be called concurrently.
type Proxy struct {
	ln net.Listener
	wg sync.WaitGroup

	mu     sync.Mutex
	target string
	links  map[*link]struct{}
	closed bool

	up, down pace // to the target, and from it
}

// pace is how fast bytes pass in one direction, all links together.
type pace struct {
	mu   sync.Mutex
	rate int       // bytes a second; 0: as fast as they can
	free time.Time // when the next may pass
}

// take waits until n bytes may pass.
func (p *pace) take(n int, ended <-chan struct{}) {
	p.mu.Lock()
	if p.rate == 0 {
		p.mu.Unlock()
		return
	}
	if now := time.Now(); p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(n) * time.Second / time.Duration(p.rate))
	wait := time.Until(p.free)
	p.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ended:
	}
}

func (p *pace) limited() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rate > 0
}

func (p *pace) set(rate int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// link is a client's connection and ours to the target.
type link struct {
	client, server net.Conn
	frozen         chan struct{} // closed: nothing passes any more
	once           sync.Once
	ended          chan struct{} // closed: both ends are closed
	endOnce        sync.Once
}

// StartProxy starts a proxy in front of target (host:port). It ends with the test.
func StartProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: target, ln: ln, links: make(map[*link]struct{})}
	p.wg.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// URL is the proxy's base URL, http://127.0.0.1:port.
func (p *Proxy) URL() string { return "http://" + p.ln.Addr().String() }

// SetTarget sends new links to another address, as a balancer does whose node has died. Open links
// stay.
func (p *Proxy) SetTarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Limit lets so many bytes a second pass in each direction, over all links together. 0 ends that.
func (p *Proxy) Limit(bytesPerSecond int) {
	p.up.set(bytesPerSecond)
	p.down.set(bytesPerSecond)
}

// Cut resets every open link on both sides and gives their number. New ones are served.
func (p *Proxy) Cut() int {
	links := p.open()
	for _, l := range links {
		l.end()
	}
	return len(links)
}

// Freeze turns every open link half-open and gives their number: no byte passes any more in either
// direction, and no end learns that the other has closed. New links are served.
func (p *Proxy) Freeze() int {
	links := p.open()
	for _, l := range links {
		l.once.Do(func() { close(l.frozen) })
	}
	return len(links)
}

func (p *Proxy) open() []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	links := make([]*link, 0, len(p.links))
	for l := range p.links {
		links = append(links, l)
	}
	return links
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.ln.Close()
	p.Cut()
	p.wg.Wait()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(conn) })
	}
}

func (p *Proxy) serve(conn net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		reset(conn)
		return
	}
	if p.up.limited() { // little waits in between, so that each end feels it
		for _, end := range []net.Conn{conn, server} {
			_ = end.(*net.TCPConn).SetReadBuffer(64 << 10)
			_ = end.(*net.TCPConn).SetWriteBuffer(64 << 10)
		}
	}
	l := &link{client: conn, server: server, frozen: make(chan struct{}), ended: make(chan struct{})}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		l.end()
		return
	}
	p.links[l] = struct{}{}
	p.mu.Unlock()

	var both sync.WaitGroup
	both.Go(func() { l.pass(server, conn, &p.up) })
	both.Go(func() { l.pass(conn, server, &p.down) })
	both.Wait()
	_ = conn.Close()
	_ = server.Close()

	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// pass copies one direction until it ends or the link freezes; a frozen link is kept until the
// proxy ends it.
func (l *link) pass(dst, src net.Conn, p *pace) {
	buf := make([]byte, 4<<10)
	for {
		n, err := src.Read(buf)
		p.take(n, l.ended)
		if n > 0 && !l.isFrozen() {
			if _, werr := dst.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		switch {
		case l.isFrozen():
			<-l.ended
			return
		case err == io.EOF: //nolint:errorlint // a net.Conn returns it unwrapped
			if tcp, ok := dst.(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
			}
			return
		case err != nil:
			l.end()
			return
		}
	}
}

func (l *link) isFrozen() bool {
	select {
	case <-l.frozen:
		return true
	default:
		return false
	}
}

func (l *link) end() {
	l.endOnce.Do(func() {
		close(l.ended)
		reset(l.client)
		reset(l.server)
	})
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
