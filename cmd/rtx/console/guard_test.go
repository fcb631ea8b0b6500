package console

import (
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// attacks are requests of the API that would do or tell something.
func attacks() []question {
	return []question{
		{method: "POST", path: "/api/v1/publish", body: `{"channel":"orders","event":"e"}`},
		{method: "POST", path: "/api/v1/trigger", body: `{"channel":"private-a","event":"client-e"}`},
		{method: "POST", path: "/api/v1/faults", body: `{"fault":"stop"}`},
		{method: "POST", path: "/api/v1/members", body: `{"channel":"presence-a","user_id":"eve"}`},
		{method: "POST", path: "/api/v1/reset", body: `{"connections":true}`},
		{method: "GET", path: "/api/v1/state"},
		{method: "GET", path: "/api/v1/stream"},
		{method: "GET", path: "/api/v1/activity"},
		{method: "GET", path: "/api/v1/openapi.yaml"},
	}
}

// untouched fails the test if an attack has done something.
func (b *bed) untouched() {
	b.Helper()
	if b.published() != 0 || len(b.server.Members("presence-a")) != 0 || b.server.ActiveFaults().Down {
		b.Errorf("an attack has done something: %+v", b.server.Stats())
	}
}

// The API answers nobody without the token, which counts in the Authorization header only.
func TestNothingWithoutTheToken(t *testing.T) {
	b := newBed(t)
	for _, q := range attacks() {
		for _, header := range []map[string]string{
			{"Authorization": ""},
			{"Authorization": "Bearer "},
			{"Authorization": "Bearer " + testToken[:len(testToken)-1]},
			{"Authorization": "Bearer " + testToken + "x"},
			{"Authorization": "Bearer " + testSecret},
			{"Authorization": "", "Cookie": "token=" + testToken},
		} {
			for _, query := range []string{"", "?token=" + testToken} {
				asked := q
				asked.path, asked.header = q.path+query, header
				if status, answer, body := b.ask(asked); status != http.StatusUnauthorized || answer.Get("Www-Authenticate") != "Bearer" {
					t.Fatalf("%s %s with %v: %d %s", q.method, q.path, header, status, body)
				}
			}
		}
	}
	for _, path := range []string{"/api/", "/api/v1", "/api/v1/nothing", "/api/v2/state"} {
		if status, _, _ := b.ask(question{method: "GET", path: path, header: map[string]string{"Authorization": ""}}); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, status)
		}
	}
	b.untouched()
}

// A page of another origin gets at nothing, even if it knew the token: not by fetch, not by a form,
// not by a WebSocket, not of another port of this machine.
func TestPagesOfOtherOriginsAreRefused(t *testing.T) {
	b := newBed(t)
	all := append(attacks(), question{method: "GET", path: "/"}, question{method: "GET", path: "/app.js"})
	for _, q := range all {
		for _, header := range []map[string]string{
			{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
			{"Origin": "https://evil.example"},
			{"Origin": "null"},
			{"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
			{"Sec-Fetch-Site": "cross-site"},
			{"Sec-Fetch-Site": "same-site"},
			{"Origin": "https://evil.example", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
		} {
			q.header = header
			status, answer, body := b.ask(q)
			if status != http.StatusForbidden || answer.Get("Access-Control-Allow-Origin") != "" {
				t.Fatalf("%s %s with %v: %d %s", q.method, q.path, header, status, body)
			}
		}
		status, answer, _ := b.ask(question{method: "OPTIONS", path: q.path, header: map[string]string{
			"Origin": "https://evil.example", "Access-Control-Request-Method": q.method, "Access-Control-Request-Headers": "authorization",
		}})
		if status != http.StatusForbidden || answer.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("preflight of %s: %d %v", q.path, status, answer)
		}
	}
	b.untouched()
}

// The owner of a page has its name resolved to this machine (DNS rebinding): to the browser the
// console is then of the page's own origin.
func TestReboundNamesAreRefused(t *testing.T) {
	b := newBed(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(b.web.URL, "http://"), ":")
	for _, q := range append(attacks(), question{method: "GET", path: "/"}) {
		for _, host := range []string{"evil.example:" + port, "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:" + port} {
			q.host = host
			q.header = map[string]string{"Origin": "http://" + host, "Sec-Fetch-Site": "same-origin"}
			if status, _, body := b.ask(q); status != http.StatusForbidden {
				t.Fatalf("%s %s at %s: %d %s", q.method, q.path, host, status, body)
			}
		}
		q.host, q.header = "localhost:"+port, nil
		if q.path == "/" {
			if status, _, _ := b.ask(q); status != http.StatusOK {
				t.Errorf("at localhost: %d", status)
			}
		}
	}
	b.untouched()
}

// A form needs no script and no preflight, and can't say that it is JSON.
func TestFormsAreRefused(t *testing.T) {
	b := newBed(t)
	for _, q := range attacks()[:5] {
		for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/json", ""} {
			q.header = map[string]string{"Content-Type": kind}
			if status, _, body := b.ask(q); status != http.StatusUnsupportedMediaType {
				t.Errorf("%s as %q: %d %s", q.path, kind, status, body)
			}
		}
	}
	b.untouched()
}

// Every answer, a refusal too, tells the browser to run no script but the console's, to guess no
// type, to show it in no frame, to keep nothing, and to name it to nobody.
func TestEveryAnswerHasTheHeaders(t *testing.T) {
	b := newBed(t)
	want := map[string]string{
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
		"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	}
	for _, q := range []question{
		{method: "GET", path: "/"}, {method: "GET", path: "/app.js"}, {method: "GET", path: "/style.css"}, {method: "GET", path: "/nothing"},
		{method: "POST", path: "/"}, {method: "GET", path: "/api/v1/state"}, {method: "GET", path: "/api/v1/nothing"},
		{method: "GET", path: "/api/v1/state", header: map[string]string{"Authorization": ""}},
		{method: "GET", path: "/api/v1/state", host: "evil.example"},
		{method: "POST", path: "/api/v1/publish", body: "{"},
	} {
		status, header, _ := b.ask(q)
		for name, value := range want {
			if got := header.Values(name); len(got) != 1 || got[0] != value {
				t.Errorf("%s %s, %d: %s is %q", q.method, q.path, status, name, got)
			}
		}
	}
	for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(policy+";", part) {
			t.Errorf("the policy lacks %s", part)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
		t.Errorf("the policy has a hole: %s", policy)
	}
}

// The page loads nothing of other hosts, has no script and no style in its HTML, and makes HTML of no
// string.
func TestThePageKeepsItsPolicy(t *testing.T) {
	bad := map[string]*regexp.Regexp{
		"html": regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:|https?://`),
		"css":  regexp.MustCompile(`(?i)@import|url\(|https?://`),
		"js":   regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment|srcdoc|https?://|localStorage|\.cookie`),
	}
	files := 0
	err := fs.WalkDir(web, "web", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := web.ReadFile(path)
		if err != nil {
			return err
		}
		kind := path[strings.LastIndex(path, ".")+1:]
		if bad[kind] == nil {
			return nil
		}
		files++
		if found := bad[kind].FindString(string(text)); found != "" {
			t.Errorf("%s has %q", path, found)
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Errorf("%d files, %v", files, err)
	}
}

// No answer has the secret, the token, the key or a signature in it, whatever is asked.
func TestAnswersHaveNoSecrets(t *testing.T) {
	b := newBed(t)
	b.connect("ann", "orders", "private-desk", "presence-lobby")
	b.call("POST", "publish", `{"channel":"orders","event":"e","data":1}`, http.StatusOK)
	socket := b.server.Connections()[0].SocketID()
	grant, err := b.server.Signer().Private(socket, "private-desk")
	if err != nil {
		t.Fatal(err)
	}
	signature := grant.Auth[len(testKey)+1:]
	for _, q := range []question{
		{method: "GET", path: "/api/v1/state"}, {method: "GET", path: "/api/v1/activity?limit=1000"}, {method: "GET", path: "/api/v1/received?limit=1000"},
		{method: "GET", path: "/api/v1/channels/private-desk"}, {method: "GET", path: "/api/v1/faults"},
		{method: "GET", path: "/api/v1/state", header: map[string]string{"Authorization": "Bearer wrong"}},
		{method: "POST", path: "/api/v1/signatures/check", body: `{"socket_id":"` + socket + `","channel":"private-desk","auth":"` + testKey + `:00"}`},
		{method: "POST", path: "/api/v1/signatures/check", body: `{"socket_id":"` + socket + `","channel":"private-desk","auth":"` + testKey + ":" + strings.Repeat("0", 64) + `"}`},
		{method: "POST", path: "/api/v1/publish", body: `{"` + testSecret[:4] + `":1}`},
		{method: "GET", path: "/"},
	} {
		_, _, body := b.ask(q)
		for _, hidden := range []string{testSecret, testToken, testKey, signature} {
			if strings.Contains(body, hidden) {
				t.Errorf("%s %s has %q: %s", q.method, q.path, hidden, body)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(Config{Token: testToken[:15]}); err == nil || !strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), testToken[:15]) {
		t.Errorf("a short token: %v", err)
	}
	if _, err := New(Config{Token: testToken, Hosts: []string{"a/b"}}); err == nil || !strings.Contains(err.Error(), "host") {
		t.Errorf("a bad host: %v", err)
	}
}
