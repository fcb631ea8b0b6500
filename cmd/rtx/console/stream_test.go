package console

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// pipeWriter is a page that reads when the test does.
type pipeWriter struct {
	*httptest.ResponseRecorder
	to *io.PipeWriter
}

func (p pipeWriter) Write(b []byte) (int, error) { return p.to.Write(b) }
func (p pipeWriter) Flush()                      {}

// A listener is a page that listens.
type listener struct {
	t     *testing.T
	lines *bufio.Reader
	close func()
}

// listen opens a stream on the console's handler, in a bubble.
func listen(t *testing.T, c *Console, lastID string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/stream", nil)
	r.Host = "localhost"
	r.Header.Set("Authorization", "Bearer "+testToken)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	from, to := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Handler().ServeHTTP(pipeWriter{httptest.NewRecorder(), to}, r)
		to.Close()
	}()
	l := &listener{t: t, lines: bufio.NewReader(from)}
	l.close = func() {
		cancel()
		from.Close()
		<-done
	}
	return l
}

// next reads up to the next event of that name, and returns its id and data.
func (l *listener) next(name string) (id, data string) {
	l.t.Helper()
	got := ""
	for {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			l.t.Fatalf("the stream ended before %s: %v", name, err)
		}
		switch field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); field {
		case "id":
			id = value
		case "event":
			got = value
		case "data":
			if got == name {
				return id, value
			}
		}
	}
}

func bubble(t *testing.T, f func(t *testing.T, c *Console, server *testserver.Server)) {
	synctest.Test(t, func(t *testing.T) {
		feed := NewFeed()
		server := testserver.NewPipeServer(t, testserver.WithObserver(feed.Observe))
		c, err := New(Config{Server: server, Feed: feed, Secret: testSecret, Token: testToken, Addr: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		f(t, c, server)
		c.end()
		server.Close()
		time.Sleep(time.Minute) // the close timers
	})
}

// A stream begins with what was last, then tells what happens; it can be resumed, and by another
// console it can't.
func TestStream(t *testing.T) {
	bubble(t, func(t *testing.T, c *Console, server *testserver.Server) {
		server.Publish("orders", "first", 1)
		l := listen(t, c, "")
		if _, data := l.next("hello"); !strings.Contains(data, `"resumed":false`) {
			t.Error(data)
		}
		id, data := l.next("activity")
		if !strings.Contains(data, `"event":"first"`) {
			t.Error(data)
		}
		if _, data := l.next("state"); !strings.Contains(data, `"published":1`) {
			t.Error(data)
		}
		server.Publish("orders", "second", 2)
		if _, data := l.next("activity"); !strings.Contains(data, `"event":"second"`) || strings.Contains(data, "first") {
			t.Error(data)
		}
		l.close()
		server.Publish("orders", "third", 3)

		l = listen(t, c, id)
		if _, data := l.next("hello"); !strings.Contains(data, `"resumed":true`) {
			t.Error(data)
		}
		var list []activity
		_, data = l.next("activity")
		if err := json.Unmarshal([]byte(data), &list); err != nil || len(list) != 2 || list[0].Event != "second" || list[1].Event != "third" {
			t.Errorf("%v %s", err, data)
		}
		l.close()
		l = listen(t, c, "ffffffff-1")
		if _, data := l.next("hello"); !strings.Contains(data, `"resumed":false`) {
			t.Error(data)
		}
		l.close()
	})
}

// A page that doesn't read holds nobody up, and is told how much was forgotten meanwhile.
func TestSlowPageIsToldWhatItMissed(t *testing.T) {
	bubble(t, func(t *testing.T, c *Console, server *testserver.Server) {
		l := listen(t, c, "")
		l.next("state")
		synctest.Wait()
		for i := range maxEntries + perMessage + 1000 {
			server.Publish("orders", "e", i)
			if i == perMessage {
				time.Sleep(gatherTime) // it is given a message, which it does not read
				synctest.Wait()
			}
		}
		seen, missed, last := 0, 0, uint64(0)
		for seen+missed < maxEntries+perMessage+1000 {
			name, data := l.any()
			switch name {
			case "activity":
				var list []activity
				if err := json.Unmarshal([]byte(data), &list); err != nil || len(list) > perMessage {
					t.Fatal(len(list), err)
				}
				for _, a := range list {
					if a.Number <= last {
						t.Fatalf("%d after %d", a.Number, last)
					}
					last = a.Number
				}
				seen += len(list)
			case "missed":
				var gone struct{ Count int }
				if err := json.Unmarshal([]byte(data), &gone); err != nil {
					t.Fatal(err)
				}
				missed += gone.Count
				last += uint64(gone.Count)
			}
		}
		if missed == 0 || seen < maxEntries {
			t.Errorf("saw %d, missed %d", seen, missed)
		}
		l.close()
	})
}

// any reads the next event.
func (l *listener) any() (name, data string) {
	l.t.Helper()
	for {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			l.t.Fatal(err)
		}
		switch field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); field {
		case "event":
			name = value
		case "data":
			return name, value
		}
	}
}

// Only so many pages listen at a time; one that leaves makes room.
func TestStreamsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T, c *Console, _ *testserver.Server) {
		var open []*listener
		for range maxStreams {
			l := listen(t, c, "")
			l.next("hello")
			open = append(open, l)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // one that is let in goes on
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/stream", nil)
		r.Host = "localhost"
		r.Header.Set("Authorization", "Bearer "+testToken)
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("one too many: %d", w.Code)
		}
		open[0].close()
		again := listen(t, c, "")
		again.next("hello")
		again.close()
		for _, l := range open[1:] {
			l.close()
		}
	})
}

// On a quiet server a page hears each second that the stream is alive, and nothing else.
func TestQuietStream(t *testing.T) {
	bubble(t, func(t *testing.T, c *Console, _ *testserver.Server) {
		l := listen(t, c, "")
		l.next("state")
		began, alive := time.Now(), 0
		for alive < 60 {
			line, err := l.lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == ":\n" {
				alive++
			} else if line != "\n" {
				t.Errorf("%q", line)
			}
		}
		if took := time.Since(began); took < 59*time.Second || took > 90*time.Second {
			t.Errorf("sixty signs of life in %v", took)
		}
		l.close()
	})
}

// The end of the console ends its streams: it waits for nobody.
func TestServeEndsItsStreams(t *testing.T) {
	bubble(t, func(t *testing.T, c *Console, _ *testserver.Server) {
		here, there := net.Pipe()
		listener := &oneListener{conns: make(chan net.Conn, 1), done: make(chan struct{})}
		listener.conns <- there
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- c.Serve(ctx, listener, time.Minute) }()
		if _, err := io.WriteString(here, "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+testToken+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		out := bufio.NewReader(here)
		if line, err := out.ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
			t.Fatal(line, err)
		}
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, out) // until its end
		}()
		time.Sleep(10 * time.Second)
		ended := time.Now()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if took := time.Since(ended); took > time.Second {
			t.Errorf("it took %v to end", took)
		}
		<-read
		here.Close()
	})
}
