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
	rate   int // bytes a second, each way; 0: no limit
	links  map[*link]struct{}
	closed bool
}

// link is a client's connection and ours to the target.
type link struct {
	client, server net.Conn
	rate           int           // bytes a second, each way; 0: no limit
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

// SetRate makes new links as slow as this, in bytes a second, each way. Little waits in between, so
// that each end feels it. With 0 there is no limit. Open links stay.
func (p *Proxy) SetRate(bytesPerSecond int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = bytesPerSecond
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
	target, rate := p.target, p.rate
	p.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		reset(conn)
		return
	}
	if rate > 0 {
		for _, end := range []net.Conn{conn, server} {
			_ = end.(*net.TCPConn).SetReadBuffer(64 << 10)
			_ = end.(*net.TCPConn).SetWriteBuffer(64 << 10)
		}
	}
	l := &link{rate: rate, client: conn, server: server, frozen: make(chan struct{}), ended: make(chan struct{})}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		l.end()
		return
	}
	p.links[l] = struct{}{}
	p.mu.Unlock()

	var both sync.WaitGroup
	both.Go(func() { l.pass(server, conn) })
	both.Go(func() { l.pass(conn, server) })
	both.Wait()
	_ = conn.Close()
	_ = server.Close()

	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// pass copies one direction until it ends or the link freezes; a frozen link is kept until the
// proxy ends it.
func (l *link) pass(dst, src net.Conn) {
	buf := make([]byte, 32<<10)
	if l.rate > 0 {
		buf = buf[:max(1, l.rate/20)] // what passes in 50 ms
	}
	var due time.Time
	for {
		n, err := src.Read(buf)
		if l.rate > 0 {
			// By the time that all of it takes, so that what one sleep is late the next one is not.
			if now := time.Now(); due.Before(now) {
				due = now
			}
			due = due.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
			time.Sleep(time.Until(due))
		}
		if n > 0 && !l.isFrozen() {
			if _, werr := dst.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		switch {
		case l.isFrozen():
			<-l.ended
			return
		case err == io.EOF:
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
