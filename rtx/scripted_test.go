package rtx

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A scripted service stands behind the transport's seam: its sessions have no network and no
// goroutine, and do what the test says, to the nanosecond of a synctest clock.
type scripted struct {
	tb    testing.TB
	c     *Client
	start time.Time

	dial func(ctx context.Context, n int, s *scriptedSession) error // nil: each attempt succeeds at once

	mu       sync.Mutex
	dials    []scriptedDial
	sessions []*scriptedSession
}

type scriptedDial struct {
	at     time.Duration
	resume transport.Resume
}

// newScripted makes a client of a scripted service. It is closed with the test.
func newScripted(tb testing.TB, opts ...Option) *scripted {
	tb.Helper()
	c, err := New("key", append([]Option{WithURL("ws://127.0.0.1:1")}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	s := &scripted{tb: tb, c: c, start: time.Now()}
	c.dialer = s
	tb.Cleanup(func() { _ = c.Close() })
	return s
}

func (s *scripted) connect() *scriptedSession {
	s.tb.Helper()
	if err := s.c.Connect(s.tb.Context()); err != nil {
		s.tb.Fatal(err)
	}
	return s.session()
}

func (s *scripted) Dial(ctx context.Context, r transport.Resume) (transport.Session, error) {
	s.mu.Lock()
	s.dials = append(s.dials, scriptedDial{time.Since(s.start), r})
	n := len(s.dials)
	s.mu.Unlock()
	sess := &scriptedSession{
		info: transport.Info{
			SocketID: fmt.Sprint("socket-", n), PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second,
		},
		confirms: true, pongs: true, greets: true,
		in: make(chan scriptedPacket, 1<<16), pings: make(chan struct{}, 1), closed: make(chan struct{}),
		last: time.Now(),
	}
	if s.dial != nil {
		if err := s.dial(ctx, n, sess); err != nil {
			return nil, err
		}
	}
	if sess.greets {
		sess.event(`["realtimex:connection_established",{"socket_id":"` + sess.info.SocketID + `"}]`)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.sessions {
		if !old.isOver() {
			s.tb.Error("two sessions are up at once")
		}
	}
	s.sessions = append(s.sessions, sess)
	return sess, nil
}

// count is how many attempts there were.
func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.dials)
}

// session is the last one.
func (s *scripted) session() *scriptedSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[len(s.sessions)-1]
}

var errNoRoute = &transport.HandshakeError{Step: "dial", Code: -1, Err: errors.New("no route")}

func unreachable(context.Context, int, *scriptedSession) error { return errNoRoute }

// A scriptedPacket is one that comes, or the session's end by the service.
type scriptedPacket struct {
	p   transport.Packet
	end error
}

// scriptedSession is one session. What it is to do is set before it is dialled, and by set
// afterwards.
type scriptedSession struct {
	info      transport.Info
	greets    bool          // connection_established comes at once
	confirms  bool          // each subscribe is confirmed at once
	pongs     bool          // each realtimex:ping is answered at once
	closeTime time.Duration // how long Close takes
	writeTime time.Duration // how long Send and Pong take
	writeErr  error         // what they return
	known     transport.End

	in     chan scriptedPacket
	pings  chan struct{}
	closed chan struct{}

	mu     sync.Mutex
	reason error // the first of Close
	over   bool  // Close has returned
	last   time.Time
	sent   []string
	ponged []time.Time
}

// set changes what it is to do.
func (s *scriptedSession) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// event has an event come, as a JSON array.
func (s *scriptedSession) event(data string) {
	s.in <- scriptedPacket{p: transport.Packet{Type: transport.PacketEvent, Data: []byte(data)}}
}

func (s *scriptedSession) publish(channel, event, payload string) {
	s.event(fmt.Sprintf(`["server-event",{"channel":%q,"event":%q,"data":%s}]`, channel, event, payload))
}

// end has the service end the session, after what came before.
func (s *scriptedSession) end(err error) { s.in <- scriptedPacket{end: err} }

// ping has a ping of the service come.
func (s *scriptedSession) ping() {
	s.heard()
	select {
	case s.pings <- struct{}{}:
	default:
	}
}

func (s *scriptedSession) heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
}

// packets are those that were sent and begin so.
func (s *scriptedSession) packets(prefix string) (some []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.sent {
		if strings.HasPrefix(p, prefix) {
			some = append(some, p)
		}
	}
	return some
}

// pongTimes are when pongs were written.
func (s *scriptedSession) pongTimes() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ponged)
}

func (s *scriptedSession) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

func (s *scriptedSession) cause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

func (s *scriptedSession) Recv() (transport.Packet, error) {
	select {
	case p := <-s.in:
		s.heard()
		return p.p, p.end
	case <-s.closed:
		return transport.Packet{}, net.ErrClosed
	}
}

func (s *scriptedSession) Send(_ context.Context, packets ...[]byte) error {
	if err := s.write(); err != nil {
		return err
	}
	for _, p := range packets {
		s.mu.Lock()
		s.sent = append(s.sent, string(p))
		confirms, pongs := s.confirms, s.pongs
		s.mu.Unlock()
		channel, subscribed := strings.CutPrefix(string(p), `2["realtimex:subscribe",{"channel":"`)
		switch {
		case subscribed && confirms:
			channel, _, _ = strings.Cut(channel, `"`)
			s.event(`["realtimex_internal:subscription_succeeded",{"channel":"` + channel + `"}]`)
		case string(p) == `2["realtimex:ping",{}]` && pongs:
			s.event(`["realtimex:pong",{}]`)
		}
	}
	return nil
}

func (s *scriptedSession) write() error {
	s.mu.Lock()
	takes, err := s.writeTime, s.writeErr
	s.mu.Unlock()
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-s.closed:
			return transport.ErrSessionClosed
		}
	}
	return err
}

func (s *scriptedSession) Pong() error {
	err := s.write()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ponged = append(s.ponged, time.Now())
	return err
}

func (s *scriptedSession) Close(reason error) {
	s.mu.Lock()
	first := s.reason == nil
	if first {
		s.reason = reason
	}
	takes := s.closeTime
	s.mu.Unlock()
	if !first {
		<-s.closed
		return
	}
	time.Sleep(takes)
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	close(s.closed)
}

func (s *scriptedSession) ReceivedAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.Round(0)
}

func (s *scriptedSession) Silence() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.last)
}

// Hide is noted among what was sent, in its place.
func (s *scriptedSession) Hide(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, "hide "+strings.Join(secrets, " "))
}

func (s *scriptedSession) Info() transport.Info   { return s.info }
func (s *scriptedSession) Pings() <-chan struct{} { return s.pings }
func (s *scriptedSession) Ended() transport.End   { return s.known }

// story is what a stream of states has to tell, in order: those that stand in its buffer.
func story(states *States) (all []StateChange) {
	for {
		select {
		case st, ok := <-states.C:
			if !ok {
				return all
			}
			all = append(all, st)
		default:
			return all
		}
	}
}

// phrase is a story in words.
func phrase(all []StateChange) string {
	var words []string
	for _, st := range all {
		words = append(words, st.State.String())
	}
	return strings.Join(words, " ")
}

// withGrace sets how long the service may take to name the socket id.
func withGrace(d time.Duration) Option {
	return option(func(c *config) error { c.grace = d; return nil })
}

// rest closes a stream, and is what it has left.
func rest[T any](s *Stream[T]) iter.Seq2[T, *Gap] {
	s.Close()
	return s.All()
}

// goroutines are the stacks of those in a bubble that run a client's code: its own, and those of
// callers. One of a test before, in its last instruction, is in none.
func goroutines() (stacks []string) {
	buf := make([]byte, 1<<20)
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		head, _, _ := strings.Cut(g, "\n")
		if strings.Contains(head, "synctest bubble") && strings.Contains(g, "rtx.(*Client)") {
			stacks = append(stacks, g)
		}
	}
	return stacks
}
