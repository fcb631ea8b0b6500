package sioserver

import (
	"net/http"
	"testing"
)

// A client has one poll open at a time. A second one ends the session, and the first is told so.
func TestASecondPollEndsTheSession(t *testing.T) {
	s, do := pollingSession(t)
	type answer struct {
		status int
		body   string
	}
	first := make(chan answer, 1)
	go func() {
		status, body := do(t.Context(), http.MethodGet, "")
		first <- answer{status, body}
	}()
	<-s.polled
	if status, body := do(t.Context(), http.MethodGet, ""); status != http.StatusBadRequest {
		t.Errorf("the second poll: %d %q", status, body)
	}
	if got := <-first; got != (answer{http.StatusOK, "1"}) {
		t.Errorf("the first poll: %+v, want a close packet", got)
	}
	<-s.Done()
	if status, _ := do(t.Context(), http.MethodPost, "4late"); status != http.StatusBadRequest {
		t.Errorf("the post after it: %d", status)
	}
}
