package main

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// A poll is a session that began with HTTP long-polling, as realtimex-js does, until it is upgraded
// to a WebSocket.
type poll struct {
	connected chan struct{} // closed when CONNECT was posted
	upgraded  chan struct{} // closed when the WebSocket was probed
	connect   sync.Once
	probe     sync.Once
	answered  bool // CONNECT was answered; one request at a time asks
}

func (p *poll) upgrade() { p.probe.Do(func() { close(p.upgraded) }) }

func (s *server) servePoll(w http.ResponseWriter, r *http.Request) {
	sid := r.URL.Query().Get("sid")
	s.mu.Lock()
	p := s.polls[sid]
	if sid == "" {
		sid = fmt.Sprintf("sid-%d", time.Now().UnixNano())
		s.polls[sid] = &poll{connected: make(chan struct{}), upgraded: make(chan struct{})}
	}
	s.mu.Unlock()
	switch {
	case p == nil:
		fmt.Fprint(w, openPacket(sid, `"websocket"`))
	case r.Method == http.MethodPost:
		_, _ = io.Copy(io.Discard, r.Body)
		p.connect.Do(func() { close(p.connected) })
		fmt.Fprint(w, "ok")
	case !p.answered:
		select {
		case <-p.connected:
		case <-r.Context().Done():
			return
		}
		p.answered = true
		fmt.Fprint(w, `40{"sid":"bench"}`)
	default:
		select {
		case <-p.upgraded:
		case <-r.Context().Done():
			return
		}
		fmt.Fprint(w, "6")
	}
}
