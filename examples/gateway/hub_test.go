package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

// pipeWriter is a browser that reads when the test does.
type pipeWriter struct {
	*httptest.ResponseRecorder
	to *io.PipeWriter
}

func (p pipeWriter) Write(b []byte) (int, error) { return p.to.Write(b) }
func (p pipeWriter) Flush()                      {}

// testHub is a hub that must be empty at the end.
func testHub(t *testing.T) *hub {
	h := newHub()
	t.Cleanup(func() {
		if len(h.browsers) != 0 {
			t.Errorf("%d browsers that left are kept", len(h.browsers))
		}
	})
	return h
}

// visit is a GET of /events. It returns what the browser reads, and ends with the test.
func visit(t *testing.T, h *hub, lastID string) *bufio.Scanner {
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	from, to := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(pipeWriter{httptest.NewRecorder(), to}, r)
		to.Close()
	}()
	t.Cleanup(func() {
		cancel()
		from.Close()
		<-done
	})
	return bufio.NewScanner(from)
}

// next reads up to the next event, and returns its kind and data.
func next(t *testing.T, s *bufio.Scanner) (kind, data string) {
	t.Helper()
	for s.Scan() {
		switch field, value, _ := strings.Cut(s.Text(), ": "); field {
		case "event":
			kind = value
		case "data":
			return kind, value
		}
	}
	t.Fatal("the stream ended")
	return "", ""
}

// A browser that doesn't read delays nobody, and is told how many it missed, in their place: before
// a later event that fitted, or at the end when there is none.
func TestASlowBrowserIsToldWhatItMissed(t *testing.T) {
	for _, later := range []bool{true, false} {
		t.Run(fmt.Sprint("later event ", later), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := testHub(t)
				slow, quick := visit(t, h, ""), visit(t, h, "")
				synctest.Wait()
				for n := range bufferSize + 30 {
					h.event("price", json.RawMessage(fmt.Sprint(n)))
					expect(t, quick, "event", price(n))
					synctest.Wait()
				}
				expect(t, slow, "event", price(0)) // makes room
				synctest.Wait()
				if later {
					h.event("price", json.RawMessage(`1000`))
				}
				for n := 1; n < bufferSize; n++ {
					expect(t, slow, "event", price(n))
				}
				expect(t, slow, "gap", `{"missed":30}`)
				if !later {
					h.event("price", json.RawMessage(`1000`))
				}
				expect(t, slow, "event", price(1000))
			})
		})
	}
}

func price(n int) string { return fmt.Sprintf(`{"data":%d,"event":"price"}`, n) }

func expect(t *testing.T, s *bufio.Scanner, kind, data string) {
	t.Helper()
	if gotKind, gotData := next(t, s); gotKind != kind || gotData != data {
		t.Fatalf("got %s %s, want %s %s", gotKind, gotData, kind, data)
	}
}

func TestABrowserThatWasAwayIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := testHub(t)
		h.event("price", json.RawMessage(`1`))
		had := h.id()
		h.event("price", json.RawMessage(`2`))
		if kind, data := next(t, visit(t, h, had)); kind != "gap" || data != `{"away":true}` {
			t.Errorf("got %s %s", kind, data)
		}
		back := visit(t, h, h.id())
		for range 2 { // "retry: 1000" and an empty line
			if !back.Scan() {
				t.Fatal("the stream ended")
			}
		}
		synctest.Wait()
		h.event("price", json.RawMessage(`3`))
		if kind, data := next(t, back); kind != "event" || !strings.Contains(data, "3") {
			t.Errorf("one that missed nothing got %s %s", kind, data)
		}
	})
}
