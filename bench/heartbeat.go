package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// pingPath is where a child asks for heartbeats to all its clients: one each in every turn, evenly
// spread, so that each finds its client asleep as in real life. It is answered when all pongs are
// there.
const pingPath = "/ping"

// pingPause is between two heartbeats of different clients.
const pingPause = 200 * time.Microsecond

// crowd is the sessions whose key begins with prefix.
func (s *server) crowd(prefix string) (all []*session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, ws := range s.sessions {
		if strings.HasPrefix(key, prefix) {
			all = append(all, ws)
		}
	}
	return all
}

func (s *server) servePings(w http.ResponseWriter, r *http.Request) {
	turns, err := strconv.Atoi(r.URL.Query().Get("turns"))
	if err != nil {
		http.Error(w, "turns is a number", http.StatusBadRequest)
		return
	}
	crowd := s.crowd(r.URL.Query().Get("prefix"))
	pause := newPause()
	defer pause.end()
	due := time.Now()
	ping := appendFrame(nil, []byte("2"))
	for range turns {
		for _, ws := range crowd {
			due = due.Add(pingPause)
			pause.until(due)
			_, _ = ws.conn.Write(ping) // a client that is gone has no pong
		}
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		answered := true
		for _, ws := range crowd {
			answered = answered && ws.pongs.Load() >= int64(turns)
		}
		switch {
		case answered:
			return
		case time.Now().After(end):
			http.Error(w, "some clients have not answered", http.StatusGatewayTimeout)
			return
		}
	}
}
