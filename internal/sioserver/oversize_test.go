package sioserver

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A body over the limit is answered with 413 and nothing else, and never with a reset: also to a
// client that writes all of it before it reads, and at once another request after it.
func TestOversizedPostIsAnsweredToWhoWritesItAllFirst(t *testing.T) {
	engine := NewEngine(EngineConfig{MaxPayload: 101, Message: func(*Session, []byte, bool) error { return nil }})
	srv := httptest.NewServer(engine)
	t.Cleanup(func() {
		engine.Close()
		srv.Close()
	})
	res, err := srv.Client().Get(srv.URL + "/?EIO=4&transport=polling")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	target := "/?EIO=4&transport=polling&sid=" + engine.Sessions()[0].id
	post := func(body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", target, len(body), body)
	}
	for _, size := range []int{102, 300_000, 8_000_000} {
		oversized := post("4" + strings.Repeat("x", size-1))
		for n := range 100 {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(conn)
			if _, err := io.WriteString(conn, oversized); err != nil {
				t.Fatalf("%d bytes, try %d: %v", size, n, err)
			}
			want(t, r, http.StatusRequestEntityTooLarge, "")
			if _, err := io.WriteString(conn, post("40")); err != nil {
				t.Fatalf("%d bytes, try %d: %v", size, n, err)
			}
			want(t, r, http.StatusOK, "ok")
			_ = conn.Close()
		}
	}
}

func want(t *testing.T, r *bufio.Reader, status int, body string) {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status || string(got) != body {
		t.Fatalf("%s %q %v, want %d %q", res.Status, got, err, status, body)
	}
}
