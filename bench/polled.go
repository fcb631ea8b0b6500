package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// separator stands between the packets of a body.
const separator = 0x1e

// A polledSession is a session of a client that stays with HTTP long-polling. Its API key says so.
type polledSession struct {
	mu     sync.Mutex
	queue  []byte        // packets with 0x1e after each
	spare  []byte        // the memory of the last body
	filled chan struct{} // capacity 1: the queue is not empty
	gone   bool
}

var errGone = errors.New("the client has left")

// push queues packets for the next poll.
func (p *polledSession) push(packets []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return errGone
	}
	p.queue = append(p.queue, packets...)
	select {
	case p.filled <- struct{}{}:
	default:
	}
	return nil
}

func (p *polledSession) say(packets ...string) {
	for _, packet := range packets {
		_ = p.push(append([]byte(packet), separator))
	}
}

// polled is the session of a key.
func (s *server) polled(key string) *polledSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.polling[key]
}

func (s *server) servePolled(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Query().Get("api_key")
	p := s.polled(key)
	switch {
	case r.URL.Query().Get("sid") == "":
		s.mu.Lock()
		s.polling[key] = &polledSession{filled: make(chan struct{}, 1)}
		s.mu.Unlock()
		fmt.Fprint(w, openPacket("sid-"+key, ""))
	case r.Method == http.MethodPost:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		for packet := range bytes.SplitSeq(body, []byte{separator}) {
			p.answer(packet)
		}
		fmt.Fprint(w, "ok")
	default:
		p.poll(w, r)
	}
}

func (p *polledSession) answer(packet []byte) {
	switch {
	case bytes.HasPrefix(packet, []byte("40")):
		p.say(`40{"sid":"bench"}`, established)
	case bytes.HasPrefix(packet, []byte(`42["realtimex:subscribe"`)):
		_, rest, _ := bytes.Cut(packet, []byte(`"channel":"`))
		channel, _, _ := bytes.Cut(rest, []byte{'"'})
		p.say(`42["realtimex_internal:subscription_succeeded",{"channel":"` + string(channel) + `"}]`)
	case bytes.HasPrefix(packet, []byte("41")), string(packet) == "1":
		p.mu.Lock()
		p.gone = true
		p.mu.Unlock()
	}
}

// take empties the queue. It is valid until the next but one.
func (p *polledSession) take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	body := p.queue
	p.queue, p.spare = p.spare[:0], body
	return body
}

// poll answers with what is queued, or waits for it.
func (p *polledSession) poll(w http.ResponseWriter, r *http.Request) {
	var body []byte
	for len(body) == 0 { // the token may be of what an earlier poll took
		select {
		case <-p.filled:
		case <-r.Context().Done():
			return
		}
		body = p.take()
	}
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)-1))
	_, _ = w.Write(body[:len(body)-1])
}
