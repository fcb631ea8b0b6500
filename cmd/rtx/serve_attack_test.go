package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// An ask is one HTTP request of an attacker's, or of a page's, to rtx serve.
type ask struct {
	method, path, host, body string
	header                   map[string]string
}

func (s served) ask(a ask) (status int, header http.Header, body string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), a.method, s.http+a.path, strings.NewReader(a.body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Host = a.host
	for name, value := range a.header {
		request.Header.Set(name, value)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

const asJSON = "application/json"

// token is the query that lets a request to the HTTP face in.
func (s served) token() string {
	_, query, _ := strings.Cut(s.auth, "?")
	return "?" + query
}

// faces are the HTTP faces of rtx serve, each as a request that does something.
func (s served) faces() []ask {
	return []ask{
		{method: "POST", path: "/dev/trigger" + s.token(), body: `{"channel":"orders","event":"e","data":1}`},
		{method: "POST", path: "/dev/auth" + s.token(), body: `{"socket_id":"s","channel_name":"private-a"}`},
		{method: "POST", path: "/dev/disconnect" + s.token(), body: `{}`},
		{method: "GET", path: "/dev/stats" + s.token()},
		{method: "GET", path: "/dev/channels" + s.token()},
		{method: "GET", path: "/socket.io/?EIO=4&transport=polling&api_key=our-key"},
	}
}

// published asks how many events there were.
func (s served) published() int {
	s.t.Helper()
	_, _, body := s.ask(ask{method: "GET", path: "/dev/stats" + s.token()})
	var stats struct{ Published int }
	if err := json.Unmarshal([]byte(body), &stats); err != nil {
		s.t.Fatal(body, err)
	}
	return stats.Published
}

// Somebody's page, which a developer visits, has the developer's browser send requests to rtx
// serve. None does anything, and no answer can be read, even if the page knew the token.
func TestAPageOfAnotherOriginGetsAtNothing(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	for _, face := range s.faces() {
		for _, header := range []map[string]string{
			{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": asJSON},
			{"Origin": "https://evil.example", "Content-Type": "text/plain"}, // no preflight; an older browser
			{"Origin": "null", "Content-Type": asJSON},                       // a sandboxed frame
			{"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site", "Content-Type": asJSON},
		} {
			face.header = header
			status, answer, body := s.ask(face)
			if status != http.StatusForbidden || answer.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s of %s: %d %s", face.method, face.path, header["Origin"], status, body)
			}
		}
		status, answer, _ := s.ask(ask{method: "OPTIONS", path: face.path, header: map[string]string{
			"Origin": "https://evil.example", "Access-Control-Request-Method": face.method, "Access-Control-Request-Headers": "content-type",
		}})
		if status != http.StatusForbidden || answer.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("preflight of %s: %d %v", face.path, status, answer)
		}
	}
	if n := s.published(); n != 0 {
		t.Errorf("%d events were published", n)
	}
}

// The owner of a page has its name resolved to this machine (DNS rebinding): to the browser rtx
// serve is of the page's own origin.
func TestAReboundNameGetsAtNothing(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.http, "http://"), ":")
	for _, face := range s.faces() {
		for _, host := range []string{"evil.example:" + port, "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:" + port} {
			face.host = host
			face.header = map[string]string{"Origin": "http://" + host, "Sec-Fetch-Site": "same-origin", "Content-Type": asJSON}
			if status, _, body := s.ask(face); status != http.StatusForbidden || strings.Contains(body, "our-key:") {
				t.Errorf("%s %s at %s: %d %s", face.method, face.path, host, status, body)
			}
		}
	}
	if n := s.published(); n != 0 {
		t.Errorf("%d events were published", n)
	}
}

// A form needs no script and no preflight.
func TestAFormGetsAtNothing(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	for _, face := range s.faces()[:3] {
		for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""} {
			face.header = map[string]string{"Content-Type": kind}
			if status, _, body := s.ask(face); status != http.StatusUnsupportedMediaType {
				t.Errorf("%s as %q: %d %s", face.path, kind, status, body)
			}
		}
	}
	if n := s.published(); n != 0 {
		t.Errorf("%d events were published", n)
	}
}

// With a secret of one's own the HTTP face asks for the token; with the default one, which
// everybody knows, it does not.
func TestTheHTTPFaceAsksForTheToken(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	for _, face := range s.faces()[:5] {
		for _, query := range []string{"", "?token=", "?token=" + secret, "?token=our-key"} {
			path, _, _ := strings.Cut(face.path, "?")
			face := face
			face.path, face.header = path+query, map[string]string{"Content-Type": asJSON, "Authorization": "Bearer our-key"}
			if status, _, body := s.ask(face); status != http.StatusUnauthorized || strings.Contains(body, "our-key:") {
				t.Errorf("%s %s: %d %s", face.method, face.path, status, body)
			}
		}
		face.header = map[string]string{"Content-Type": asJSON}
		if status, _, body := s.ask(face); status != http.StatusOK {
			t.Errorf("%s with the token: %d %s", face.path, status, body)
		}
	}
	if strings.Contains(s.auth, secret) {
		t.Errorf("the token shows the secret: %s", s.auth)
	}
	for _, open := range []string{"", "app-secret"} {
		if token := devToken(open); token != "" {
			t.Errorf("the secret %q has the token %q", open, token)
		}
	}
	if devToken("one") == devToken("another") || len(devToken("one")) != 64 {
		t.Errorf("tokens: %q, %q", devToken("one"), devToken("another"))
	}
}

// --origin and --host let in whom they name.
func TestServeLetsInWhomItIsTold(t *testing.T) {
	const app = "http://localhost:5173"
	s := startServe(t, "127.0.0.1:0", "--origin", app, "--origin", "https://app.example", "--host", "dev.example")
	for _, face := range s.faces() {
		face.host = "dev.example"
		for _, origin := range []string{app, "https://app.example"} {
			face.header = map[string]string{"Origin": origin, "Sec-Fetch-Site": "cross-site", "Content-Type": asJSON}
			status, answer, body := s.ask(face)
			if status != http.StatusOK || answer.Get("Access-Control-Allow-Origin") != origin {
				t.Errorf("%s %s of %s: %d %v %s", face.method, face.path, origin, status, answer, body)
			}
		}
		status, answer, _ := s.ask(ask{method: "OPTIONS", path: face.path, header: map[string]string{
			"Origin": app, "Access-Control-Request-Method": face.method, "Access-Control-Request-Headers": "content-type",
		}})
		if status != http.StatusNoContent || answer.Get("Access-Control-Allow-Headers") != "content-type" {
			t.Errorf("preflight of %s: %d %v", face.path, status, answer)
		}
	}
	face := s.faces()[0]
	face.header = map[string]string{"Origin": "https://evil.example", "Content-Type": asJSON}
	if status, _, _ := s.ask(face); status != http.StatusForbidden {
		t.Errorf("another origin: %d", status)
	}
}
