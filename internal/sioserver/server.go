package sioserver

import (
	"bytes"
	"cmp"
	"net/http"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// Config configures a Server. The zero value of a field stands for its default.
type Config struct {
	Engine         EngineConfig    // Open, Message and Closed are the server's own
	ConnectTimeout time.Duration   // 45 s: a client that has joined no namespace by then is ended
	Recovery       time.Duration   // how long a lost connection can be taken up again; 0, the default, turns recovery off
	Limits         engineio.Limits // of one packet; engineio.DefaultLimits, but no larger than Engine.MaxPayload
}

// Server is a Socket.IO v5 server. Its methods may be called concurrently, but namespaces are added
// before it serves.
type Server struct {
	*Engine
	connectTimeout time.Duration
	recovery       time.Duration
	limits         engineio.Limits
	namespaces     map[string]*Namespace
}

// New returns a server that has no namespace yet.
func New(cfg Config) *Server {
	srv := &Server{
		connectTimeout: cmp.Or(cfg.ConnectTimeout, 45*time.Second),
		recovery:       cfg.Recovery,
		limits:         cfg.Limits,
		namespaces:     make(map[string]*Namespace),
	}
	cfg.Engine.Open = srv.opened
	cfg.Engine.Message = func(s *Session, data []byte, binary bool) error {
		return s.Upper.(*client).message(data, binary)
	}
	cfg.Engine.Closed = func(s *Session, reason Reason) { s.Upper.(*client).closed(reason) }
	srv.Engine = NewEngine(cfg.Engine)
	return srv
}

// ServeHTTP serves Engine.IO, whatever the path is that the server is mounted on.
func (srv *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { srv.Engine.ServeHTTP(w, r) }

// Of adds a namespace, "/" or one such as "/custom". Clients that ask for another are refused.
func (srv *Server) Of(name string, h Handler) *Namespace {
	n := &Namespace{name: name, handler: h, recovery: srv.recovery, adapter: newAdapter(&srv.ids)}
	srv.namespaces[name] = n
	return n
}

// Event is one event that a client sent.
type Event struct {
	Name    []byte   // a JSON string, quotes included
	Args    []byte   // the other arguments as JSON, comma-separated; empty if there are none
	Buffers [][]byte // the attachments that placeholders in Args stand for
	ID      uint64   // for Socket.Ack, if HasID
	HasID   bool
}

// client is what a session is to Socket.IO: one socket in each namespace that it has joined.
type client struct {
	srv       *Server
	session   *Session
	assembler engineio.Assembler // touched by the holder of the session's turn only

	mu      sync.Mutex
	gone    bool
	timer   *time.Timer // until the first namespace is joined
	sockets []*Socket
}

func (srv *Server) opened(s *Session) {
	c := &client{srv: srv, session: s, assembler: engineio.Assembler{Limits: srv.limits}}
	c.timer = time.AfterFunc(srv.connectTimeout, s.Close)
	s.Upper = c
}

func (c *client) closed(reason Reason) {
	c.mu.Lock()
	c.gone = true
	c.timer.Stop()
	sockets := c.sockets
	c.sockets = nil
	c.mu.Unlock()
	for _, s := range sockets {
		s.ended(reason)
	}
}

func (c *client) message(data []byte, binary bool) error {
	if binary {
		p, complete, err := c.assembler.AddBinary(data)
		if err != nil || !complete {
			return err
		}
		return c.packet(p)
	}
	p, err := engineio.DecodeSocket(data, c.srv.limits)
	if err != nil {
		return err
	}
	p, complete, err := c.assembler.Add(p)
	if err != nil || !complete {
		return err
	}
	return c.packet(p)
}

func (c *client) packet(p engineio.SocketPacket) error {
	s := c.socket(p.Namespace)
	switch {
	case p.Type == engineio.Connect && s == nil:
		c.join(p)
	case s == nil || p.Type == engineio.Connect || p.Type == engineio.ConnectError:
		// A second CONNECT, something before the first, or what only servers send.
		c.session.Close()
	case p.Type == engineio.Disconnect:
		s.leave(ClientLeft)
	case p.Type == engineio.Event || p.Type == engineio.BinaryEvent:
		if !s.joined.Load() {
			return nil // its CONNECT is held
		}
		name, args, err := engineio.SplitEvent(p.Data, c.srv.limits)
		if err != nil {
			return err
		}
		s.namespace.handler.Event(s, Event{
			Name:    name,
			Args:    bytes.TrimSpace(args),
			Buffers: p.Buffers,
			ID:      p.ID,
			HasID:   p.HasID,
		})
	}
	return nil
}

func (c *client) socket(namespace string) *Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sockets {
		if s.namespace.name == namespace {
			return s
		}
	}
	return nil
}

func (c *client) join(p engineio.SocketPacket) {
	n := c.srv.namespaces[p.Namespace]
	if n == nil {
		c.session.Send(appendPacket(engineio.ConnectError, p.Namespace, []byte(`{"message":"Invalid namespace"}`)))
		return
	}
	s := &Socket{Payload: p.Data, client: c, namespace: n}
	c.mu.Lock()
	if c.gone {
		c.mu.Unlock()
		return
	}
	c.timer.Stop()
	c.sockets = append(c.sockets, s)
	c.mu.Unlock()
	n.connect(s)
}

func (c *client) remove(s *Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.sockets {
		if other == s {
			c.sockets = append(c.sockets[:i:i], c.sockets[i+1:]...)
			return true
		}
	}
	return false
}

// appendPacket makes a text message of one packet without attachments.
func appendPacket(t engineio.SocketType, namespace string, data []byte) []byte {
	return engineio.AppendSocket([]byte{'4'}, engineio.SocketPacket{Type: t, Namespace: namespace, Data: data})
}
