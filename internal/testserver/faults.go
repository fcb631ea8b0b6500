package testserver

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/realtimex/realtimex-go/internal/sioserver"
)

// faults is what is to go wrong. It belongs to Server.mu.
type faults struct {
	refuse     int
	refusal    sioserver.HTTPError
	noConnect  int
	connection denial // of CONNECT, while noConnect
	hang       [stepCount]int
	lose       int
	noPong     bool
	denied     map[string]denial

	held    bool
	waiting []func() // confirmations, in the order of their requests

	twice    bool
	swap     bool
	deferred func() // the presence event that waits for the next one

	rosters map[string]splice // forged, by channel
}

type denial struct {
	text  string
	code  int
	times int // that are left; less than 0 is no end
}

// RefuseNext answers the next n handshakes with 503 Service Unavailable.
func (s *Server) RefuseNext(n int) { s.RefuseNextWith(n, http.StatusServiceUnavailable) }

// RefuseNextWith answers the next n handshakes with an HTTP status.
func (s *Server) RefuseNextWith(n, status int) {
	s.RefuseNextAfter(n, status, "")
}

// RefuseNextAfter answers the next n handshakes with an HTTP status and a Retry-After of that text:
// seconds, a date, or neither. None if it is empty.
func (s *Server) RefuseNextAfter(n, status int, retryAfter string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.refuse = n
	s.faults.refusal = sioserver.HTTPError{Status: status, Code: 3, Message: http.StatusText(status), RetryAfter: retryAfter}
}

// RefuseConnectNext answers the next n CONNECTs with a CONNECT_ERROR of this text and code, such as
// 4100 for a service that is over its capacity. A code of 0 is left out. The link stays up.
func (s *Server) RefuseConnectNext(n int, text string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.noConnect, s.faults.connection = n, denial{text: text, code: code}
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

// HangNext leaves the next n clients that reach the step without an answer, for good. Zero ends the
// fault.
func (s *Server) HangNext(step Step, n int) {
	if step < 0 || step >= stepCount {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.hang[step] = n
}

func (f *faults) takeHang(step Step) bool {
	if f.hang[step] <= 0 {
		return false
	}
	f.hang[step]--
	return true
}

// HoldConfirmations keeps the confirmations of subscriptions back until release is called, which
// sends them in the order of the requests and returns how many there were. Events flow meanwhile.
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

// Deny refuses subscriptions to a channel, whatever their signature, with this text and code. Who
// is subscribed stays so.
func (s *Server) Deny(channel, text string, code int) {
	s.deny(channel, denial{text, code, -1})
}

// DenyNext is Deny for the next n subscriptions to the channel, with a code that can heal, such as
// 503 or 4200, or with one that can't.
func (s *Server) DenyNext(channel string, n int, text string, code int) {
	if n <= 0 {
		s.Allow(channel)
		return
	}
	s.deny(channel, denial{text, code, n})
}

func (s *Server) deny(channel string, d denial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.denied == nil {
		s.faults.denied = make(map[string]denial)
	}
	s.faults.denied[channel] = d
}

// takeDenial is the refusal that is due for a subscription, if one is.
func (f *faults) takeDenial(channel string) (denial, bool) {
	d, denied := f.denied[channel]
	if d.times--; d.times == 0 {
		delete(f.denied, channel)
	} else if denied {
		f.denied[channel] = d
	}
	return d, denied
}

// Allow takes a Deny or a DenyNext back.
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

// ReorderPresence swaps each member_added or member_removed with the one that follows from now on.
// Turned off, it lets out the one that waits.
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

// SetHeartbeats turns the server's pings off and on. While they are off the server lets no
// connection time out.
func (s *Server) SetHeartbeats(on bool) { s.sio.SetHeartbeats(on) }

// BlockWebSockets answers each request for a WebSocket, also for an upgrade, as a proxy does that
// lets none through: with 400. False ends that. Connections that are open stay.
func (s *Server) BlockWebSockets(on bool) { s.sio.BlockWebSockets(on) }

// SetPong turns the answers to realtimex:ping off and on.
func (s *Server) SetPong(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.noPong = !on
}

// SetLink slows every connection down, those that come later too. The zero Link ends that.
func (s *Server) SetLink(l Link) { s.network.setProfile(l) }

// Complain tells every connection of a trouble of the service's own, by an event "error" or
// "realtimex:error" of {"message","code"}. A code of 0 is left out.
func (s *Server) Complain(event, message string, code int) {
	fields := []field{{"message", message}}
	if code != 0 {
		fields = append(fields, field{"code", code})
	}
	for _, c := range s.Connections() {
		c.socket.Emit(event, object(fields...))
	}
}

// Inject sends a text frame as it is to every connection: malformed packets, unknown ones, such of
// another version.
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

// InjectOversized sends an event on a channel whose payload is a string of n bytes, for clients
// that limit what they read.
func (c *Conn) InjectOversized(channel string, n int) {
	c.Inject(fmt.Sprintf(`42["server-event",{"channel":%s,"event":"oversized","data":"%s"}]`, encode(channel), strings.Repeat("x", n)))
}
