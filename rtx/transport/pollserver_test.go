package transport_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

const pollOpen = `0{"sid":"` + openSID + `","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}`

// pollServer is a fake of an Engine.IO server over polling, so that each answer can be what no real
// server gives. Interop has the tests on the real one.
type pollServer struct {
	t      *testing.T
	ln     *pipeListener
	client *http.Client

	open    string
	header  http.Header                                  // of every answer
	answers chan string                                  // of the GETs, in order; "" breaks the connection off
	post    func(body string) (status int, reply string) // nil: 200 ok
	read    func(r *http.Request) []byte                 // reads the body of a POST, if set
	get     func(w http.ResponseWriter, r *http.Request) // in place of answers, if set
	socket  func(ws *websocket.Conn)                     // plays a WebSocket; nil: 400

	mu       sync.Mutex
	dials    int
	gets     int
	posts    []string
	requests []*http.Request
}

// newPollServer starts one, in a bubble. configure may change it before.
func newPollServer(t *testing.T, configure func(s *pollServer)) *pollServer {
	t.Helper()
	s := &pollServer{t: t, ln: newPipeListener(), open: pollOpen, answers: make(chan string, 100)}
	if configure != nil {
		configure(s)
	}
	srv := &http.Server{Handler: s}
	var served sync.WaitGroup
	served.Go(func() { _ = srv.Serve(s.ln) })
	s.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		s.mu.Lock()
		s.dials++
		s.mu.Unlock()
		return s.ln.Dial(ctx, network, addr)
	}}}
	t.Cleanup(func() {
		_ = srv.Close()
		served.Wait()
		time.Sleep(time.Minute) // fake: for timers to run out
	})
	return s
}

func (s *pollServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	maps.Copy(w.Header(), s.header)
	switch {
	case q.Get("transport") == "websocket":
		s.serveWebSocket(w, r)
	case q.Get("sid") == "":
		for len(s.answers) > 0 { // of a session before
			<-s.answers
		}
		_, _ = io.WriteString(w, s.open)
	case q.Get("sid") != openSID:
		http.Error(w, `{"code":1,"message":"Session ID unknown"}`, http.StatusBadRequest)
	case r.Method == http.MethodPost:
		s.servePost(w, r)
	default:
		s.mu.Lock()
		s.gets++
		s.mu.Unlock()
		if s.get != nil {
			s.get(w, r)
			return
		}
		select {
		case answer := <-s.answers:
			if answer == "" {
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, answer)
		case <-r.Context().Done():
		}
	}
}

func (s *pollServer) servePost(w http.ResponseWriter, r *http.Request) {
	read := func(r *http.Request) []byte { body, _ := io.ReadAll(r.Body); return body }
	if s.read != nil {
		read = s.read
	}
	body := read(r)
	s.mu.Lock()
	s.posts = append(s.posts, string(body))
	s.mu.Unlock()
	status, reply := http.StatusOK, "ok"
	if s.post != nil {
		status, reply = s.post(string(body))
	}
	if strings.HasPrefix(string(body), "40") && status == http.StatusOK {
		s.answers <- connected
	}
	if status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, reply)
}

func (s *pollServer) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if s.socket == nil {
		http.Error(w, `{"code":3,"message":"Bad request"}`, http.StatusBadRequest)
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	s.socket(ws)
}

// posted returns the bodies of the POSTs so far, without that of CONNECT.
func (s *pollServer) posted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.posts[1:]...)
}

func (s *pollServer) got() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets
}

// dialed is how many connections there were.
func (s *pollServer) dialed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

func (s *pollServer) seen() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.requests...)
}

func (s *pollServer) dial(change ...func(*transport.Config)) (transport.Session, error) {
	s.t.Helper()
	c := transport.Config{
		URL: &url.URL{Scheme: "http", Host: "service.test"}, APIKey: testKey, HTTPClient: s.client,
		Transports: []transport.Kind{transport.Polling},
	}
	for _, f := range change {
		f(&c)
	}
	d, err := transport.NewDialer(c)
	if err != nil {
		s.t.Fatal(err)
	}
	sess, err := d.Dial(context.Background(), transport.Resume{})
	if err == nil {
		s.t.Cleanup(func() { sess.Close(errors.New("end of the test")) })
	}
	return sess, err
}

func (s *pollServer) mustDial(change ...func(*transport.Config)) transport.Session {
	s.t.Helper()
	sess, err := s.dial(change...)
	if err != nil {
		s.t.Fatal(err)
	}
	return sess
}

func upgrading(c *transport.Config) {
	c.Transports = []transport.Kind{transport.Polling, transport.WebSocket}
}

// received reads packets until the session ends.
func received(sess transport.Session) (packets []string, err error) {
	for {
		p, err := sess.Recv()
		if err != nil {
			return packets, err
		}
		parts := []string{string(p.Data)}
		for _, b := range p.Buffers {
			parts = append(parts, string(b))
		}
		packets = append(packets, strings.Join(parts, "+"))
	}
}
