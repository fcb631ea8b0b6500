package transport

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/internal/redact"
)

// session is the Session of this package's Dialer. It has no goroutine.
type session struct {
	conn   *websocket.Conn
	link   *link
	config Config

	poll *polling // what reads and writes in place of conn; nil if the session began on a WebSocket

	info    Info // set before anybody but Dial has the session
	secrets *secrets

	// Used by the goroutine that calls Recv.
	buf       []byte                // holds the last frame that the WebSocket library read
	packet    engineio.SocketPacket // the last one
	longest   int                   // frame in buf since the last ping
	given     bool                  // the last frame is the caller's to keep
	unread    error                 // why reading has failed
	assembler engineio.Assembler
	backlog   []engineio.SocketPacket // what came before the CONNECT answer

	pings chan struct{} // capacity 1: a pong must be sent

	// Used by the only sender.
	sending chan struct{} // capacity 1: held by the only sender
	scratch []byte
	size    atomic.Int64 // of the frame that is written; its writeLimit reads it

	cause   atomic.Pointer[error] // the first reason to end
	heard   atomic.Bool           // the server ended the session, or answered our end of it
	left    atomic.Bool           // the server sent a DISCONNECT
	closing atomic.Bool
	ending  chan struct{} // closed when Close begins
	closed  chan struct{} // closed when Close is done
}

func newSession(conn *websocket.Conn, l *link, c Config, hidden redact.Secrets) *session {
	if conn != nil { // nil over polling
		conn.SetReadLimit(c.ReadLimit)
	}
	s := &session{
		conn:      conn,
		link:      l,
		config:    c,
		secrets:   &secrets{fixed: hidden},
		assembler: engineio.Assembler{Limits: engineio.Limits{Bytes: c.ReadLimit}},
		pings:     make(chan struct{}, 1),
		sending:   make(chan struct{}, 1),
		ending:    make(chan struct{}),
		closed:    make(chan struct{}),
	}
	l.writes.use(c.WriteTimeout, s.stalled)
	return s
}

func (s *session) Info() Info             { return s.info }
func (s *session) Pings() <-chan struct{} { return s.pings }
func (s *session) Hide(secrets ...string) { s.secrets.hide(secrets...) }

func (s *session) ReceivedAt() time.Time {
	at := s.link.progress.at()
	if w := s.upgraded(); w != nil && w.link.progress.at().After(at) {
		at = w.link.progress.at()
	}
	return at
}

func (s *session) Silence() time.Duration {
	silence := s.link.progress.silence()
	if w := s.upgraded(); w != nil {
		silence = min(silence, w.link.progress.silence())
	}
	return silence
}

// Transport returns what carries the session now: Polling becomes WebSocket by an upgrade.
func (s *session) Transport() Kind {
	if s.poll != nil && s.upgraded() == nil {
		return Polling
	}
	return WebSocket
}

// upgraded returns the WebSocket that a session over polling has been upgraded to, or nil.
func (s *session) upgraded() *session {
	if s.poll == nil {
		return nil
	}
	return s.poll.up.Load()
}

// Format keeps the configuration out of every print.
func (s *session) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "transport.Session%s", s.info) }

// fail sets the reason of the end, if there is none yet, and returns the reason.
func (s *session) fail(err error) error {
	s.cause.CompareAndSwap(nil, &err)
	return *s.cause.Load()
}
