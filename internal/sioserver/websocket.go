package sioserver

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
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

// serveWebSocket opens a session over a WebSocket or, if s is not nil, offers the socket to s as
// its new transport.
func (e *Engine) serveWebSocket(w http.ResponseWriter, r *http.Request, s *Session) {
	var admission Admission
	if s == nil {
		var refused *HTTPError
		if admission, refused = e.cfg.Admit(r); refused != nil {
			refused.Write(w)
			return
		}
	}
	// An upgrade is under way from before its client can know: what the client sends next, on
	// another connection, meets it.
	offered := s != nil && s.offer()
	rec := &hijackRecorder{ResponseWriter: w}
	// Origins are not checked here: that is the Gate's, which stands before the engine where web
	// pages can reach it.
	ws, err := websocket.Accept(rec, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil { // Accept has answered
		if offered {
			s.withdrawOffer()
		}
		return
	}
	sock := newSocket(ws, rec.conn, r, e.cfg.MaxPayload)
	defer func() {
		if !sock.parted.Load() {
			ws.CloseNow()
		}
	}()
	if s != nil {
		if offered && s.upgrade(sock) {
			s.read(sock)
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
	s.read(sock)
}

// socket is the WebSocket of a session with the connection beneath it, which can be cut while a
// close handshake is waited for.
type socket struct {
	ws     *websocket.Conn
	conn   net.Conn
	limit  int64       // bytes of one message from the client
	base64 bool        // the client wants no binary frames, and gets attachments as text
	parted atomic.Bool // its close handshake is under way; cutting it short would hide the close frame
}

func newSocket(ws *websocket.Conn, conn net.Conn, r *http.Request, limit int64) *socket {
	ws.SetReadLimit(-1) // ours closes without words, as the reference server does
	return &socket{ws: ws, conn: conn, limit: limit, base64: r.URL.Query().Get("b64") != ""}
}

// errMessageTooLarge is what a client's message over the limit gives.
var errMessageTooLarge = errors.New("sioserver: message too large")

// next reads one message. One over the limit gives errMessageTooLarge, and no more can be read.
func (k *socket) next() (websocket.MessageType, []byte, error) {
	typ, r, err := k.ws.Reader(context.Background()) //nolint:forbidigo // reading ends with the socket
	if err != nil {
		return typ, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, k.limit+1))
	if err == nil && int64(len(data)) > k.limit {
		err = errMessageTooLarge
	}
	return typ, data, err
}

// write writes one packet. It blocks while the client does not read.
func (k *socket) write(f frame) error {
	switch {
	case !f.binary:
		return k.ws.Write(context.Background(), websocket.MessageText, f.data) //nolint:forbidigo // writing ends with the socket
	case k.base64:
		return k.ws.Write(context.Background(), websocket.MessageText, appendFrame(nil, f)) //nolint:forbidigo // writing ends with the socket
	}
	return k.ws.Write(context.Background(), websocket.MessageBinary, f.data) //nolint:forbidigo // writing ends with the socket
}

// cut closes the connection, by a reset if hard and if the connection knows how.
func (k *socket) cut(hard bool) {
	if c, ok := k.conn.(interface{ Reset() }); ok && hard {
		c.Reset()
		return
	}
	k.conn.Close()
}

// read handles what comes in on the session's WebSocket until the session ends.
func (s *Session) read(sock *socket) {
	for {
		typ, data, err := sock.next()
		s.received.Add(int64(len(data)))
		if err == errMessageTooLarge { //nolint:errorlint // next returns it unwrapped
			s.end(TransportError, farewell{code: websocket.StatusMessageTooBig})
			return
		}
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
	if len(data) > 0 && data[0] == 'b' { // a binary message from a client that can't send it as one
		packets, err := engineio.DecodePayload(data, 1)
		if err != nil {
			return engineio.Packet{}, err
		}
		return packets[0], nil
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
			s.drain()
			closing := s.state == sessionClosing
			s.mu.Unlock()
			if closing {
				s.end(ForcedClose, polite)
			}
			return
		}
		s.mu.Unlock()
		for _, f := range batch {
			// A client that does not read is ended by its heartbeat or by its full queue: both
			// close the connection, and that ends the write.
			if socket.write(f) != nil {
				s.end(TransportError, abrupt)
				return
			}
			s.sent.Add(int64(len(f.data)))
		}
	}
}

// offer takes the one place for a WebSocket that may become the session's transport. It reports
// false if that is taken.
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

// upgrade takes the steps of a change from polling to sock, which has been offered: a probe, its
// answer, and the packet that completes it. It reports whether sock is now the session's transport.
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
	p, ok := nextPacket(sock)
	if !ok || p.Type != engineio.Ping || string(p.Data) != "probe" {
		return false
	}
	if sock.write(frame{data: []byte("3probe")}) != nil {
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
	p, ok := nextPacket(sock)
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

func nextPacket(sock *socket) (engineio.Packet, bool) {
	typ, data, err := sock.next()
	if err != nil {
		return engineio.Packet{}, false
	}
	p, err := decodeFrame(typ, data)
	return p, err == nil
}
