package nodetest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy is a TCP proxy on loopback in front of an address. Its methods may be called concurrently.
type Proxy struct {
	ln net.Listener
	wg sync.WaitGroup

	mu     sync.Mutex
	target string
	links  map[*link]struct{}
	closed bool
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
	for {
		n, err := src.Read(buf)
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
