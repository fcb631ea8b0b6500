package testserver

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

// The addresses of a server over pipes. They are of this machine, so that clients let plain HTTP go
// there, and nothing listens on them: a client that was not given Server.HTTPClient is refused by
// the operating system.
const (
	pipeAddr     = "127.0.0.1:1"
	pipeAuthAddr = "127.0.0.1:2"
)

// network is the listener of a server, TCP or pipes, with every connection that it has accepted.
type network struct {
	inner   net.Listener
	pipe    *pipeListener // inner, if it is one
	drained sync.WaitGroup

	mu      sync.Mutex
	down    bool
	closed  bool
	links   map[*link]struct{}
	made    uint64 // links are numbered
	profile Link
}

func newNetwork(inner net.Listener) *network {
	n := &network{inner: inner, links: make(map[*link]struct{})}
	n.pipe, _ = inner.(*pipeListener)
	return n
}

// Accept gives the next connection, with the faults of this network on it.
func (n *network) Accept() (net.Conn, error) {
	for {
		c, err := n.inner.Accept()
		if err != nil {
			return nil, err
		}
		n.mu.Lock()
		if n.down || n.closed {
			n.mu.Unlock()
			reset(c)
			continue
		}
		n.made++
		l := newLink(c, n, n.profile)
		l.number = n.made
		n.links[l] = struct{}{}
		n.mu.Unlock()
		return l, nil
	}
}

func (n *network) Addr() net.Addr { return n.inner.Addr() }

// Close stops accepting. Connections stay.
func (n *network) Close() error { return n.inner.Close() }

// shut closes what is left after the server has ended: connections that are muted stay open until
// then.
func (n *network) shut() {
	n.inner.Close()
	n.mu.Lock()
	n.closed = true
	links := n.all()
	n.mu.Unlock()
	for _, l := range links {
		l.cut(false)
	}
	n.drained.Wait()
}

// setDown makes the network refuse connections.
func (n *network) setDown() { n.setState(true) }

// setUp ends setDown.
func (n *network) setUp() { n.setState(false) }

func (n *network) setState(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

// cutAll resets every link.
func (n *network) cutAll() {
	n.mu.Lock()
	links := n.all()
	n.mu.Unlock()
	for _, l := range links {
		l.Reset()
	}
}

func (n *network) setProfile(p Link) {
	n.mu.Lock()
	n.profile = p
	links := n.all()
	n.mu.Unlock()
	for _, l := range links {
		l.setProfile(p)
	}
}

// all lists the links, oldest first, so that a fault comes to all in the same order each time. n.mu
// is held.
func (n *network) all() []*link {
	return slices.SortedFunc(maps.Keys(n.links), func(a, b *link) int { return cmp.Compare(a.number, b.number) })
}

func (n *network) forget(l *link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.links, l)
}

func (n *network) isDown() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.down || n.closed
}

// dial connects to a network of pipes.
func (n *network) dial(ctx context.Context) (net.Conn, error) {
	if n.isDown() {
		return nil, refused(n.Addr())
	}
	return n.pipe.dial(ctx)
}

func refused(addr net.Addr) error {
	return &net.OpError{Op: "dial", Net: addr.Network(), Addr: addr, Err: syscall.ECONNREFUSED}
}

// reset closes a connection in the way of a machine that has lost it: over TCP with a reset.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

// pipeListener is a listener whose connections are net.Pipes. All its channels belong to it, so it
// works in a synctest bubble.
type pipeListener struct {
	addr  pipeAddress
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

type pipeAddress string

func (a pipeAddress) Network() string { return "pipe" }
func (a pipeAddress) String() string  { return string(a) }

func newPipeListener(addr string) *pipeListener {
	return &pipeListener{addr: pipeAddress(addr), conns: make(chan net.Conn), done: make(chan struct{})}
}

func (p *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipeListener) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipeListener) Addr() net.Addr { return p.addr }

func (p *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	if ctx.Err() != nil { // select would take either
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: p.addr, Err: context.Cause(ctx)}
	}
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		return nil, refused(p.addr)
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: p.addr, Err: context.Cause(ctx)}
	}
}

// pipeTransport is an HTTP transport of its own whose connections lead to networks of pipes, by
// address.
func pipeTransport(networks map[string]*network) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			n := networks[addr]
			if n == nil {
				return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddress(addr), Err: errors.New("no such host")}
			}
			return n.dial(ctx)
		},
	}
}

func tcpTransport() *http.Transport {
	return &http.Transport{DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext}
}
