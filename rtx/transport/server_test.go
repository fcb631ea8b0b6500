package transport_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

const (
	testKey = "k3y+/with=odd&signs"
	openSID = "engineio-secret-sid"
	// openPacket has the intervals of the real server: dead after 45 s.
	openPacket = `0{"sid":"` + openSID + `","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`
	connected  = `40{"sid":"socket-1"}`
	deadAfter  = 45 * time.Second
)

// pipeListener is a network in memory: what Dial returns, Accept has the other
// end of. Everything on it blocks durably, so that a synctest clock can run.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newPipeListener() *pipeListener {
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	var once sync.Once
	l.close = func() { once.Do(func() { close(l.done) }) }
	return l
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.close(); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (l *pipeListener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.done:
		return nil, errors.New("connection refused")
	}
}

// peer is the server's end of one link, for a script to play.
type peer struct {
	t   *testing.T
	n   int // which link of the server it is, from 1
	ws  *websocket.Conn
	raw net.Conn
	req *http.Request
}

// send writes text frames. That the client is gone is not an error of the
// script.
func (p *peer) send(frames ...string) {
	for _, f := range frames {
		if p.ws.Write(context.Background(), websocket.MessageText, []byte(f)) != nil {
			return
		}
	}
}

func (p *peer) sendBinary(b []byte) {
	_ = p.ws.Write(context.Background(), websocket.MessageBinary, b)
}

// read returns the next text frame, or the close frame as "close CODE", or
// "gone".
func (p *peer) read() string {
	_, b, err := p.ws.Read(context.Background())
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return "close " + closed.Code.String()
	case err != nil:
		return "gone"
	}
	return string(b)
}

// expect reads one frame.
func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.read(); got != want {
		p.t.Errorf("server got %q, want %q", got, want)
	}
}

// greet plays the handshake of a server that accepts.
func (p *peer) greet() {
	p.t.Helper()
	p.send(openPacket)
	p.expect("40")
	p.send(connected)
}

// drain reads until the client is gone, and returns all of it.
func (p *peer) drain() []string {
	var all []string
	for {
		f := p.read()
		all = append(all, f)
		if f == "gone" || strings.HasPrefix(f, "close ") {
			return all
		}
	}
}

// server plays a script to each link.
type server struct {
	t      *testing.T
	ln     *pipeListener
	links  chan *peer // each link, when its handshake begins; capacity for all
	accept func(http.ResponseWriter, *http.Request) bool
	script func(*peer)

	wg sync.WaitGroup
	mu sync.Mutex
	n  int
	// live are the hijacked connections, which http.Server.Close forgets.
	live map[*websocket.Conn]bool
}

// rawKey finds the net.Conn below a request.
type rawKey struct{}

// newServer plays script to every link over pipes. Make it inside the bubble.
// It ends with the test.
func newServer(t *testing.T, script func(*peer)) *server {
	s := &server{t: t, ln: newPipeListener(), script: script, live: map[*websocket.Conn]bool{}, links: make(chan *peer, 1024)}
	s.serve(s.ln)
	return s
}

func (s *server) serve(ln net.Listener) {
	h := &http.Server{
		Handler:     s,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, rawKey{}, c) },
	}
	s.wg.Go(func() { _ = h.Serve(ln) })
	s.t.Cleanup(func() {
		_ = h.Close()
		s.cut()
		s.wg.Wait()
	})
}

// cut breaks every link.
func (s *server) cut() {
	s.mu.Lock()
	live := s.live
	s.live = map[*websocket.Conn]bool{}
	s.mu.Unlock()
	for ws := range live {
		_ = ws.CloseNow()
	}
}

// count is how many links there were.
func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.wg.Add(1)
	defer s.wg.Done()
	if s.accept != nil && !s.accept(w, r) {
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	ws.SetReadLimit(-1)
	s.mu.Lock()
	s.n++
	p := &peer{t: s.t, n: s.n, ws: ws, req: r}
	p.raw, _ = r.Context().Value(rawKey{}).(net.Conn)
	s.live[ws] = true
	s.mu.Unlock()
	s.links <- p
	s.script(p)
	s.mu.Lock()
	delete(s.live, ws)
	s.mu.Unlock()
}

// config dials the server.
func (s *server) config() transport.Config {
	return transport.Config{
		URL:        &url.URL{Scheme: "ws", Host: "pipe.test"},
		APIKey:     testKey,
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: s.ln.Dial}},
	}
}

func mustDialer(t *testing.T, c transport.Config) transport.Dialer {
	t.Helper()
	d, err := transport.NewDialer(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// dial makes one session, closed with the test.
func (s *server) dial(change ...func(*transport.Config)) (transport.Session, error) {
	c := s.config()
	for _, f := range change {
		f(&c)
	}
	sess, err := mustDialer(s.t, c).Dial(s.t.Context(), transport.Resume{})
	if err == nil {
		s.t.Cleanup(func() { sess.Close(nil) })
	}
	return sess, err
}

func (s *server) mustDial(change ...func(*transport.Config)) transport.Session {
	s.t.Helper()
	sess, err := s.dial(change...)
	if err != nil {
		s.t.Fatal(err)
	}
	return sess
}

func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
