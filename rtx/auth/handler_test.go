package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

const goodBody = `{"socket_id":"sock-1","channel_name":"private-a"}`

func allowAll(*http.Request, auth.Request) (auth.Decision, error) {
	return auth.Decision{Allow: true, Member: auth.Member{ID: "7", Info: map[string]string{"name": "Zoë"}}}, nil
}

// ask posts a body to a handler, and checks what holds for every answer.
func ask(t testing.TB, h http.Handler, method, contentType, body string) (status int, answer map[string]string, header http.Header) {
	t.Helper()
	r := httptest.NewRequest(method, "/auth", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Errorf("the answer to %q is not a JSON object of strings: %q", body, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("the answer's content type is %q", got)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("the answer may be cached: %q", got)
	}
	if (w.Code == 200) != (answer["auth"] != "") || (w.Code == 200) != (answer["error"] == "") {
		t.Errorf("status %d with %v", w.Code, answer)
	}
	return w.Code, answer, w.Header()
}

func TestHandlerSigns(t *testing.T) {
	s := signer(t, "key-1", "secret")
	h := auth.Handler(s, allowAll)
	for _, c := range []struct{ contentType, body, channel, data string }{
		{"application/json", goodBody, "private-a", ""},
		{"application/json; charset=utf-8", goodBody, "private-a", ""},
		{"application/json", "\ufeff" + goodBody, "private-a", ""},
		{"application/json", `{"x":"\ud83d","x":"` + "\xff" + `","socket_id":"sock-1","channel_name":"private-a"}`, "private-a", ""},
		{"application/json", `{"socket_id":"sock-1","channel_name":"presence-a","user_data":{"a":"\ud83d","a":1}}`, "presence-a", `{"user_id":"7","user_info":{"name":"Zoë"}}`},
		{"application/x-www-form-urlencoded", "channel_name=private-a&socket_id=sock-1", "private-a", ""},
		{"application/x-www-form-urlencoded; charset=UTF-8", "channel_name=private%2Da&x=1&x=2&socket_id=sock-1", "private-a", ""},
		{"application/x-www-form-urlencoded", "\ufeffsocket_id=sock-1&channel_name=presence-a&user_data=%7B%22user_id%22%3A1%7D", "presence-a", `{"user_id":"7","user_info":{"name":"Zoë"}}`},
		{"Application/JSON", ` {"channel_name":"private-a", "more":[1], "socket_id":"sock-1"} `, "private-a", ""},
		{"application/json", `{"socket_id":"sock-1","channel_name":"presence-a","user_data":{"user_id":"root"}}`, "presence-a", `{"user_id":"7","user_info":{"name":"Zoë"}}`},
	} {
		status, answer, _ := ask(t, h, "POST", c.contentType, c.body)
		g := auth.Grant{Auth: answer["auth"], ChannelData: answer["channel_data"]}
		if status != 200 || g.ChannelData != c.data || !s.Verify("sock-1", c.channel, g) {
			t.Errorf("%s: %d %v, want a grant with channel data %q", c.body, status, answer, c.data)
		}
	}
}

func TestHandlerRefusesBadRequests(t *testing.T) {
	h := auth.Handler(signer(t, "key-1", "secret"), func(*http.Request, auth.Request) (auth.Decision, error) {
		t.Error("allow was asked")
		return auth.Decision{}, nil
	}, auth.WithMaxBody(1000))
	const js, form = "application/json", "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, method, contentType, body string
		status                          int
		why                             string
	}{
		{"GET", "GET", js, "", 405, "POST"},
		{"OPTIONS", "OPTIONS", js, "", 405, "POST"},
		{"the method counts before the rest", "PUT", "", strings.Repeat("x", 2000), 405, "POST"},
		{"no content type", "POST", "", goodBody, 415, "application/json"},
		{"a form of parts", "POST", "multipart/form-data; boundary=x", "--x--", 415, "application/x-www-form-urlencoded"},
		{"a form without a socket id", "POST", form, "channel_name=private-a", 400, "socket_id: missing"},
		{"a form without a channel", "POST", form, "socket_id=1", 400, "channel_name: missing"},
		{"a socket id twice in a form", "POST", form, "socket_id=1&channel_name=private-a&socket_id=1", 400, "socket_id appears twice"},
		{"a channel twice in a form", "POST", form, "socket_id=1&channel_name=private-a&channel%5fname=private-b", 400, "channel_name appears twice"},
		{"user data twice in a form", "POST", form, "socket_id=1&channel_name=private-a&user_data=1&user_data=2", 400, "user_data appears twice"},
		{"user data in a form that is no JSON", "POST", form, "socket_id=1&channel_name=private-a&user_data=x", 400, "user_data: not JSON text"},
		{"a form that is none", "POST", form, "socket_id=%zz&channel_name=private-a", 400, "must be a form"},
		{"a form that is JSON", "POST", form, goodBody, 400, "socket_id: missing"},
		{"a form that is too long", "POST", form, "socket_id=1&channel_name=private-a&x=" + strings.Repeat("x", 1000), 413, "1000 bytes"},
		{"a channel in a form that is not UTF-8", "POST", form, "socket_id=1&channel_name=private-%ff", 400, "channel_name: not Unicode"},
		{"text, which a form can send", "POST", "text/plain", goodBody, 415, "application/json"},
		{"a bad content type", "POST", "application/json;;", goodBody, 415, "application/json"},
		{"too long", "POST", js, goodBody + strings.Repeat(" ", 1000), 413, "1000 bytes"},
		{"empty", "POST", js, "", 400, "JSON object"},
		{"no JSON", "POST", js, "socket_id=1", 400, "JSON object"},
		{"two objects", "POST", js, goodBody + goodBody, 400, "JSON object"},
		{"a list", "POST", js, "[]", 400, "JSON object"},
		{"null", "POST", js, "null", 400, "socket_id"},
		{"a field twice", "POST", js, `{"socket_id":"sock-1","channel_name":"private-a","channel_name":"private-b"}`, 400, "channel_name appears twice"},
		{"a field twice, spelt otherwise", "POST", js, `{"socket_id":"sock-1","channel_name":"private-a","channel\u005fname":"private-b"}`, 400, "channel_name appears twice"},
		{"user data twice", "POST", js, `{"socket_id":"sock-1","channel_name":"private-a","user_data":1,"user_data":2}`, 400, "user_data appears twice"},
		{"a number", "POST", js, `{"socket_id":1,"channel_name":"private-a"}`, 400, "JSON object"},
		{"not UTF-8", "POST", js, "{\"socket_id\":\"sock-1\",\"channel_name\":\"private-\xff\"}", 400, "channel_name: not Unicode"},
		{"half a surrogate pair in the channel", "POST", js, `{"socket_id":"sock-1","channel_name":"private-\ud83d"}`, 400, "channel_name: not Unicode"},
		{"half a surrogate pair in the socket id", "POST", js, `{"socket_id":"\ud83d","channel_name":"private-a"}`, 400, "socket_id: has characters"},
		{"a channel that can't be seen whole", "POST", js, `{"socket_id":"sock-1","channel_name":"private-a\u200b"}`, 400, "channel_name: has invisible"},
		{"no socket id", "POST", js, `{"channel_name":"private-a"}`, 400, "socket_id: missing"},
		{"a colon in the socket id", "POST", js, `{"socket_id":"s:presence-a","channel_name":"private-a"}`, 400, "socket_id: has a colon"},
		{"no channel", "POST", js, `{"socket_id":"sock-1"}`, 400, "channel_name: missing"},
		{"a public channel", "POST", js, `{"socket_id":"sock-1","channel_name":"a"}`, 400, "channel_name: not a private- or presence-"},
		{"a colon in the channel", "POST", js, `{"socket_id":"sock-1","channel_name":"presence-a:{}"}`, 400, "channel_name: has a colon"},
		{"a NUL in the channel", "POST", js, `{"socket_id":"sock-1","channel_name":"private-\u0000"}`, 400, "channel_name: has control"},
	} {
		status, answer, header := ask(t, h, c.method, c.contentType, c.body)
		if status != c.status || !strings.Contains(answer["error"], c.why) {
			t.Errorf("%s: %d %q, want %d with %q", c.name, status, answer["error"], c.status, c.why)
		}
		if got := header.Get("Allow"); (got == "POST") != (status == 405) {
			t.Errorf("%s: Allow is %q", c.name, got)
		}
	}
}

func TestHandlerDecisions(t *testing.T) {
	type allow = func(*http.Request, auth.Request) (auth.Decision, error)
	const room = `{"socket_id":"sock-1","channel_name":"presence-a"}`
	member := auth.Member{ID: "7"}
	for _, c := range []struct {
		name   string
		body   string
		allow  allow
		status int
		logged string
	}{
		{"the zero Decision", goodBody, func(*http.Request, auth.Request) (auth.Decision, error) { return auth.Decision{}, nil }, 403, ""},
		{"a member alone", room, func(*http.Request, auth.Request) (auth.Decision, error) { return auth.Decision{Member: member}, nil }, 403, ""},
		{"a panic", goodBody, func(*http.Request, auth.Request) (auth.Decision, error) { panic("s3cret") }, 403, "panicked"},
		{"a nil map", goodBody, func(*http.Request, auth.Request) (auth.Decision, error) {
			var m map[string]int
			maps.Copy(m, map[string]int{"a": 1})
			return auth.Decision{Allow: true}, nil
		}, 403, "nil map"},
		{"not logged in", goodBody, func(*http.Request, auth.Request) (auth.Decision, error) {
			return auth.Decision{Allow: true}, errors.Join(auth.ErrUnauthenticated)
		}, 401, ""},
		{"an error", goodBody, func(*http.Request, auth.Request) (auth.Decision, error) {
			return auth.Decision{Allow: true}, errors.New("no database")
		}, 500, "no database"},
		{"presence without a member", room, func(*http.Request, auth.Request) (auth.Decision, error) { return auth.Decision{Allow: true}, nil }, 403, "user_id"},
		{"a member that does not marshal", room, func(*http.Request, auth.Request) (auth.Decision, error) {
			return auth.Decision{Allow: true, Member: auth.Member{ID: "7", Info: make(chan int)}}, nil
		}, 403, "marshal"},
		{"private needs no member", goodBody, func(*http.Request, auth.Request) (auth.Decision, error) { return auth.Decision{Allow: true}, nil }, 200, ""},
	} {
		var log bytes.Buffer
		h := auth.Handler(signer(t, "key-1", "secret"), c.allow, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		status, answer, header := ask(t, h, "POST", "application/json", c.body)
		if status != c.status || strings.Contains(answer["error"], "database") {
			t.Errorf("%s: %d %v, want %d", c.name, status, answer, c.status)
		}
		if (header.Get("WWW-Authenticate") != "") != (status == 401) {
			t.Errorf("%s: WWW-Authenticate is %q", c.name, header.Get("WWW-Authenticate"))
		}
		if (c.logged == "") != (log.Len() == 0) || !strings.Contains(log.String(), c.logged) || strings.Contains(log.String(), "s3cret") {
			t.Errorf("%s: logged %q, want %q", c.name, log.String(), c.logged)
		}
	}
}

func TestHandlerShowsAllowTheRequest(t *testing.T) {
	const body = `{"socket_id":"sock-1","channel_name":"presence-a","user_data":{"n":1.0},"tenant":"x"}`
	h := auth.Handler(signer(t, "key-1", "secret"), func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		if c, err := r.Cookie("session"); err != nil || c.Value != "abc" {
			t.Errorf("cookie %v %v", c, err)
		}
		if asked.SocketID != "sock-1" || asked.Channel != "presence-a" || string(asked.UserData) != `{"n":1.0}` || !asked.Presence() {
			t.Errorf("asked for %v with %s", asked, asked.UserData)
		}
		if got, err := io.ReadAll(r.Body); string(got) != body || err != nil {
			t.Errorf("the body reads as %q, %v", got, err)
		}
		return auth.Decision{}, nil
	}, nil)
	r := httptest.NewRequest("POST", "/auth", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.AddCookie(&http.Cookie{Name: "session", Value: "abc"})
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func TestHandlerNeedsItsParts(t *testing.T) {
	s := signer(t, "k", "s")
	for name, f := range map[string]func(){
		"no signer":          func() { auth.Handler(nil, allowAll) },
		"the zero Signer":    func() { auth.Handler(new(auth.Signer), allowAll) },
		"no allow":           func() { auth.Handler(s, nil) },
		"no audit":           func() { auth.Handler(s, allowAll, auth.WithAudit(nil)) },
		"every origin":       func() { auth.Handler(s, allowAll, auth.WithAllowedOrigins("*")) },
		"everybody's origin": func() { auth.Handler(s, allowAll, auth.WithAllowedOrigins("https://a.example", "null")) },
		"no origin":          func() { auth.Handler(s, allowAll, auth.WithAllowedOrigins("")) },
		"a host alone":       func() { auth.Handler(s, allowAll, auth.WithAllowedOrigins("a.example")) },
		"another scheme":     func() { auth.Handler(s, allowAll, auth.WithAllowedOrigins("ftp://a.example")) },
		"a path":             func() { auth.Handler(s, allowAll, auth.WithAllowedOrigins("https://a.example/")) },
		"a query":            func() { auth.Handler(s, allowAll, auth.WithAllowedOrigins("https://a.example?x")) },
		"a user":             func() { auth.Handler(s, allowAll, auth.WithAllowedOrigins("https://u@a.example")) },
		"a port that is no":  func() { auth.Handler(s, allowAll, auth.WithAllowedOrigins("https://a.example:x")) },
	} {
		func() {
			defer func() {
				why := fmt.Sprint(recover())
				if !strings.HasPrefix(why, "auth: Handler") || strings.HasPrefix(name, "every") != strings.Contains(why, "would let every page ask") {
					t.Errorf("%s: the panic is %q", name, why)
				}
			}()
			f()
		}()
	}
}

// The two sides of this package understand each other, over a real connection.
func TestEndpointAsksHandler(t *testing.T) {
	s := signer(t, "key-1", "secret")
	web := httptest.NewTLSServer(auth.Handler(s, func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		switch {
		case r.Header.Get("Authorization") != "Bearer good":
			return auth.Decision{}, auth.ErrUnauthenticated
		case asked.Channel == "private-closed":
			return auth.Decision{}, nil
		}
		return allowAll(r, asked)
	}))
	t.Cleanup(web.Close)
	token, renewed := "old", 0
	a := endpoint(t, web.URL, auth.WithHTTPClient(web.Client()), auth.WithField("tenant", "x"), auth.WithToken(
		func(_ context.Context, refused bool) (string, error) {
			if refused {
				renewed++
				token = "good"
			}
			return token, nil
		}))
	for _, r := range []auth.Request{private(), presence()} {
		g, err := a.Authorize(t.Context(), r)
		if err != nil || !s.Verify(r.SocketID, r.Channel, g) {
			t.Errorf("%v: %v", r, err)
		}
	}
	if renewed != 1 {
		t.Errorf("the token was renewed %d times, want once", renewed)
	}
	r := private()
	r.Channel = "private-closed"
	_, err := a.Authorize(t.Context(), r)
	if denied, ok := errors.AsType[*auth.DeniedError](err); !ok || denied.Status != 403 || denied.Channel != r.Channel {
		t.Errorf("%v, want a refusal with 403", err)
	}
}

// The panic by which a handler ends a request reaches the server, and is nobody's fault.
func TestHandlerPassesAnAbort(t *testing.T) {
	var log bytes.Buffer
	h := auth.Handler(signer(t, "key-1", "secret"), func(*http.Request, auth.Request) (auth.Decision, error) {
		panic(http.ErrAbortHandler)
	}, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("recovered %v, want http.ErrAbortHandler", v)
			}
		}()
		r := httptest.NewRequest("POST", "/auth", strings.NewReader(goodBody))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(w, r)
	}()
	if w.Body.Len() > 0 || log.Len() > 0 {
		t.Errorf("answered %q and logged %q, want neither", w.Body, log.String())
	}
	s := httptest.NewServer(h)
	defer s.Close()
	resp, err := s.Client().Post(s.URL, "application/json", strings.NewReader(goodBody))
	if err == nil {
		resp.Body.Close()
		t.Errorf("the server answers with %d, want the connection closed", resp.StatusCode)
	}
}

// The log of an allow that fails shows neither the app's secret nor what the user has shown.
func TestHandlerLogsNoSecret(t *testing.T) {
	own := errors.New("no database")
	for _, c := range []struct {
		err  error
		want string
	}{
		{own, "no database"},
		{errors.New("HTTP 401: bearer tok-123456 and cookie c00kie-value, signing with the-secret"), "HTTP 401: bearer [redacted] and cookie [redacted], signing with [redacted]"},
	} {
		var log bytes.Buffer
		h := auth.Handler(signer(t, "key-1", "the-secret"), func(*http.Request, auth.Request) (auth.Decision, error) {
			return auth.Decision{}, c.err
		}, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		r := httptest.NewRequest("POST", "/auth", strings.NewReader(goodBody))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer tok-123456")
		r.AddCookie(&http.Cookie{Name: "session", Value: "c00kie-value"})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 500 || !strings.Contains(log.String(), `error="`+c.want+`"`) {
			t.Errorf("%d, logged %s, want 500 and %q", w.Code, log.String(), c.want)
		}
	}
}

// What allow reads from the body is what was asked, without a byte order mark, whatever its type.
func TestHandlerShowsAllowTheBody(t *testing.T) {
	for contentType, body := range map[string]string{
		"application/json":                  `{"socket_id":"sock-1","channel_name":"private-a","tenant":"x"}`,
		"application/x-www-form-urlencoded": "socket_id=sock-1&channel_name=private-a&tenant=x",
	} {
		h := auth.Handler(signer(t, "key-1", "secret"), func(r *http.Request, asked auth.Request) (auth.Decision, error) {
			got, err := io.ReadAll(r.Body)
			if string(got) != body || err != nil || r.ContentLength != int64(len(body)) {
				t.Errorf("%s: the body reads as %q of %d, %v", contentType, got, r.ContentLength, err)
			}
			if asked.SocketID != "sock-1" || asked.Channel != "private-a" || asked.UserData != nil {
				t.Errorf("%s: asked for %v", contentType, asked)
			}
			return auth.Decision{Allow: true}, nil
		})
		if status, _, _ := ask(t, h, "POST", contentType, "\ufeff"+body); status != 200 {
			t.Errorf("%s: %d", contentType, status)
		}
	}
}

func BenchmarkHandler(b *testing.B) {
	h := auth.Handler(signer(b, "key-1", "secret"), allowAll)
	for name, body := range map[string]string{
		"private":  goodBody,
		"presence": `{"socket_id":"sock-1","channel_name":"presence-a","user_data":{"user_id":"7"}}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r := httptest.NewRequest("POST", "/auth", strings.NewReader(body))
					r.Header.Set("Content-Type", "application/json")
					w := httptest.NewRecorder()
					h.ServeHTTP(w, r)
					if w.Code != 200 {
						b.Fatal(w.Body)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
		})
	}
}
