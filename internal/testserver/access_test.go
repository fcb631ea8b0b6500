package testserver

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// ask sends a request with a Host and further headers, and returns the answer without its body.
func ask(t *testing.T, s *Server, method, target, host, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := s.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	return res
}

// faces is every HTTP face of a server, as a request that does something.
func faces(s *Server) []struct{ method, target, body string } {
	return []struct{ method, target, body string }{
		{http.MethodGet, s.URL() + "/socket.io/?EIO=4&transport=polling&api_key=" + s.Key(), ""},
		{http.MethodPost, s.URL() + "/dev/trigger", `{"channel":"orders","event":"e"}`},
		{http.MethodPost, s.URL() + "/dev/auth", `{"socket_id":"s","channel_name":"private-a"}`},
		{http.MethodPost, s.URL() + "/dev/disconnect", `{}`},
		{http.MethodGet, s.URL() + "/dev/stats", ""},
		{http.MethodPost, s.AuthEndpoint(), `{"socket_id":"s","channel_name":"private-a"}`},
	}
}

const jsonType = "application/json"

// A page of another origin, or one that had its own name resolved to this machine, gets at nothing.
func TestWebPagesGetAtNothing(t *testing.T) {
	s := NewServer(t, WithDev())
	own := strings.TrimPrefix(s.URL(), "http://")
	for _, f := range faces(s) {
		if res := ask(t, s, f.method, f.target, "", f.body, "Content-Type", jsonType); res.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %d for a program", f.method, f.target, res.StatusCode)
		}
		rebound := []string{"Origin", "http://evil.example:6001", "Sec-Fetch-Site", "same-origin", "Content-Type", jsonType}
		if res := ask(t, s, f.method, f.target, "evil.example:6001", f.body, rebound...); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s: %d for a rebound name", f.method, f.target, res.StatusCode)
		}
		for _, page := range [][]string{
			{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Content-Type", jsonType},
			{"Origin", "https://evil.example", "Content-Type", "text/plain"},
			{"Origin", "null", "Content-Type", jsonType},
		} {
			res := ask(t, s, f.method, f.target, own, f.body, page...)
			if res.StatusCode != http.StatusForbidden || res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: %d for a page, %v", f.method, f.target, res.StatusCode, res.Header)
			}
		}
	}
	if st := s.Stats(); st.Published != 1 || st.Handshakes != 1 {
		t.Errorf("pages got through: %+v", st)
	}
}

func TestAllowedOriginsGetEverywhere(t *testing.T) {
	const app = "https://app.example"
	s := NewServer(t, WithDev(), WithOrigins(app), WithHosts("dev.example"))
	for _, f := range faces(s) {
		res := ask(t, s, f.method, f.target, "dev.example", f.body, "Origin", app, "Content-Type", jsonType)
		if res.StatusCode != http.StatusOK || res.Header.Get("Access-Control-Allow-Origin") != app {
			t.Errorf("%s %s: %d %v", f.method, f.target, res.StatusCode, res.Header)
		}
		res = ask(t, s, http.MethodOptions, f.target, "", "", "Origin", app,
			"Access-Control-Request-Method", f.method, "Access-Control-Request-Headers", "authorization,content-type")
		if res.StatusCode != http.StatusNoContent || res.Header.Get("Access-Control-Allow-Headers") != "authorization,content-type" {
			t.Errorf("preflight of %s: %d %v", f.target, res.StatusCode, res.Header)
		}
	}
}

func TestWebSocketsOfOtherOrigins(t *testing.T) {
	s := NewServer(t, WithOrigins("https://app.example"))
	for origin, want := range map[string]int{
		"":                     http.StatusSwitchingProtocols,
		s.URL():                http.StatusSwitchingProtocols,
		"https://app.example":  http.StatusSwitchingProtocols,
		"https://evil.example": http.StatusForbidden,
		"null":                 http.StatusForbidden,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		ws, res, err := websocket.Dial(t.Context(), s.URL()+"/socket.io/?EIO=4&transport=websocket&api_key="+s.Key(),
			&websocket.DialOptions{HTTPClient: s.HTTPClient(), HTTPHeader: header})
		if res == nil || res.StatusCode != want {
			t.Errorf("origin %q: %v %v, want %d", origin, res, err, want)
		}
		if err == nil {
			ws.CloseNow()
		}
	}
}

func TestDevTakesJSONOnly(t *testing.T) {
	s := NewServer(t, WithDev())
	for _, path := range []string{"/dev/trigger", "/dev/auth", "/dev/disconnect"} {
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"} {
			res := ask(t, s, http.MethodPost, s.URL()+path, "", `{"channel":"orders","event":"e"}`, "Content-Type", kind)
			if res.StatusCode != http.StatusUnsupportedMediaType {
				t.Errorf("%s as %q: %d", path, kind, res.StatusCode)
			}
		}
	}
	res := ask(t, s, http.MethodPost, s.URL()+"/dev/trigger", "", `{"channel":"orders","event":"e"}`, "Content-Type", "Application/JSON; charset=utf-8")
	if res.StatusCode != http.StatusOK {
		t.Errorf("JSON with a charset: %d", res.StatusCode)
	}
}

func TestDevToken(t *testing.T) {
	var log strings.Builder
	const token = "the token/&?"
	s := NewServer(t, WithDevToken(token), WithLogger(textLogger(&log)))
	bare, _, _ := strings.Cut(s.AuthEndpoint(), "?")
	for _, f := range faces(s)[1:] {
		target, _, _ := strings.Cut(f.target, "?")
		for _, c := range []struct {
			query, bearer string
			want          int
		}{
			{"", "", http.StatusUnauthorized},
			{"?token=", "Bearer ", http.StatusUnauthorized},
			{"?token=another", "Bearer " + s.Key(), http.StatusUnauthorized},
			{"", "Bearer " + token, http.StatusOK},
			{s.tokenQuery(), "Bearer " + s.Key(), http.StatusOK},
		} {
			res := ask(t, s, f.method, target+c.query, "", f.body, "Content-Type", jsonType, "Authorization", c.bearer)
			if res.StatusCode != c.want {
				t.Errorf("%s%s with %q: %d, want %d", target, c.query, c.bearer, res.StatusCode, c.want)
			}
		}
	}
	if s.AuthEndpoint() == bare {
		t.Error("AuthEndpoint has no token")
	}
	connect(t, s) // the service itself asks for no token
	s.Close()
	if strings.Contains(log.String(), token) {
		t.Error("the token is logged")
	}
}

// A body that comes slowly is cut off; one that keeps coming is not, however long it takes.
func TestSlowBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t, WithDev())
		post := func(path string, length string, drip []byte, every time.Duration) (status int, took time.Duration) {
			t.Helper()
			conn, err := s.network.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			start := time.Now()
			head := "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + length + "\r\n\r\n"
			if _, err := io.WriteString(conn, head); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					time.Sleep(every)
					if _, err := conn.Write(drip); err != nil {
						return
					}
				}
			}()
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err == nil {
				status = res.StatusCode
				res.Body.Close()
			} else if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Error(err)
			}
			took = time.Since(start)
			conn.Close()
			<-done
			return status, took
		}
		for _, path := range []string{"/dev/trigger", "/dev/auth", "/socket.io/?EIO=4&transport=polling&sid=x", "/nowhere"} {
			if _, took := post(path, "100000", []byte(" "), time.Second); took > 15*time.Second {
				t.Errorf("%s: a body that drips was borne for %v", path, took)
			}
		}
		// 60 KB at 2 KB a second: half a minute, which is longer than a body may rest.
		body := []byte(strings.Repeat(" ", 2000))
		if status, took := post("/dev/trigger", "60000", body, time.Second); status != http.StatusBadRequest || took != 30*time.Second {
			t.Errorf("a slow body that keeps coming: %d after %v", status, took)
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		for first, limit := range map[string]time.Duration{
			"":                   10 * time.Second,
			"GET / HTTP/1.1\r\n": 10 * time.Second,
			"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n": 2 * time.Minute,
		} {
			conn, err := s.network.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if _, err := io.WriteString(conn, first); err != nil {
				t.Fatal(err)
			}
			conn.SetReadDeadline(start.Add(time.Hour))
			if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			if took := time.Since(start); took != limit {
				t.Errorf("after %q closed after %v, want %v", first, took, limit)
			}
			conn.Close()
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}
