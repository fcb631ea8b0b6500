package rtxtest

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/realtimex/realtimex-go/internal/sioserver"
)

// faults is what is to go wrong. It belongs to Server.mu.
type faults struct {
	refuse       int
	refuseStatus int
	hang         [stepCount]int
	lose         int
	noPong       bool
	denied       map[string]denial

	held    bool
	waiting []func() // confirmations, in the order of their requests

	twice    bool
	swap     bool
	deferred func() // the presence event that waits for the next one
}

type denial struct {
	text string
	code int
}

// Drop is how a connection ends.
type Drop int

// The ways in which a connection ends.
const (
	Reset      Drop = iota // the link breaks, over TCP by a reset
	CloseFrame             // the server closes: a WebSocket close frame of 1012 (service restart), or a close packet over polling
	Disconnect             // the server sends a Socket.IO DISCONNECT (41), then closes. Such connections are not recovered
)

// DropAll ends every connection, and returns how many there were.
func (s *Server) DropAll(how Drop) int {
	conns := s.Connections()
	for _, c := range conns {
		c.Drop(how)
	}
	return len(conns)
}

// Drop ends the connection.
func (c *Conn) Drop(how Drop) {
	session := c.socket.Session()
	switch how {
	case CloseFrame:
		session.CloseFrame(1012)
	case Disconnect:
		c.socket.Disconnect()
		session.Close()
	default:
		if l, ok := session.NetConn().(*link); ok {
			l.cut(true)
		}
		session.Cut(sioserver.TransportClose)
	}
}

// HalfOpenAll makes every connection half-open, and returns how many there were.
func (s *Server) HalfOpenAll() int {
	conns := s.Connections()
	for _, c := range conns {
		c.HalfOpen()
	}
	return len(conns)
}

// HalfOpen makes the link go dead without a close: what either side sends vanishes, and neither hears of the other's end. The server
// keeps the connection until its own heartbeat times out. New connections are not affected.
func (c *Conn) HalfOpen() {
	session := c.socket.Session()
	session.Mute()
	if l, ok := session.NetConn().(*link); ok {
		l.mute()
	}
}

// Deafen takes the connection out of all rooms while its heartbeats go on: nothing else reaches it, with recovery not even
// realtimex:pong. It is what a server with recovery does to a client that came back over a half-open link when the old connection times
// out.
func (c *Conn) Deafen() { c.socket.LoseRooms() }

// RefuseNext answers the next n handshakes with 503 Service Unavailable.
func (s *Server) RefuseNext(n int) { s.RefuseNextWith(n, http.StatusServiceUnavailable) }

// RefuseNextWith answers the next n handshakes with an HTTP status.
func (s *Server) RefuseNextWith(n, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.refuse, s.faults.refuseStatus = n, status
}

// Step is a step of a client's way to its events.
type Step int

// The steps at which a client can be left without an answer.
const (
	StepHandshake Step = iota // the HTTP request is not answered
	StepOpen                  // the transport is up, and no open packet comes
	StepConnect               // CONNECT is not answered
	StepSubscribe             // a subscription is neither made nor answered
	stepCount
)

// HangNext leaves the next n clients that reach the step without an answer, for good. Zero ends the fault.
func (s *Server) HangNext(step Step, n int) {
	if step < 0 || step >= stepCount {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.hang[step] = n
}

func (f *faults) takeHang(step Step) bool {
	if f.hang[step] == 0 {
		return false
	}
	f.hang[step]--
	return true
}

// HoldConfirmations keeps the confirmations of subscriptions back until release is called, which sends them in the order of the
// requests and returns how many there were. Events flow meanwhile.
func (s *Server) HoldConfirmations() (release func() int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.held = true
	return func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		defer s.touch()
		return s.faults.release()
	}
}

func (f *faults) release() int {
	waiting := f.waiting
	f.held, f.waiting = false, nil
	for _, confirm := range waiting {
		confirm()
	}
	return len(waiting)
}

// whenReleased confirms now or, while confirmations are held, later.
func (f *faults) whenReleased(confirm func()) {
	if f.held {
		f.waiting = append(f.waiting, confirm)
		return
	}
	confirm()
}

// Deny refuses subscriptions to a channel, whatever their signature, with this text and code. Who is subscribed stays so.
func (s *Server) Deny(channel, text string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.denied == nil {
		s.faults.denied = make(map[string]denial)
	}
	s.faults.denied[channel] = denial{text, code}
}

// Allow takes a Deny back.
func (s *Server) Allow(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.faults.denied, channel)
}

// LoseNext makes the next n events that are published or relayed reach nobody.
func (s *Server) LoseNext(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.lose = n
}

// DuplicatePresence tells each member_added and member_removed twice from now on, or stops that.
func (s *Server) DuplicatePresence(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.twice = on
}

// ReorderPresence swaps each member_added or member_removed with the one that follows from now on. Turned off, it lets out the one that
// waits.
func (s *Server) ReorderPresence(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.swap = on
	if waiting := s.faults.deferred; !on && waiting != nil {
		s.faults.deferred = nil
		waiting()
	}
}

// presence tells one presence event with the faults that are due.
func (f *faults) presence(tell func()) {
	if f.twice {
		once := tell
		tell = func() { once(); once() }
	}
	if !f.swap {
		tell()
		return
	}
	if f.deferred == nil {
		f.deferred = tell
		return
	}
	waiting := f.deferred
	f.deferred = nil
	tell()
	waiting()
}

// SetHeartbeats turns the server's pings off and on. While they are off the server lets no connection time out.
func (s *Server) SetHeartbeats(on bool) { s.sio.SetHeartbeats(on) }

// SetPong turns the answers to realtimex:ping off and on.
func (s *Server) SetPong(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.noPong = !on
}

// SetLink slows every connection down, those that come later too. The zero Link ends that.
func (s *Server) SetLink(l Link) { s.network.setProfile(l) }

// Inject sends a text frame as it is to every connection: malformed packets, unknown ones, such of another version.
func (s *Server) Inject(frame string) {
	for _, c := range s.Connections() {
		c.Inject(frame)
	}
}

// Inject sends a text frame as it is. Over polling it becomes a part of a body.
func (c *Conn) Inject(frame string) { c.socket.Session().Send([]byte(frame)) }

// InjectBinary sends a binary frame that nothing has announced.
func (c *Conn) InjectBinary(frame []byte) {
	c.socket.Session().SendBinary(append([]byte(nil), frame...))
}

// InjectOversized sends an event on a channel whose payload is a string of n bytes, for clients that limit what they read.
func (c *Conn) InjectOversized(channel string, n int) {
	c.Inject(fmt.Sprintf(`42["server-event",{"channel":%s,"event":"oversized","data":"%s"}]`, encode(channel), strings.Repeat("x", n)))
}

// Memory is what a server still knows after a restart.
type Memory int

// What a restarted server knows.
const (
	Forget   Memory = iota // nothing: no connection can be recovered, and members made by Join are gone
	Remember               // what recovery has kept, and the members made by Join
)

// Stop makes the server unreachable: every connection is reset, and new ones are refused at once, over TCP by a reset. The auth backend
// stays up.
func (s *Server) Stop() {
	s.network.setDown(true)
	s.sio.EndAll(sioserver.ShuttingDown)
}

// Resume ends a Stop.
func (s *Server) Resume(m Memory) {
	if m == Forget {
		s.forget()
	}
	s.network.setDown(false)
}

// Restart is a Stop and a Resume: every connection is lost, and the server is there again at once, at the same address.
func (s *Server) Restart(m Memory) {
	s.Stop()
	s.Resume(m)
}

func (s *Server) forget() {
	s.root.Forget()
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, ch := range s.channels {
		for _, key := range append([]string(nil), ch.order...) {
			s.goAway(nil, name, key)
		}
	}
	s.faults.waiting = nil
	s.touch()
}
