package sioserver

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/realtimex/realtimex-go/internal/engineio"
)

// Session is one Engine.IO session. Its methods may be called concurrently.
type Session struct {
	// Value is what Admit returned for the request that opened the session.
	Value any
	// Upper belongs to the layer above, which sets it in Open.
	Upper any

	engine *Engine
	id     string
	number uint64        // sessions are numbered in the order of their opening
	done   chan struct{} // closed when the session has ended
	polled chan struct{} // has a token when a poll has begun to wait
	turn   chan struct{} // held while packets are handled, so that posts and frames don't overtake each other
	muted  atomic.Bool

	received, sent atomic.Int64 // bytes of packets

	mu      sync.Mutex
	state   sessionState
	queue   []frame
	queued  int           // bytes in queue
	corked  bool          // a post is being handled: what it causes goes out together
	pumping bool          // a goroutine is writing the queue to the socket
	drained chan struct{} // closed when the queue is empty; nil if nobody waits for that
	socket  *socket
	offered bool    // an upgrade is under way
	probe   *socket // its WebSocket
	probed  bool    // it has been answered
	waiting *poll   // the poll that is open

	beat     entry // in the engine's agenda
	beatDue  time.Time
	awaiting bool // a ping has no answer yet
}

type sessionState byte

const (
	sessionOpen    sessionState = iota
	sessionClosing              // what is queued is let out, then the session ends
	sessionClosed
)

// frame is one Engine.IO packet as it stands in a WebSocket message. It may be shared between
// sessions and is never changed.
type frame struct {
	data   []byte
	binary bool
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// Transport is "polling" or "websocket".
func (s *Session) Transport() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket != nil {
		return "websocket"
	}
	return "polling"
}

// NetConn is the connection of the session's WebSocket, as the listener accepted it, or nil over
// polling.
func (s *Session) NetConn() net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket == nil {
		return nil
	}
	return s.socket.conn
}

// Traffic returns how many bytes of packets the session has received and sent so far, over all its
// transports, without what HTTP and WebSocket frames add.
func (s *Session) Traffic() (received, sent int64) { return s.received.Load(), s.sent.Load() }

// Send queues a text packet as it stands on the wire, type byte included. It never blocks. data
// must not be changed afterwards.
func (s *Session) Send(data []byte) { s.enqueue(frame{data: data}) }

// SendBinary queues a message that is an attachment. It never blocks. data must not be changed
// afterwards.
func (s *Session) SendBinary(data []byte) { s.enqueue(frame{data: data, binary: true}) }

// Drained returns a channel that is closed once nothing is queued any more: all of it was written to
// the WebSocket, or is the answer to a poll. If the session ends before, it is never closed.
func (s *Session) Drained() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drained == nil {
		s.drained = make(chan struct{})
	}
	c := s.drained
	if len(s.queue) == 0 && !s.pumping {
		s.drain()
	}
	return c
}

// drain tells whoever waits for an empty queue. s.mu is held.
func (s *Session) drain() {
	if s.drained != nil {
		close(s.drained)
		s.drained = nil
	}
}

// Mute makes the session deaf and dumb without ending it: nothing more is sent, what comes in is
// ignored, and polls hang.
func (s *Session) Mute() { s.muted.Store(true) }

// Close lets out what is queued, then ends the session with a close frame or, over polling, a close
// packet.
func (s *Session) Close() {
	s.mu.Lock()
	if s.state != sessionOpen {
		s.mu.Unlock()
		return
	}
	s.state = sessionClosing
	s.stopBeat()
	if s.socket == nil && s.waiting == nil {
		// Nobody is there to be told. The next poll is; if none comes the session ends by itself.
		s.beatAfter(s.engine.cfg.PingTimeout)
		s.mu.Unlock()
		return
	}
	idle := s.socket == nil || (len(s.queue) == 0 && !s.pumping)
	s.mu.Unlock()
	if idle {
		s.end(ForcedClose, polite)
	}
}

// CloseFrame ends the session at once with a close frame of the given code. Over polling it is a
// close packet.
func (s *Session) CloseFrame(code int) {
	s.end(ForcedClose, farewell{code: websocket.StatusCode(code)})
}

// Cut ends the session without a word: the connection is closed, and an open poll breaks off.
func (s *Session) Cut(reason Reason) { s.end(reason, abrupt) }

// Reset is Cut by a reset, where the connection has a method Reset for that.
func (s *Session) Reset(reason Reason) { s.end(reason, farewell{cut: true, reset: true}) }

// farewell is how the end of a session is told to its client.
type farewell struct {
	cut   bool                 // not at all
	reset bool                 // by a reset of the connection
	code  websocket.StatusCode // of the close frame
	noop  bool                 // an open poll is answered with a noop, as the client asked for the end
}

var (
	// The reference server closes its WebSockets without a status.
	polite = farewell{code: websocket.StatusNoStatusRcvd}
	abrupt = farewell{cut: true}
)

// end ends the session once. Later calls do nothing.
func (s *Session) end(reason Reason, how farewell) {
	s.mu.Lock()
	if s.state == sessionClosed {
		s.mu.Unlock()
		return
	}
	s.state = sessionClosed
	s.stopBeat()
	socket, probe := s.socket, s.probe
	if p := s.waiting; p != nil {
		s.waiting = nil
		switch {
		case s.muted.Load():
			p.answer <- pollAnswer{hang: true}
		case how.cut:
			p.answer <- pollAnswer{abort: true}
		case how.noop:
			p.answer <- pollAnswer{body: []byte{'6'}}
		default:
			p.answer <- pollAnswer{body: appendPayload(nil, append(s.queue, frame{data: []byte{'1'}}))}
		}
	}
	s.queue, s.queued = nil, 0
	if socket != nil && !how.cut {
		socket.parted.Store(true)
	}
	s.mu.Unlock()

	close(s.done)
	s.engine.forget(s)
	if probe != nil {
		probe.conn.Close()
	}
	if socket != nil {
		if how.cut {
			socket.cut(how.reset)
		} else {
			// The handshake of the close takes up to ten seconds if the client is silent.
			s.engine.running.Go(func() { socket.ws.Close(how.code, "") })
		}
	}
	s.engine.cfg.Closed(s, reason)
	s.engine.leave()
}

// enqueue queues frames, with no others between them.
func (s *Session) enqueue(frames ...frame) {
	if s.muted.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != sessionOpen {
		return
	}
	size := 0
	for _, f := range frames {
		size += len(f.data)
	}
	if s.queued+size > s.engine.cfg.QueueBytes && len(s.queue) > 0 {
		// The caller may hold locks that the end of a session needs, so the end comes on a
		// goroutine of its own.
		s.state = sessionClosing
		s.engine.running.Go(func() { s.end(TransportError, abrupt) })
		return
	}
	s.queue = append(s.queue, frames...)
	s.queued += size
	s.flush()
}

// flush brings what is queued on its way, if there is one. s.mu is held.
func (s *Session) flush() {
	if len(s.queue) == 0 {
		return
	}
	switch {
	case s.socket != nil:
		if !s.pumping {
			s.pumping = true
			s.engine.running.Go(s.pump)
		}
	case s.waiting != nil && !s.corked:
		s.waiting.answer <- pollAnswer{body: s.takePayload()}
		s.waiting = nil
	}
}

// receive handles one packet from the session's own transport. The caller holds the turn. It
// reports whether the session goes on.
func (s *Session) receive(p engineio.Packet) bool {
	if s.muted.Load() {
		return true
	}
	switch p.Type {
	case engineio.Message:
		if err := s.engine.cfg.Message(s, p.Data, p.Binary); err != nil {
			s.end(ForcedClose, polite)
			return false
		}
	case engineio.Pong:
		s.pong()
	case engineio.Ping: // in this version only servers ping
		s.end(TransportError, polite)
		return false
	case engineio.Close:
		s.end(TransportClose, farewell{code: websocket.StatusNoStatusRcvd, noop: true})
		return false
	}
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// startBeat begins the heartbeats.
func (s *Session) startBeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == sessionOpen {
		s.beatAfter(s.engine.cfg.PingInterval)
	}
}

// beatAfter sets the timer. s.mu is held.
func (s *Session) beatAfter(d time.Duration) {
	s.beatDue = time.Now().Add(d)
	s.engine.beats.set(&s.beat, s.beatDue)
}

// stopBeat stops the timer. s.mu is held.
func (s *Session) stopBeat() {
	s.engine.beats.drop(&s.beat)
	s.awaiting = false
}

// onBeat sends the ping that is due, or ends the session whose last ping has no answer.
func (s *Session) onBeat() {
	s.mu.Lock()
	// A timer that fired while it was being set anew comes too early.
	if s.state == sessionClosed || time.Now().Before(s.beatDue) {
		s.mu.Unlock()
		return
	}
	quiet := s.engine.quiet.Load()
	if s.state == sessionClosing {
		s.mu.Unlock()
		s.end(ForcedClose, polite)
		return
	}
	if s.awaiting && !quiet {
		s.mu.Unlock()
		s.end(PingTimeout, polite)
		return
	}
	if quiet {
		s.awaiting = false
		s.beatAfter(s.engine.cfg.PingInterval)
		s.mu.Unlock()
		return
	}
	s.awaiting = true
	s.beatAfter(s.engine.cfg.PingTimeout - time.Since(s.beatDue)) // from when the ping was due, however late this timer is
	s.mu.Unlock()
	s.Send([]byte{'2'})
}

// expire ends a session whose pong is overdue but whose timer has not run yet, before a request can
// find it alive.
func (s *Session) expire() {
	s.mu.Lock()
	overdue := s.state == sessionOpen && s.awaiting && !time.Now().Before(s.beatDue) && !s.engine.quiet.Load()
	s.mu.Unlock()
	if overdue {
		s.end(PingTimeout, polite)
	}
}

func (s *Session) pong() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == sessionOpen && s.awaiting {
		s.awaiting = false
		s.beatAfter(s.engine.cfg.PingInterval)
	}
}

// handshake is the open packet. upgrades is what the session may still become.
func (s *Session) handshake(upgrades ...string) []byte {
	h := engineio.Handshake{
		SID:          s.id,
		Upgrades:     upgrades,
		PingInterval: s.engine.cfg.PingInterval,
		PingTimeout:  s.engine.cfg.PingTimeout,
		MaxPayload:   s.engine.cfg.MaxPayload,
	}
	return engineio.AppendHandshake([]byte{'0'}, h)
}
