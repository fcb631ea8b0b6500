package sioserver

import (
	"cmp"
	"crypto/rand"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// EngineConfig configures an Engine. The zero value of a field stands for its default.
type EngineConfig struct {
	PingInterval   time.Duration // 25 s
	PingTimeout    time.Duration // 20 s
	UpgradeTimeout time.Duration // 10 s: how long a probe may take to become the transport
	MaxPayload     int64         // 1,000,000 bytes: one polling body, or one WebSocket message from the client
	QueueBytes     int           // 16 MiB: what may wait for one client; a client that lets more gather is dropped
	Transports     []string      // "polling" and "websocket": those that a session may begin on or become; both
	Random         io.Reader     // what ids are made from; crypto/rand

	// Admit is asked before a session is opened; an error refuses the request.
	Admit func(r *http.Request) (Admission, *HTTPError)
	// Open is called for each new session, before anything can be sent or received on it.
	Open func(s *Session)
	// Message is called for each message, one at a time for a session. data is the callee's to
	// keep. An error ends the session, as one that the server has closed: ParseError is for what is
	// no packet at all.
	Message func(s *Session, data []byte, binary bool) error
	// Closed is called once for each opened session.
	Closed func(s *Session, reason Reason)
}

// Admission is how a session begins.
type Admission struct {
	Value  any  // becomes Session.Value
	Silent bool // the session is opened muted: not even the open packet is sent
}

// Reason tells why a session or a socket ended, in the words of the reference server.
type Reason string

// The reasons for which a session ends.
const (
	TransportClose Reason = "transport close"
	TransportError Reason = "transport error"
	PingTimeout    Reason = "ping timeout"
	ParseError     Reason = "parse error"
	ForcedClose    Reason = "forced close"
	ShuttingDown   Reason = "server shutting down"
)

// Engine is an Engine.IO v4 server. Its methods may be called concurrently.
type Engine struct {
	cfg     EngineConfig
	quiet   atomic.Bool // heartbeats are off
	blocked atomic.Bool // WebSockets are
	running sync.WaitGroup

	ids     ids
	beats   agenda        // of all sessions
	stopped chan struct{} // closed by Close

	mu       sync.Mutex
	closed   bool
	sessions map[string]*Session
	opened   uint64
}

// NewEngine returns an engine with the defaults filled in.
func NewEngine(cfg EngineConfig) *Engine {
	cfg.PingInterval = cmp.Or(cfg.PingInterval, 25*time.Second)
	cfg.PingTimeout = cmp.Or(cfg.PingTimeout, 20*time.Second)
	cfg.UpgradeTimeout = cmp.Or(cfg.UpgradeTimeout, 10*time.Second)
	cfg.MaxPayload = cmp.Or(cfg.MaxPayload, 1_000_000)
	cfg.QueueBytes = cmp.Or(cfg.QueueBytes, 16<<20)
	if len(cfg.Transports) == 0 {
		cfg.Transports = []string{"polling", "websocket"}
	}
	if cfg.Admit == nil {
		cfg.Admit = func(*http.Request) (Admission, *HTTPError) { return Admission{}, nil }
	}
	if cfg.Open == nil {
		cfg.Open = func(*Session) {}
	}
	if cfg.Closed == nil {
		cfg.Closed = func(*Session, Reason) {}
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	return &Engine{
		cfg:      cfg,
		ids:      ids{source: cfg.Random},
		stopped:  make(chan struct{}),
		sessions: make(map[string]*Session),
	}
}

// Sessions returns the sessions that are open, oldest first.
func (e *Engine) Sessions() []*Session {
	e.mu.Lock()
	all := make([]*Session, 0, len(e.sessions))
	for _, s := range e.sessions {
		all = append(all, s)
	}
	e.mu.Unlock()
	slices.SortFunc(all, func(a, b *Session) int { return cmp.Compare(a.number, b.number) })
	return all
}

// SetHeartbeats turns pings off and on again. While they are off no session times out.
func (e *Engine) SetHeartbeats(on bool) { e.quiet.Store(!on) }

// BlockWebSockets answers each request for a WebSocket, also for an upgrade, as if its Upgrade
// header had not arrived: what a proxy that drops it makes of it. Those that are open stay.
func (e *Engine) BlockWebSockets(on bool) { e.blocked.Store(on) }

// Quiet reports whether SetHeartbeats has turned pings off.
func (e *Engine) Quiet() bool { return e.quiet.Load() }

// Blocked reports whether BlockWebSockets is on.
func (e *Engine) Blocked() bool { return e.blocked.Load() }

// EndAll ends every open session without a word to its client, as the death of the process would,
// oldest first.
func (e *Engine) EndAll(reason Reason) {
	for _, s := range e.Sessions() {
		s.Reset(reason)
	}
}

// Close ends every session, refuses what comes later, and returns when none of the engine's
// goroutines is left.
func (e *Engine) Close() {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		close(e.stopped)
	}
	e.mu.Unlock()
	e.EndAll(ShuttingDown)
	e.running.Wait()
}

// enter counts a goroutine that serves a request. It reports false once the engine is closed;
// otherwise leave must follow.
func (e *Engine) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.running.Add(1)
	return true
}

func (e *Engine) leave() { e.running.Done() }

// open makes a session and counts it as running until it ends.
func (e *Engine) open(a Admission) (*Session, bool) {
	s := &Session{
		Value:  a.Value,
		engine: e,
		id:     e.ids.next(),
		done:   make(chan struct{}),
		polled: make(chan struct{}, 1),
		turn:   make(chan struct{}, 1),
	}
	s.muted.Store(a.Silent)
	e.cfg.Open(s)
	e.mu.Lock()
	closed := e.closed
	if !closed {
		e.running.Add(1)
		e.opened++
		s.number = e.opened
		s.beat.number, s.beat.do = s.number, s.onBeat
		e.sessions[s.id] = s
	}
	e.mu.Unlock()
	if closed {
		e.cfg.Closed(s, ShuttingDown)
	}
	return s, !closed
}

func (e *Engine) session(id string) *Session {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sessions[id]
}

func (e *Engine) forget(s *Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.sessions, s.id)
}

// ServeHTTP serves the handshake, polls, posts and WebSockets of the engine, whatever the path is
// that it is mounted on.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !e.enter() {
		errClosing.Write(w)
		return
	}
	defer e.leave()
	query := r.URL.Query()
	transport, sid := query.Get("transport"), query.Get("sid")
	var s *Session
	switch {
	case !slices.Contains(e.cfg.Transports, transport):
		errTransportUnknown.Write(w)
		return
	case query.Get("EIO") != "4":
		errProtocolVersion.Write(w)
		return
	case sid != "":
		if s = e.session(sid); s == nil {
			errSessionUnknown.Write(w)
			return
		}
	case r.Method != http.MethodGet:
		errHandshakeMethod.Write(w)
		return
	}
	switch {
	case transport == "websocket":
		if r.Header.Get("Upgrade") == "" || e.blocked.Load() {
			errBadRequest.Write(w)
			return
		}
		e.serveWebSocket(w, r, s)
	case s == nil:
		e.openPolling(w, r)
	case r.Method == http.MethodGet:
		s.servePoll(w, r)
	case r.Method == http.MethodPost:
		s.servePost(w, r)
	default:
		errBadRequest.Write(w)
	}
}
