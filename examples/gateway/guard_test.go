package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// ask has the gateway answer one request. The context has ended, so /events does not go on.
func ask(t *testing.T, method, path, host string, header ...string) int {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader("a=b"))
	r.Host = host
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	routes(newHub(), []string{"prices.example"}).ServeHTTP(w, r)
	return w.Code
}

func TestTheGatewaysOwnPageIsServed(t *testing.T) {
	for _, host := range []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.168.1.7", "prices.example", "Prices.Example:80"} {
		for _, path := range []string{"/", "/events"} {
			if got := ask(t, http.MethodGet, path, host); got != http.StatusOK {
				t.Errorf("%s at %s: %d", path, host, got)
			}
			if got := ask(t, http.MethodGet, path, host, "Origin", "http://"+strings.ToLower(host), "Sec-Fetch-Site", "same-origin"); got != http.StatusOK {
				t.Errorf("%s at %s for its own page: %d", path, host, got)
			}
		}
	}
	// A link on another site leads here.
	if got := ask(t, http.MethodGet, "/", "localhost", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"); got != http.StatusOK {
		t.Errorf("a link: %d", got)
	}
}

// A page of another site can't have the visitor's browser take up room in the hub.
func TestPagesOfOtherOriginsGetNoEvents(t *testing.T) {
	for _, header := range [][]string{
		{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Origin", "null"},
	} {
		if got := ask(t, http.MethodGet, "/events", "localhost:8080", header...); got != http.StatusForbidden {
			t.Errorf("%v: %d", header, got)
		}
	}
}

// DNS rebinding: to the browser the gateway is of the page's own origin.
func TestAReboundNameIsRefused(t *testing.T) {
	for _, host := range []string{"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", ""} {
		for _, path := range []string{"/", "/events", "/anything"} {
			if got := ask(t, http.MethodGet, path, host, "Origin", "http://"+host, "Sec-Fetch-Site", "same-origin"); got != http.StatusForbidden {
				t.Errorf("%s at %q: %d", path, host, got)
			}
		}
	}
}

// Nothing is to be posted, and a form of another site's least of all.
func TestFormsAreRefused(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, path := range []string{"/", "/events"} {
		if got := ask(t, http.MethodPost, path, "localhost", "Content-Type", form, "Origin", "https://evil.example"); got != http.StatusForbidden {
			t.Errorf("%s: %d", path, got)
		}
		if got := ask(t, http.MethodPost, path, "localhost", "Content-Type", form); got != http.StatusMethodNotAllowed {
			t.Errorf("%s for a program: %d", path, got)
		}
	}
}

// A memory is a listener whose connections are pipes, so that it can be used in a bubble.
type memory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.done) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (m *memory) dial() net.Conn {
	here, there := net.Pipe()
	m.conns <- there
	return here
}

// Connections that send slowly, or nothing, are closed; one that waits for events is not, however
// long.
func TestSlowAndIdleConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := rtxtest.NewPipeServer(t)
		client, err := rtx.Dial(t.Context(), srv.Key(), rtx.WithURL(srv.URL()), rtx.WithHTTPClient(srv.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		listener := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
		served := make(chan error, 1)
		go func() { served <- serve(ctx, client.Channel("prices"), listener, nil, io.Discard) }()

		const head = " HTTP/1.1\r\nHost: localhost\r\n"
		for _, attack := range []struct {
			name, first, drip string
			limit             time.Duration
		}{
			{"nothing", "", "", 5 * time.Second},
			{"a head that does not end", "GET /" + head, "X: y\r\n", 5 * time.Second},
			{"a body that drips", "POST /events" + head + "Content-Length: 100000\r\n\r\n", "x", 10 * time.Second},
			{"a chunked body that drips", "POST /" + head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 10 * time.Second},
			{"an idle connection", "GET /nothing" + head + "\r\n", "", time.Minute},
		} {
			if took := attacked(t, listener.dial(), attack.first, attack.drip); took > attack.limit {
				t.Errorf("%s: borne for %v, at most %v", attack.name, took, attack.limit)
			}
		}

		conn := listener.dial()
		if _, err := io.WriteString(conn, "GET /events"+head+"\r\n"); err != nil {
			t.Fatal(err)
		}
		events := bufio.NewScanner(conn)
		for events.Scan() && events.Text() != "retry: 1000" {
		}
		srv.WaitSubscribed("prices")
		time.Sleep(time.Hour)
		srv.Publish("prices", "price", 1)
		if kind, data := next(t, events); kind != "event" || data != price(1) {
			t.Errorf("after an hour: %s %s", kind, data)
		}
		conn.Close()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		client.Close()
		srv.Close()
	})
}

// attacked sends first and then drip every second, and returns how long the connection was up.
func attacked(t *testing.T, conn net.Conn, first, drip string) time.Duration {
	began := time.Now()
	var closed time.Duration
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, conn) // an answer, and then the end
		closed = time.Since(began)
		conn.Close()
	}()
	_, err := io.WriteString(conn, first)
	for range 600 {
		if err != nil || drip == "" {
			break
		}
		time.Sleep(time.Second)
		_, err = io.WriteString(conn, drip)
	}
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	select {
	case <-read:
	case <-time.After(10 * time.Minute):
		conn.Close()
		<-read
		return time.Hour
	}
	return closed
}
