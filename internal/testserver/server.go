package testserver

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/internal/sioserver"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A Server is a RealtimeX server in this process. All its methods may be called concurrently, with
// one reserve: those that can fail the test by name (Wait…) are for the test's own goroutine.
// NewServer, NewPipeServer and Start make one; the methods of the zero Server panic, and hold no
// lock.
type Server struct {
	tb      testing.TB // noTest if made by Start
	cfg     config
	signer  *auth.Signer
	network *network
	client  *http.Client
	http    *http.Server
	sio     *sioserver.Server
	root    *sioserver.Namespace
	auth    *AuthBackend
	replay  *replay        // in place of sio; nil if the server serves
	serving sync.WaitGroup // the accept loops
	serves  sync.WaitGroup // HTTP connections, until they are closed or have become WebSockets
	stopped chan struct{}
	stop    sync.Once

	mu       sync.Mutex
	change   chan struct{} // closed and made anew when something changes, for the Wait functions
	waiters  int
	conns    []*Conn // in the order of their CONNECT
	bySocket map[*sioserver.Socket]*Conn
	channels ordered[*channel]
	faults   faults
	received []Received

	receivedBytes int
	stats         Stats
}

// NewServer starts a server on a free port of 127.0.0.1. The end of the test closes it.
func NewServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	return startFor(t, false, opts)
}

// NewPipeServer starts a server whose connections are pipes in memory, which only Server.HTTPClient
// leads to. Called inside a testing/synctest bubble it runs on the bubble's clock. The end of the
// test closes it; in a bubble, close it yourself before the bubble's function returns.
func NewPipeServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	return startFor(t, true, opts)
}

// Start starts a server outside tests: for examples, and for programs that serve one. The caller
// closes it.
func Start(opts ...Option) (*Server, error) {
	return start(noTest{}, false, opts)
}

func startFor(t testing.TB, pipes bool, opts []Option) *Server {
	t.Helper()
	s, err := start(t, pipes, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func start(t testing.TB, pipes bool, opts []Option) (*Server, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	signer, err := auth.NewSigner(cfg.key, cfg.secret)
	if err != nil {
		return nil, fmt.Errorf("rtxtest: WithKey, WithSecret: %w", err)
	}
	s := &Server{
		tb:       t,
		cfg:      cfg,
		signer:   signer,
		stopped:  make(chan struct{}),
		change:   make(chan struct{}),
		bySocket: make(map[*sioserver.Socket]*Conn),
	}
	if err := s.listen(pipes); err != nil {
		return nil, err
	}
	s.sio = sioserver.New(sioserver.Config{
		Engine: sioserver.EngineConfig{
			PingInterval:   cfg.ping,
			PingTimeout:    cfg.pingOut,
			UpgradeTimeout: cfg.upgradeTimeout,
			MaxPayload:     cfg.maxPayload,
			QueueBytes:     cfg.queueBytes,
			Transports:     cfg.transports,
			Random:         cfg.random,
			Admit:          s.admitRequest,
		},
		ConnectTimeout: cfg.connectTimeout,
		Recovery:       cfg.recovery,
		Limits:         engineio.Limits{Depth: math.MaxInt}, // the service sets no limit
	})
	s.root = s.sio.Of("/", sioserver.Handler{
		Admit:      s.admitSocket,
		Connect:    s.connected,
		Event:      s.event,
		Disconnect: s.disconnected,
	})
	if cfg.recording != nil {
		s.replay = newReplay(s, cfg.recording, cfg.speed)
	}
	s.http = newHTTPServer(s.routes(), &s.serves)
	s.serving.Go(func() { s.http.Serve(s.network) })
	s.auth.serve(&s.serving)
	return s, nil
}

// listen makes the two listeners, the service's and that of the auth backend, and the client that
// reaches both.
func (s *Server) listen(pipes bool) error {
	var main, backend net.Listener
	if pipes {
		main, backend = newPipeListener(pipeAddr), newPipeListener(pipeAuthAddr)
	} else {
		var err error
		if main, err = net.Listen("tcp", s.cfg.addr); err != nil {
			return fmt.Errorf("rtxtest: %w", err)
		}
		if backend, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			main.Close()
			return fmt.Errorf("rtxtest: %w", err)
		}
	}
	s.network = newNetwork(main)
	s.auth = newAuthBackend(s, newNetwork(backend))
	transport := tcpTransport()
	if pipes {
		transport = pipeTransport(map[string]*network{pipeAddr: s.network, pipeAuthAddr: s.auth.network})
	}
	s.client = &http.Client{Transport: transport}
	return nil
}

func newHTTPServer(h http.Handler, conns *sync.WaitGroup) *http.Server {
	return &http.Server{
		Handler: sioserver.BoundBodies(h),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				conns.Done()
			}
		},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // broken-off requests are this server's trade
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	socketIO := http.Handler(http.HandlerFunc(s.serveSocketIO))
	if s.replay != nil {
		socketIO = s.replay
	}
	mux.Handle("/socket.io/", s.cfg.gate.Wrap(socketIO, refuseSocketIO))
	if s.cfg.dev {
		mux.Handle("/dev/", s.cfg.gate.Wrap(s.withToken(s.devRoutes()), refuseDev))
	}
	return mux
}

// serveSocketIO serves Engine.IO, but for the handshakes that are to hang.
func (s *Server) serveSocketIO(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	hang := !r.URL.Query().Has("sid") && s.faults.takeHang(StepHandshake)
	s.mu.Unlock()
	if !hang {
		s.sio.ServeHTTP(w, r)
		return
	}
	select {
	case <-r.Context().Done():
	case <-s.stopped:
	}
	panic(http.ErrAbortHandler)
}

// Close ends every connection and the server, and returns when none of its goroutines is left. It
// may be called more than once.
func (s *Server) Close() {
	s.stop.Do(func() {
		s.network.Close()
		s.auth.network.Close()
		close(s.stopped)
		s.sio.Close()
		if s.replay != nil {
			s.replay.close()
		}
		s.http.Close()
		s.auth.http.Close()
		s.network.shut()
		s.auth.network.shut()
		s.serving.Wait()
		s.serves.Wait()
		s.client.CloseIdleConnections()
	})
}

// URL is the server's address, such as "http://127.0.0.1:41234", without path or key. Over pipes it
// is an address that only HTTPClient reaches.
func (s *Server) URL() string { return "http://" + s.network.Addr().String() }

// Key is the API key that the server takes.
func (s *Server) Key() string { return s.cfg.key }

// HTTPClient reaches the server and its auth backend. Over TCP any client does; over pipes none
// other. Close closes its idle connections.
func (s *Server) HTTPClient() *http.Client { return s.client }

// Signer makes and checks the signatures that the server takes.
func (s *Server) Signer() *auth.Signer { return s.signer }

// log is the server's logger; what is logged is never a key, a signature or a payload.
func (s *Server) log() *slog.Logger { return s.cfg.logger }

// touch wakes the Wait functions. s.mu is held.
func (s *Server) touch() {
	if s.waiters > 0 {
		close(s.change)
		s.change = make(chan struct{})
	}
}

// Connections returns the connections that are up, in the order of their CONNECT.
func (s *Server) Connections() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.conns)
}

// Connection returns the connection with this socket id, or nil.
func (s *Server) Connection(socketID string) *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range slices.Backward(s.conns) { // of two with one id, the one that is in use
		if c.id == socketID {
			return c
		}
	}
	return nil
}
