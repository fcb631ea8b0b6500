package sioserver

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// pollingSession is an echoing engine with one session over polling.
func pollingSession(t *testing.T) (*Session, func(ctx context.Context, method, body string) (int, string)) {
	t.Helper()
	engine := NewEngine(EngineConfig{Message: func(s *Session, data []byte, _ bool) error {
		s.Send(append([]byte{'4'}, data...))
		return nil
	}})
	srv := httptest.NewServer(engine)
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	t.Cleanup(func() {
		engine.Close()
		srv.Close()
		client.CloseIdleConnections()
	})
	target := srv.URL + "/?EIO=4&transport=polling"
	do := func(ctx context.Context, method, body string) (int, string) {
		req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		res, err := client.Do(req)
		if err != nil {
			return 0, ""
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	if status, open := do(t.Context(), http.MethodGet, ""); status != http.StatusOK || open[0] != '0' {
		t.Fatalf("open: %d %q", status, open)
	}
	s := engine.Sessions()[0]
	target += "&sid=" + s.id
	return s, do
}

func TestAbortedPollEndsTheSession(t *testing.T) {
	s, do := pollingSession(t)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		do(ctx, http.MethodGet, "")
	}()
	<-s.polled
	cancel()
	<-gone
	if status, _ := do(t.Context(), http.MethodPost, "4hello"); status != http.StatusBadRequest {
		t.Errorf("the post after it: %d", status)
	}
	if status, _ := do(t.Context(), http.MethodGet, ""); status != http.StatusBadRequest {
		t.Errorf("the poll after it: %d", status)
	}
}

func TestCloseIsToldToTheNextPoll(t *testing.T) {
	s, do := pollingSession(t)
	s.Send([]byte("4last"))
	s.Close()
	if _, body := do(t.Context(), http.MethodGet, ""); body != "4last\x1e1" {
		t.Errorf("poll got %q", body)
	}
	if status, _ := do(t.Context(), http.MethodGet, ""); status != http.StatusBadRequest {
		t.Errorf("the poll after it: %d", status)
	}
}

func TestMutedSessionNeitherTakesNorGives(t *testing.T) {
	s, do := pollingSession(t)
	s.Mute()
	ctx, cancel := context.WithCancel(t.Context())
	polled := make(chan int, 1)
	go func() {
		status, _ := do(ctx, http.MethodGet, "")
		polled <- status
	}()
	s.Send([]byte("4x"))
	s.Cut(TransportClose)
	cancel()
	if status := <-polled; status != 0 {
		t.Errorf("poll answered with %d", status)
	}
}

func TestPacketsPostedTogetherComeInThePollThatIsOpen(t *testing.T) {
	s, do := pollingSession(t)
	polled := make(chan string, 1)
	go func() {
		_, body := do(t.Context(), http.MethodGet, "")
		polled <- body
	}()
	<-s.polled
	if status, body := do(t.Context(), http.MethodPost, "4a\x1e4b"); status != http.StatusOK || body != "ok" {
		t.Errorf("post: %d %q", status, body)
	}
	if body := <-polled; body != "4a\x1e4b" {
		t.Errorf("poll got %q", body)
	}
}
