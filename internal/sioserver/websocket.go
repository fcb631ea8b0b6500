package sioserver

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/realtimex/realtimex-go/internal/engineio"
)

// hijackRecorder keeps the connection that a WebSocket takes over.
type hijackRecorder struct {
	http.ResponseWriter
	conn net.Conn
}

func (h *hijackRecorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, rw, err
}

// serveWebSocket opens a session over a WebSocket or, if s is not nil, offers the socket to s as its new transport.
func (e *Engine) serveWebSocket(w http.ResponseWriter, r *http.Request, s *Session) {
	var admission Admission
	if s == nil {
		var refused *HTTPError
		if admission, refused = e.cfg.Admit(r); refused != nil {
			refused.Write(w)
			return
		}
	}
	// An upgrade is under way from before its client can know: what the client sends next, on another connection, meets it.
	offered := s != nil && s.offer()
	rec := &hijackRecorder{ResponseWriter: w}
	// Origins are not checked here: that is the Gate's, which stands before the engine where web pages can reach it.
	ws, err := websocket.Accept(rec, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil { // Accept has answered
		if offered {
			s.withdrawOffer()
		}
		return
	}
	ws.SetReadLimit(e.cfg.MaxPayload)
	sock := &socket{ws: ws, conn: rec.conn}
	defer func() {
		if !sock.parted.Load() {
			ws.CloseNow()
		}
	}()
	if s != nil {
		if offered && s.upgrade(sock) {
			s.read(ws)
			return
		}
		ws.Close(websocket.StatusNoStatusRcvd, "")
		return
	}
	s, ok := e.open(admission)
	if !ok {
		return
	}
	s.mu.Lock()
	s.socket = sock
	s.mu.Unlock()
	s.Send(s.handshake())
	s.startBeat()
	s.read(ws)
}

// read handles what comes in on the session's WebSocket until the session ends.
func (s *Session) read(ws *websocket.Conn) {
	for {
		typ, data, err := ws.Read(context.Background())
		if err != nil {
			s.end(TransportClose, abrupt)
			return
		}
		p, err := decodeFrame(typ, data)
		if err != nil {
			s.end(ParseError, polite)
			return
		}
		s.turn <- struct{}{}
		on := s.receive(p)
		<-s.turn
		if !on {
			return
		}
	}
}

func decodeFrame(typ websocket.MessageType, data []byte) (engineio.Packet, error) {
	if typ == websocket.MessageBinary {
		return engineio.Packet{Type: engineio.Message, Binary: true, Data: data}, nil
	}
	return engineio.DecodePacket(data)
}

// pump writes the queue to the WebSocket until it is empty.
func (s *Session) pump() {
	for {
		s.mu.Lock()
		batch, socket := s.queue, s.socket
		s.queue, s.queued = nil, 0
		if len(batch) == 0 {
			s.pumping = false
			closing := s.state == sessionClosing
			s.mu.Unlock()
			if closing {
				s.end(ForcedClose, polite)
			}
			return
		}
		s.mu.Unlock()
		for _, f := range batch {
			typ := websocket.MessageText
			if f.binary {
				typ = websocket.MessageBinary
			}
			// A client that does not read is ended by its heartbeat or by its full queue: both close the connection, and that
			// ends the write.
			if socket.ws.Write(context.Background(), typ, f.data) != nil {
				s.end(TransportError, abrupt)
				return
			}
		}
	}
}

// offer takes the one place for a WebSocket that may become the session's transport. It reports false if that is taken.
func (s *Session) offer() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != sessionOpen || s.socket != nil || s.offered {
		return false
	}
	s.offered = true
	return true
}

func (s *Session) withdrawOffer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered, s.probe, s.probed = false, nil, false
}

// upgrade takes the steps of a change from polling to sock, which has been offered: a probe, its answer, and the packet that completes
// it. It reports whether sock is now the session's transport.
func (s *Session) upgrade(sock *socket) bool {
	s.mu.Lock()
	open := s.state == sessionOpen
	s.probe = sock
	s.mu.Unlock()
	timer := time.AfterFunc(s.engine.cfg.UpgradeTimeout, func() { sock.conn.Close() })
	defer timer.Stop()
	if open && s.answerProbe(sock) && s.completeUpgrade(sock) {
		return true
	}
	s.withdrawOffer()
	return false
}

func (s *Session) answerProbe(sock *socket) bool {
	p, ok := nextPacket(sock.ws)
	if !ok || p.Type != engineio.Ping || string(p.Data) != "probe" {
		return false
	}
	if sock.ws.Write(context.Background(), websocket.MessageText, []byte("3probe")) != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probed = true
	if s.waiting != nil && !s.waiting.late {
		// The client can't complete the upgrade while its poll is open.
		s.waiting.answer <- pollAnswer{body: []byte{'6'}}
		s.waiting = nil
	}
	return true
}

func (s *Session) completeUpgrade(sock *socket) bool {
	p, ok := nextPacket(sock.ws)
	if !ok || p.Type != engineio.Upgrade {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == sessionClosed {
		return false
	}
	s.offered, s.probe, s.probed = false, nil, false
	s.socket = sock
	if s.waiting != nil {
		s.waiting.answer <- pollAnswer{refused: true}
		s.waiting = nil
	}
	s.flush()
	return true
}

func nextPacket(ws *websocket.Conn) (engineio.Packet, bool) {
	typ, data, err := ws.Read(context.Background())
	if err != nil {
		return engineio.Packet{}, false
	}
	p, err := decodeFrame(typ, data)
	return p, err == nil
}
