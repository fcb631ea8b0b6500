package sioserver

import (
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

const (
	// abortGrace is how long a post that meets an open poll waits for that poll to break off. A
	// client that gave up its poll and posts next does so on another connection, and the two events
	// arrive in no order.
	abortGrace = 10 * time.Millisecond
	// noopDelay is how long a poll waits that comes while an upgrade is under way: if the upgrade
	// completes meanwhile the poll is refused, else it is answered with a noop so that the client
	// may complete it. The reference server looks every 100 ms.
	noopDelay = 100 * time.Millisecond
	// closeGrace is how long a close packet that finds no poll waits for one: a client that sends
	// its last poll and its close packet at once, on two connections, has the poll answered.
	closeGrace = 20 * time.Millisecond
	// overrun is how much of a body past its limit is read, and thrown away, so that its client is
	// there to read the refusal.
	overrun = 32 << 20
)

// poll is a GET that waits for something to be sent.
type poll struct {
	answer chan pollAnswer // of capacity 1; whoever takes the poll out of the session answers it
	late   bool            // it came when an upgrade was under way
}

type pollAnswer struct {
	body    []byte
	refused bool
	abort   bool // break the connection off
	hang    bool // the session is muted: no answer ever
}

func (s *Session) answerPoll(w http.ResponseWriter, r *http.Request, a pollAnswer) {
	switch {
	case a.hang:
		s.hang(r)
	case a.abort:
		panic(http.ErrAbortHandler)
	case a.refused:
		errBadRequest.Write(w)
	default:
		writePayload(w, a.body)
	}
}

func writePayload(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

func (e *Engine) openPolling(w http.ResponseWriter, r *http.Request) {
	admission, refused := e.cfg.Admit(r)
	if refused != nil {
		refused.Write(w)
		return
	}
	s, ok := e.open(admission)
	if !ok {
		errClosing.Write(w)
		return
	}
	open := s.handshake(slices.DeleteFunc(slices.Clone(e.cfg.Transports), func(name string) bool { return name == "polling" })...)
	s.startBeat()
	if admission.Silent {
		s.hang(r)
	}
	writePayload(w, open)
}

// servePoll answers with what is queued, or waits for it.
func (s *Session) servePoll(w http.ResponseWriter, r *http.Request) {
	if s.muted.Load() {
		s.hang(r)
	}
	s.expire()
	s.mu.Lock()
	switch {
	case s.state == sessionClosed || s.socket != nil:
		s.mu.Unlock()
		errBadRequest.Write(w)
		return
	case s.waiting != nil: // a client has one poll open at a time
		s.mu.Unlock()
		s.end(TransportError, polite)
		errBadRequest.Write(w)
		return
	case s.state == sessionClosing:
		body := appendPayload(nil, append(s.queue, frame{data: []byte{'1'}}))
		s.mu.Unlock()
		s.end(ForcedClose, polite)
		writePayload(w, body)
		return
	case len(s.queue) > 0 && !s.corked:
		body := s.takePayload()
		s.mu.Unlock()
		writePayload(w, body)
		return
	}
	p := &poll{answer: make(chan pollAnswer, 1)}
	s.waiting = p
	var noop <-chan time.Time
	if s.offered {
		p.late = true
		ticker := time.NewTicker(noopDelay)
		defer ticker.Stop()
		noop = ticker.C
	}
	select {
	case s.polled <- struct{}{}:
	default:
	}
	s.mu.Unlock()

	for {
		select {
		case a := <-p.answer:
			s.answerPoll(w, r, a)
			return
		case <-noop:
			if s.withdrawProbed(p) {
				writePayload(w, []byte{'6'})
				return
			}
		case <-r.Context().Done():
			if s.withdraw(p) {
				s.end(TransportError, abrupt)
			}
			return
		}
	}
}

// withdrawProbed takes an open poll back if an upgrade waits for that.
func (s *Session) withdrawProbed(p *poll) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != p || !s.probed {
		return false
	}
	s.waiting = nil
	return true
}

// withdraw takes an open poll back. It reports false if the poll has its answer already.
func (s *Session) withdraw(p *poll) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != p {
		return false
	}
	s.waiting = nil
	return true
}

// readBody reads a body of at most limit bytes. It reports false when it has answered.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case err != nil:
		w.Header().Set("Connection", "close")
		errBadRequest.Write(w)
		return nil, false
	case int64(len(body)) <= limit:
		return body, true
	}
	// An answer that comes while the client still writes can be lost: the rest of the body, unread,
	// makes a reset of the close.
	if rest, err := io.Copy(io.Discard, io.LimitReader(r.Body, overrun)); err != nil || rest == overrun {
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(http.StatusRequestEntityTooLarge)
	return nil, false
}

// servePost takes the packets of a body.
func (s *Session) servePost(w http.ResponseWriter, r *http.Request) {
	limit := s.engine.cfg.MaxPayload
	body, ok := readBody(w, r, limit)
	if !ok {
		return
	}
	s.received.Add(int64(len(body)))
	if s.muted.Load() {
		s.hang(r)
	}
	s.expire()
	s.awaitAbort()

	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-s.done:
		errBadRequest.Write(w)
		return
	}
	if !s.cork() {
		errBadRequest.Write(w)
		return
	}
	defer s.uncork()
	packets, err := engineio.DecodePayload(body, int(limit))
	if err != nil {
		s.end(ParseError, polite)
		errBadRequest.Write(w)
		return
	}
	for _, p := range packets {
		if p.Type == engineio.Close {
			s.awaitPoll()
		}
		if !s.receive(p) && p.Type != engineio.Close {
			errBadRequest.Write(w)
			return
		}
	}
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, "ok")
}

// awaitAbort gives the poll that is open, if there is one, the time to turn out to be broken off.
func (s *Session) awaitAbort() {
	s.mu.Lock()
	open := s.waiting != nil
	s.mu.Unlock()
	if !open {
		return
	}
	timer := time.NewTimer(abortGrace)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
	}
}

// awaitPoll gives a poll that is on its way the time to come.
func (s *Session) awaitPoll() {
	s.mu.Lock()
	open := s.waiting != nil
	if !open {
		select {
		case <-s.polled: // of an earlier poll
		default:
		}
	}
	s.mu.Unlock()
	if open {
		return
	}
	timer := time.NewTimer(closeGrace)
	defer timer.Stop()
	select {
	case <-s.polled:
	case <-s.done:
	case <-timer.C:
	}
}

// cork keeps back what is sent until uncork. It reports false if the session no longer takes posts.
func (s *Session) cork() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == sessionClosed || s.socket != nil {
		return false
	}
	s.corked = true
	return true
}

func (s *Session) uncork() {
	s.mu.Lock()
	s.corked = false
	s.flush()
	closing := s.state == sessionClosing && s.waiting != nil
	s.mu.Unlock()
	if closing {
		s.end(ForcedClose, polite)
	}
}

// hang holds a request of a muted session until the client or the engine gives up. The end of the
// session stays untold, as it would over a dead link.
func (s *Session) hang(r *http.Request) {
	select {
	case <-s.engine.stopped:
	case <-r.Context().Done():
	}
	panic(http.ErrAbortHandler)
}

// takePayload empties the queue into one body. s.mu is held.
func (s *Session) takePayload() []byte {
	body := appendPayload(make([]byte, 0, s.queued+2*len(s.queue)), s.queue)
	s.queue, s.queued = nil, 0
	s.drain()
	s.sent.Add(int64(len(body)))
	return body
}

// appendPayload joins packets as a polling body has them, by 0x1e.
func appendPayload(dst []byte, frames []frame) []byte {
	for i, f := range frames {
		if i > 0 {
			dst = append(dst, 0x1e)
		}
		dst = appendFrame(dst, f)
	}
	return dst
}

// appendFrame appends a packet as text: a binary one is b and base64.
func appendFrame(dst []byte, f frame) []byte {
	if f.binary {
		return base64.StdEncoding.AppendEncode(append(dst, 'b'), f.data)
	}
	return append(dst, f.data...)
}
