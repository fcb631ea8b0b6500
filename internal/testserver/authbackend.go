package testserver

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// An AuthBackend plays the user's own backend, which signs for private and presence channels. It
// listens on an address of its own, so it stays up while the server is stopped. Its methods may be
// called concurrently.
type AuthBackend struct {
	server  *Server
	network *network
	http    *http.Server

	mu        sync.Mutex
	denied    map[string]bool
	denyNext  int
	failNext  int
	failWith  int
	failAfter string
	badNext   int
	hangNext  int
	delay     time.Duration
	requests  []AuthRequest
}

// AuthRequest is one request to an AuthBackend.
type AuthRequest struct {
	SocketID string
	Channel  string
	UserData json.RawMessage // nil if there was none
	Bearer   bool            // it had a bearer token; which one is not kept
	Status   int             // of the answer; 0 if it was left without one
	At       time.Time

	userID, name string // of the URL's query
}

const maxAuthBody = 64 << 10

func newAuthBackend(s *Server, n *network) *AuthBackend {
	b := &AuthBackend{server: s, network: n, denied: make(map[string]bool)}
	mux := http.NewServeMux()
	mux.Handle("/auth", s.cfg.gate.Wrap(s.withToken(http.HandlerFunc(b.handle)), refuseDev))
	b.http = newHTTPServer(mux, &s.serves)
	return b
}

func (b *AuthBackend) serve(wg *sync.WaitGroup) {
	wg.Go(func() { b.http.Serve(b.network) })
}

// AuthEndpoint is the URL of a backend that signs for every private and presence channel, with this
// server's key and secret. A presence request without user data gets a member of its own, made from
// its socket id, or the one that a query on the URL names: ?user_id=ann&name=Ann.
func (s *Server) AuthEndpoint() string {
	return "http://" + s.auth.network.Addr().String() + "/auth" + s.tokenQuery()
}

// Auth is the backend behind AuthEndpoint, for its faults and for what it was asked.
func (s *Server) Auth() *AuthBackend { return s.auth }

// Deny answers requests for these channels with 403.
func (b *AuthBackend) Deny(channels ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range channels {
		b.denied[c] = true
	}
}

// Allow takes a Deny back.
func (b *AuthBackend) Allow(channels ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range channels {
		delete(b.denied, c)
	}
}

// DenyNext answers the next n requests with 403.
func (b *AuthBackend) DenyNext(n int) { b.set(func() { b.denyNext = n }) }

// FailNext answers the next n requests with an HTTP status and no signature. A status that is not
// one of an error, 400 to 599, fails the test.
func (b *AuthBackend) FailNext(n, status int) {
	b.server.tb.Helper()
	b.FailNextAfter(n, status, "")
}

// FailNextAfter is FailNext with a Retry-After of that text: seconds, a date, or neither. None if
// it is empty.
func (b *AuthBackend) FailNextAfter(n, status int, retryAfter string) {
	b.server.tb.Helper()
	if n > 0 && (status < 400 || status > 599) {
		b.server.tb.Errorf("rtxtest: the auth backend can't fail with the status %d: want 400 to 599", status)
		return
	}
	b.set(func() { b.failNext, b.failWith, b.failAfter = n, status, retryAfter })
}

// MangleNext answers the next n requests with a body that is no answer.
func (b *AuthBackend) MangleNext(n int) { b.set(func() { b.badNext = n }) }

// HangNext leaves the next n requests without an answer until their clients give up.
func (b *AuthBackend) HangNext(n int) { b.set(func() { b.hangNext = n }) }

// Delay makes every answer wait.
func (b *AuthBackend) Delay(d time.Duration) { b.set(func() { b.delay = d }) }

func (b *AuthBackend) set(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

// Requests returns what the backend was asked, in the order in which it answered; the last 65,536
// at least.
func (b *AuthBackend) Requests() []AuthRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

func (b *AuthBackend) handle(w http.ResponseWriter, r *http.Request) {
	req, err := readAuthRequest(w, r)
	if err != nil {
		http.Error(w, `{"error":"bad request"}`, http.StatusBadRequest)
		return
	}
	due := b.plan(req.Channel)
	hang := due.hang
	if !hang && due.delay > 0 {
		timer := time.NewTimer(due.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			hang = true
		case <-b.server.stopped:
			hang = true
		}
	}
	if hang {
		b.record(req)
		select {
		case <-r.Context().Done():
		case <-b.server.stopped:
		}
		panic(http.ErrAbortHandler)
	}
	status, body := due.status, []byte(nil)
	switch {
	case status != http.StatusOK:
		body = []byte(`{"error":"denied"}`)
	case due.mangled:
		body = []byte(`<html>not an answer</html>`)
	default:
		grant, err := b.server.grant(req)
		if err != nil {
			status, body = http.StatusBadRequest, []byte(`{"error":"can't sign for this"}`)
			break
		}
		body = encode(grant)
	}
	req.Status = status
	b.record(req)
	if due.retryAfter != "" {
		w.Header().Set("Retry-After", due.retryAfter)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

// answerPlan is how a request is to be answered.
type answerPlan struct {
	status     int
	hang       bool
	mangled    bool
	retryAfter string
	delay      time.Duration
}

// plan takes the faults that are due for a request.
func (b *AuthBackend) plan(channel string) answerPlan {
	b.mu.Lock()
	defer b.mu.Unlock()
	take := func(n *int) bool {
		if *n <= 0 {
			return false
		}
		*n--
		return true
	}
	p := answerPlan{status: http.StatusOK, delay: b.delay}
	switch {
	case take(&b.hangNext):
		p.hang = true
	case take(&b.failNext):
		p.status, p.retryAfter = b.failWith, b.failAfter
	case take(&b.denyNext), b.denied[channel]:
		p.status = http.StatusForbidden
	default:
		p.mangled = take(&b.badNext)
	}
	return p
}

func (b *AuthBackend) record(r AuthRequest) {
	b.mu.Lock()
	if len(b.requests) >= maxReceived {
		b.requests = slices.Delete(b.requests, 0, maxReceived/2)
	}
	b.requests = append(b.requests, r)
	b.mu.Unlock()
	b.server.mu.Lock()
	kind := ActivityAuthorized
	if r.Status != http.StatusOK {
		kind = ActivityAuthorizeRefused
	}
	b.server.observe(Activity{Kind: kind, SocketID: r.SocketID, Channel: r.Channel, Code: r.Status})
	b.server.touch()
	b.server.mu.Unlock()
}

// grant signs a request.
func (s *Server) grant(r AuthRequest) (auth.Grant, error) {
	if !isPresence(r.Channel) {
		return s.signer.Private(r.SocketID, r.Channel)
	}
	data := r.UserData
	if len(data) == 0 || string(data) == "null" {
		id, name := cmp.Or(r.userID, r.SocketID), cmp.Or(r.name, "user "+r.SocketID[:min(4, len(r.SocketID))])
		data = object(field{"user_id", id}, field{"user_info", payload{"name": name}})
	}
	return s.signer.Presence(r.SocketID, r.Channel, string(data))
}

func readAuthRequest(w http.ResponseWriter, r *http.Request) (AuthRequest, error) {
	if r.Method != http.MethodPost {
		return AuthRequest{}, errors.New("not a POST")
	}
	var body struct {
		SocketID string          `json:"socket_id"`
		Channel  string          `json:"channel_name"`
		UserData json.RawMessage `json:"user_data"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAuthBody)).Decode(&body); err != nil {
		return AuthRequest{}, fmt.Errorf("body: %w", err)
	}
	return AuthRequest{
		SocketID: body.SocketID,
		Channel:  body.Channel,
		UserData: bytes.TrimSpace(body.UserData),
		Bearer:   len(r.Header.Get("Authorization")) > len("Bearer "),
		At:       time.Now(),
		userID:   r.URL.Query().Get("user_id"),
		name:     r.URL.Query().Get("name"),
	}, nil
}
