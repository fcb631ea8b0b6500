package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDemo(t *testing.T) {
	var out bytes.Buffer
	if err := runDemo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"alice joins private-orders", `{"user_id":"bob","user_info":{"name":"Bob"}}`,
		`bob   is kept out: auth: channel "private-orders" is refused: HTTP 403`,
		`alice is kept out: auth: channel "private-orders" is refused: HTTP 401`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

// A browser logs in once; from then on the cookie says who it is, whatever the bearer.
func TestCookie(t *testing.T) {
	signer, err := auth.NewSigner("demo-key", "demo-secret")
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(newBackend(signer))
	t.Cleanup(web.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Transport: new(http.Transport), Jar: jar}
	t.Cleanup(browser.CloseIdleConnections)
	asker := auth.Endpoint(web.URL+"/auth", auth.WithHTTPClient(browser))
	r := auth.Request{SocketID: "s1", Channel: "private-orders", Key: auth.NewSecret("demo-key")}
	if _, err := asker.Authorize(t.Context(), r); err == nil {
		t.Error("the API key alone is let in")
	}
	resp, err := browser.PostForm(web.URL+"/login", url.Values{"user": {"alice"}, "password": {"wonderland"}})
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	_ = resp.Body.Close()
	g, err := asker.Authorize(t.Context(), r)
	if err != nil || !signer.Verify(r.SocketID, r.Channel, g) {
		t.Errorf("with the cookie: %v", err)
	}

	// A page of another site makes the browser ask, cookie and all.
	req, err := http.NewRequestWithContext(t.Context(), "POST", web.URL+"/auth", strings.NewReader(`{"socket_id":"s1","channel_name":"private-orders"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", "https://evil.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err = browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 403 {
		t.Errorf("a page of another site gets %s", resp.Status)
	}
}

func TestLoginRefuses(t *testing.T) {
	signer, err := auth.NewSigner("demo-key", "demo-secret")
	if err != nil {
		t.Fatal(err)
	}
	h := newBackend(signer)
	for _, form := range []url.Values{
		{}, {"user": {"alice"}}, {"user": {"alice"}, "password": {"builder"}}, {"user": {"nobody"}, "password": {""}},
		{"user": {"alice"}, "password": {"wonderland"}, "x": {strings.Repeat("x", 5000)}},
	} {
		r := httptest.NewRequest("POST", "/login", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 401 || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%.60v: %d %q", form, w.Code, w.Header().Get("Set-Cookie"))
		}
	}
}

func TestSessionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sessions
		token, ok := s.open("alice", time.Now())
		if !ok {
			t.Fatal("no session")
		}
		time.Sleep(time.Hour - 1)
		if id, ok := s.user(token, time.Now()); !ok || id != "alice" {
			t.Errorf("%q %v, want alice's session to last an hour", id, ok)
		}
		time.Sleep(time.Nanosecond)
		if _, ok := s.user(token, time.Now()); ok {
			t.Error("the session lasts longer than an hour")
		}
		for range maxSessions {
			if _, ok := s.open("bob", time.Now()); !ok {
				t.Fatal("an expired session takes room")
			}
		}
		if _, ok := s.open("bob", time.Now()); ok {
			t.Error("there is no end to sessions")
		}
	})
}

func TestServeStopsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := serve(ctx, listener, http.NotFoundHandler()); err != nil {
		t.Error(err)
	}
}
