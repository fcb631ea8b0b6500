package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// audits are the entries of an audit, in their order.
type audits struct{ all []auth.Audit }

func (a *audits) take(_ *http.Request, entry auth.Audit) { a.all = append(a.all, entry) }

// texts are the entries as texts.
func (a *audits) texts() (texts []string) {
	for _, entry := range a.all {
		text, err := json.Marshal(entry)
		if err != nil {
			panic(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// rules lets ann, whose bearer token is "ann-has-this", into private-a and presence-a.
func rules(r *http.Request, asked auth.Request) (auth.Decision, error) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token != "ann-has-this" {
		return auth.Decision{}, fmt.Errorf("%w: the token is %s", auth.ErrUnauthenticated, token)
	}
	d := auth.Decision{Member: auth.Member{ID: "ann"}}
	switch asked.Channel {
	case "private-a", "presence-a":
		d.Allow = true
	case "private-reason":
		d.Allow, d.Reason = true, "a friend of "+token+" on "+asked.SocketID
	case "private-b":
		d.Reason = "not hers"
	case "private-down":
		return d, errors.New("no database for " + token + " on " + asked.SocketID)
	case "private-panic":
		panic("ann-has-this")
	case "presence-who":
		d.Allow, d.Member = true, auth.Member{}
	case "private-abort":
		panic(http.ErrAbortHandler)
	}
	return d, nil
}

// post sends a request of ann's.
func post(h http.Handler, contentType, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/auth", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer ann-has-this")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// asking is the body of a request for a channel, or for several.
func asking(channels ...string) string {
	var names any = channels
	if len(channels) == 1 {
		names = channels[0]
	}
	body, err := json.Marshal(map[string]any{"socket_id": "socket-of-ann", "channel_name": names})
	if err != nil {
		panic(err)
	}
	return string(body)
}

const asJSON, asForm = "application/json", "application/x-www-form-urlencoded"

func TestAuditOfEachVerdict(t *testing.T) {
	for _, c := range []struct {
		name, contentType, body string
		header                  []string
		want                    string
	}{
		{"let in", asJSON, asking("private-a"), nil, `{"verdict":"allowed","channel":"private-a","user":"ann","status":200}`},
		{"let in by a form", asForm, "socket_id=1&channel_name=presence-a", nil, `{"verdict":"allowed","channel":"presence-a","user":"ann","status":200}`},
		{"let in for a reason", asJSON, asking("private-reason"), nil, `{"verdict":"allowed","channel":"private-reason","user":"ann","status":200,"reason":"a friend of [redacted] on [redacted]"}`},
		{"denied", asJSON, asking("private-b"), nil, `{"verdict":"denied","channel":"private-b","user":"ann","status":403,"reason":"not hers"}`},
		{"denied without a reason", asJSON, asking("private-c"), nil, `{"verdict":"denied","channel":"private-c","user":"ann","status":403,"reason":"not allowed"}`},
		{"not logged in", asJSON, asking("private-a"), []string{"Authorization", "Bearer somebody-elses"}, `{"verdict":"unauthenticated","channel":"private-a","status":401,"reason":"not logged in","error":"auth: not logged in: the token is [redacted]"}`},
		{"undecided", asJSON, asking("private-down"), nil, `{"verdict":"failed","channel":"private-down","user":"ann","status":500,"reason":"could not decide","error":"no database for [redacted] on [redacted]"}`},
		{"a panic", asJSON, asking("private-panic"), nil, `{"verdict":"failed","channel":"private-panic","status":403,"reason":"not allowed","error":"allow panicked: string"}`},
		{"nobody to sign for", asJSON, asking("presence-who"), nil, `{"verdict":"failed","channel":"presence-who","status":403,"reason":"not allowed","error":"auth: user_id: missing"}`},
		{"a name that nobody may have", asJSON, asking("private-\x1b[31m:" + strings.Repeat("x", 300)), nil, `{"verdict":"invalid","channel":"private-.[31m:` + strings.Repeat("x", 183) + `…","status":400,"reason":"channel_name: longer than 200 bytes"}`},
		{"no request", asJSON, "x", nil, `{"verdict":"invalid","status":400,"reason":"the body must be a JSON object with the strings socket_id and channel_name"}`},
		{"a request of parts", "multipart/form-data", "x", nil, `{"verdict":"invalid","status":415,"reason":"the content type must be application/json or application/x-www-form-urlencoded"}`},
		{"too long", asJSON, asking("private-a") + strings.Repeat(" ", 500), nil, `{"verdict":"invalid","status":413,"reason":"the body is longer than 500 bytes"}`},
		{"a form of another page", asForm, "socket_id=1&channel_name=private-a", []string{"Origin", "https://evil.example"}, `{"verdict":"cross-origin","status":403,"reason":"forms of another origin are not allowed"}`},
	} {
		var got audits
		h := auth.Handler(signer(t, "key-1", "the-secret"), rules, auth.WithMaxBody(500), auth.WithLogger(slog.New(slog.DiscardHandler)),
			auth.WithAudit(func(*http.Request, auth.Audit) { t.Error("an audit that was replaced is called") }), auth.WithAudit(got.take))
		w := post(h, c.contentType, c.body, c.header...)
		if texts := got.texts(); !slices.Equal(texts, []string{c.want}) || got.all[0].Status != w.Code {
			t.Errorf("%s: answered %d, and the audit has\n%s\nwant\n%s", c.name, w.Code, strings.Join(texts, "\n"), c.want)
		}
	}
}

// The error of allow is found in that of the audit.
func TestAuditKeepsTheError(t *testing.T) {
	var got audits
	h := auth.Handler(signer(t, "key-1", "the-secret"), rules, auth.WithAudit(got.take))
	post(h, asJSON, asking("private-a"), "Authorization", "Bearer somebody-elses")
	if len(got.all) != 1 || !errors.Is(got.all[0].Err, auth.ErrUnauthenticated) {
		t.Errorf("%+v", got.all)
	}
}

// A preflight is reported if it is refused. So is one to a handler that knows no other origin,
// which is answered as any wrong method.
func TestAuditOfPreflights(t *testing.T) {
	for _, c := range []struct {
		origin string
		opts   []auth.HandlerOption
		want   []string
	}{
		{"https://app.example.com", []auth.HandlerOption{auth.WithAllowedOrigins("https://app.example.com")}, nil},
		{"https://evil.example", []auth.HandlerOption{auth.WithAllowedOrigins("https://app.example.com")}, []string{`{"verdict":"cross-origin","status":403,"reason":"pages of this origin are not allowed"}`}},
		{"https://app.example.com", nil, []string{`{"verdict":"cross-origin","status":405,"reason":"the method must be POST"}`}},
		{"", nil, []string{`{"verdict":"invalid","status":405,"reason":"the method must be POST"}`}},
	} {
		var got audits
		r := httptest.NewRequest("OPTIONS", "/auth", nil)
		r.Header.Set("Access-Control-Request-Method", "POST")
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		auth.Handler(signer(t, "key-1", "the-secret"), rules, append(c.opts, auth.WithAudit(got.take))...).ServeHTTP(httptest.NewRecorder(), r)
		if texts := got.texts(); !slices.Equal(texts, c.want) {
			t.Errorf("%q with %d options: %q, want %q", c.origin, len(c.opts), texts, c.want)
		}
	}
}

// Each channel of a batch is reported by itself, in the order of the request.
func TestAuditOfABatch(t *testing.T) {
	var got audits
	h := auth.Handler(signer(t, "key-1", "the-secret"), rules, auth.WithLogger(slog.New(slog.DiscardHandler)), auth.WithAudit(got.take))
	w := post(h, asJSON, asking("private-b", "orders", "private-a", "private-down", "presence-a"))
	want := []string{
		`{"verdict":"denied","channel":"private-b","user":"ann","status":403,"reason":"not hers"}`,
		`{"verdict":"invalid","channel":"orders","status":400,"reason":"channel_name: not a private- or presence- channel"}`,
		`{"verdict":"allowed","channel":"private-a","user":"ann","status":200}`,
		`{"verdict":"failed","channel":"private-down","user":"ann","status":500,"reason":"could not decide","error":"no database for [redacted] on [redacted]"}`,
		`{"verdict":"allowed","channel":"presence-a","user":"ann","status":200}`,
	}
	if texts := got.texts(); w.Code != 200 || !slices.Equal(texts, want) {
		t.Errorf("answered %d, and the audit has\n%s\nwant\n%s", w.Code, strings.Join(texts, "\n"), strings.Join(want, "\n"))
	}
	var answer map[string]struct{ Status int }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	for _, entry := range got.all {
		if answer[entry.Channel].Status != entry.Status {
			t.Errorf("%s is answered with %d, and reported with %d", entry.Channel, answer[entry.Channel].Status, entry.Status)
		}
	}
	got.all = nil
	w = post(h, asJSON, asking("private-a", "private-b"), "Authorization", "Bearer somebody-elses")
	if w.Code != 401 || len(got.all) != 2 || got.all[0].Verdict != auth.VerdictUnauthenticated || got.all[1].Channel != "private-b" {
		t.Errorf("nobody: answered %d, and the audit has %+v", w.Code, got.all)
	}
}

// audit is called with the request that allow got, before there is an answer.
func TestAuditComesBeforeTheAnswer(t *testing.T) {
	type key struct{}
	w, called := httptest.NewRecorder(), false
	h := auth.Handler(signer(t, "key-1", "the-secret"), rules, auth.WithAudit(func(r *http.Request, a auth.Audit) {
		called = true
		if r.Context().Value(key{}) != "of middleware" || r.RemoteAddr != "192.0.2.1:1234" {
			t.Errorf("audit gets %v from %s", r.Context(), r.RemoteAddr)
		}
		if w.Body.Len() > 0 {
			t.Errorf("answered before: %s", w.Body)
		}
	}))
	r := httptest.NewRequest("POST", "/auth", strings.NewReader(asking("private-a")))
	r.Header.Set("Content-Type", asJSON)
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "of middleware")))
	if !called {
		t.Error("not called")
	}
}

// Whom the audit can't report is not let in, and the next one is. Who is refused stays refused.
func TestAuditThatPanics(t *testing.T) {
	var log bytes.Buffer
	h := auth.Handler(signer(t, "key-1", "the-secret"), rules, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		auth.WithAudit(func(_ *http.Request, a auth.Audit) {
			if a.Channel != "presence-a" {
				panic("the-secret")
			}
		}))
	for body, want := range map[string]int{asking("private-a"): 500, asking("private-b"): 403, asking("presence-a"): 200, "x": 400} {
		if w := post(h, asJSON, body); w.Code != want || (want == 200) != strings.Contains(w.Body.String(), "key-1:") {
			t.Errorf("%s: %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
	w := post(h, asJSON, asking("private-a", "presence-a"))
	if body := w.Body.String(); strings.Count(body, "key-1:") != 1 || !strings.Contains(body, `"private-a":{"status":500,"error":"could not decide"}`) {
		t.Errorf("a batch: %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), `msg="auth: audit panicked" channel=private-a panic=string`) || strings.Contains(log.String(), "the-secret") {
		t.Errorf("logged %s", log.String())
	}
}

// The panic by which a handler ends the request passes; if it comes from allow, nothing was
// decided.
func TestAuditAndAborts(t *testing.T) {
	for _, channel := range []string{"private-a", "private-abort"} {
		called := false
		h := auth.Handler(signer(t, "key-1", "the-secret"), rules, auth.WithAudit(func(*http.Request, auth.Audit) {
			called = true
			panic(http.ErrAbortHandler)
		}))
		func() {
			defer func() {
				if v := recover(); v != http.ErrAbortHandler {
					t.Errorf("%s: recovered %v", channel, v)
				}
			}()
			post(h, asJSON, asking(channel))
		}()
		if called != (channel == "private-a") {
			t.Errorf("%s: audit called: %t", channel, called)
		}
	}
}

// However an entry is printed, it shows nothing that was secret in the request or the answer.
func TestAuditShowsNoSecret(t *testing.T) {
	var got audits
	h := auth.Handler(signer(t, "key-1", "the-secret"), func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		cookie, err := r.Cookie("session")
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join([]string{cookie.Value, r.Header.Get("Authorization"), asked.SocketID, "the-secret"}, ", ")
		if asked.Channel == "private-down" {
			return auth.Decision{Reason: all}, errors.New(all)
		}
		return auth.Decision{Allow: asked.Channel == "private-a", Reason: all}, nil
	}, auth.WithLogger(slog.New(slog.DiscardHandler)), auth.WithAudit(got.take))
	w := post(h, asJSON, asking("private-a", "private-b", "private-down"), "Cookie", "session=cookie-of-ann")
	var answer map[string]struct{ Data auth.Grant }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer["private-a"].Data.Auth == "" {
		t.Fatal(err, w.Body)
	}
	_, signature, _ := strings.Cut(answer["private-a"].Data.Auth, ":")
	for _, entry := range got.all {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "entry", entry)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "entry", entry)
		var shown strings.Builder
		shown.WriteString(log.String() + strings.Join(got.texts(), ""))
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			shown.WriteString(fmt.Sprintf(verb, entry) + fmt.Sprintf(verb, &entry))
		}
		for _, secret := range []string{"cookie-of-ann", "ann-has-this", "socket-of-ann", "the-secret", signature} {
			if strings.Contains(shown.String(), secret) || strings.Contains(shown.String(), fmt.Sprintf("%x", secret)) {
				t.Errorf("%s: %q is shown: %s", entry.Channel, secret, shown.String())
			}
		}
	}
	if len(got.all) != 3 {
		t.Errorf("%d entries", len(got.all))
	}
}

func TestVerdictsHaveNames(t *testing.T) {
	seen := make(map[string]bool)
	for v := auth.VerdictDenied; v <= auth.VerdictCrossOrigin; v++ {
		if seen[v.String()] || v.String() == "unknown" {
			t.Errorf("%d is %q", v, v)
		}
		seen[v.String()] = true
	}
	if auth.Verdict(0) != auth.VerdictDenied || auth.Verdict(99).String() != "unknown" {
		t.Error("the zero Verdict does not deny, or an unknown one has a name")
	}
}
