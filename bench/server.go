package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A server is the service as far as the clients need it: handshake, subscriptions, echo, and the
// load. It is no part of what is measured, and does as little as it can: it sends no pings, and
// what it sends under load is ready-made.
type server struct {
	listener net.Listener
	http     http.Server

	mu       sync.Mutex
	sessions map[string]*session       // by API key, the last one; each client under load has a key of its own
	polls    map[string]*poll          // by session id, for clients that begin with HTTP
	polling  map[string]*polledSession // by API key, for clients that stay with it
}

func startServer() (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{listener: l, sessions: make(map[string]*session), polls: make(map[string]*poll), polling: make(map[string]*polledSession)}
	s.http.Handler = s
	go func() { _ = s.http.Serve(l) }() // ends with close
	return s, nil
}

func (s *server) addr() string { return s.listener.Addr().String() }

func (s *server) close() {
	_ = s.http.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ws := range s.sessions {
		_ = ws.conn.Close()
	}
}

func (s *server) session(key string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[key]
}

// cutPath is where a client asks for the end of its link, or of all links whose keys begin with its
// prefix.
const cutPath = "/cut"

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case r.URL.Path == cutPath:
		if ws := s.session(q.Get("api_key")); ws != nil {
			_ = ws.conn.Close()
		}
		if prefix := q.Get("prefix"); prefix != "" {
			for _, ws := range s.crowd(prefix) {
				_ = ws.conn.Close()
			}
		}
		return
	case r.URL.Path == pingPath:
		s.servePings(w, r)
		return
	case q.Get("transport") == "polling" && strings.Contains(q.Get("api_key"), "-polling"):
		s.servePolled(w, r)
		return
	case q.Get("transport") == "polling":
		s.servePoll(w, r)
		return
	}
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	accept := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(accept[:]))
	ws := &session{conn: conn, in: rw.Reader, out: bufio.NewWriter(conn), sid: q.Get("sid")}
	s.mu.Lock()
	if ws.sid != "" {
		ws.poll = s.polls[ws.sid]
	} else {
		ws.sid = fmt.Sprintf("sid-%d", time.Now().UnixNano())
	}
	s.sessions[q.Get("api_key")] = ws
	s.mu.Unlock()
	defer conn.Close()
	_ = ws.serve() // ends with the connection
}

func openPacket(sid, upgrades string) string {
	return fmt.Sprintf(`0{"sid":%q,"upgrades":[%s],"pingInterval":3600000,"pingTimeout":3600000,"maxPayload":1000000}`, sid, upgrades)
}

// A session is one WebSocket.
type session struct {
	conn net.Conn
	in   *bufio.Reader
	out  *bufio.Writer // of serve; the load writes to conn while the client is silent
	sid  string
	poll *poll // where the client came from, if it began with HTTP
	buf  []byte

	pongs atomic.Int64
}

// serve answers the client until the connection ends.
func (ws *session) serve() error {
	if ws.poll == nil {
		ws.send(openPacket(ws.sid, ""))
	}
	for {
		if ws.in.Buffered() == 0 {
			if err := ws.out.Flush(); err != nil {
				return err
			}
		}
		text, err := ws.read()
		if err != nil {
			return err
		}
		if err := ws.answer(text); err != nil {
			return err
		}
	}
}

func (ws *session) send(parts ...string) {
	ws.buf = appendFrame(ws.buf[:0], []byte(strings.Join(parts, "")))
	_, _ = ws.out.Write(ws.buf) // an error stays, and is found by Flush
}

const established = `42["realtimex:connection_established",{"socket_id":"bench"}]`

func (ws *session) answer(text []byte) error {
	switch {
	case bytes.HasPrefix(text, []byte(`42["realtimex:subscribe"`)):
		_, rest, _ := bytes.Cut(text, []byte(`"channel":"`))
		channel, _, _ := bytes.Cut(rest, []byte{'"'})
		ws.send(`42["realtimex_internal:subscription_succeeded",{"channel":"`, string(channel), `"}]`)
	case bytes.HasPrefix(text, []byte(`42["client-event",`)):
		ws.send(`42["server-event",`, string(text[len(`42["client-event",`):]))
	case bytes.HasPrefix(text, []byte("40")):
		ws.send(`40{"sid":"bench"}`)
		ws.send(established)
	case string(text) == "3":
		ws.pongs.Add(1)
	case string(text) == "2probe":
		ws.send("3probe")
		ws.poll.upgrade()
	case string(text) == "5":
		ws.send(established)
	case bytes.HasPrefix(text, []byte("41")):
		return errors.New("client left")
	}
	return nil
}

// read returns the text of the client's next message.
func (ws *session) read() ([]byte, error) {
	var head [14]byte
	if _, err := io.ReadFull(ws.in, head[:2]); err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 {
		return nil, io.EOF
	}
	n := uint64(head[1] & 0x7f)
	switch n {
	case 126:
		if _, err := io.ReadFull(ws.in, head[2:4]); err != nil {
			return nil, err
		}
		n = uint64(binary.BigEndian.Uint16(head[2:4]))
	case 127:
		return nil, errors.New("client sent a large frame")
	}
	mask := head[10:14]
	if _, err := io.ReadFull(ws.in, mask); err != nil {
		return nil, err
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(ws.in, text); err != nil {
		return nil, err
	}
	for i := range text {
		text[i] ^= mask[i%4]
	}
	return text, nil
}
