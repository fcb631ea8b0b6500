package auth_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// send makes a request as a browser does, and returns the answer.
func send(h http.Handler, method, body string, header map[string]string) *http.Response {
	r := httptest.NewRequest(method, "https://backend.example/auth", strings.NewReader(body))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func preflight(h http.Handler, origin string) *http.Response {
	return send(h, "OPTIONS", "", map[string]string{
		"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type,x-csrf-token",
	})
}

func TestWithAllowedOriginsPreflight(t *testing.T) {
	s := signer(t, "key-1", "secret")
	asked := func(*http.Request, auth.Request) (auth.Decision, error) {
		t.Error("allow was asked")
		return auth.Decision{}, nil
	}
	h := auth.Handler(s, asked, auth.WithAllowedOrigins("https://app.example", "http://localhost:5173"), auth.WithAllowedOrigins("HTTPS://Other.example:443"))
	for _, origin := range []string{"https://app.example", "http://localhost:5173", "https://other.example"} {
		resp := preflight(h, origin)
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "POST",
			"Access-Control-Allow-Headers": "authorization,content-type,x-csrf-token", "Access-Control-Max-Age": "600",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", origin, name, got, want)
			}
		}
		if vary := strings.Join(resp.Header.Values("Vary"), ","); resp.StatusCode != 204 || !strings.Contains(vary, "Origin") || !strings.Contains(vary, "Access-Control-Request-Headers") {
			t.Errorf("%s: %d, varies by %q", origin, resp.StatusCode, vary)
		}
	}
	for _, origin := range []string{
		"https://evil.example", "http://app.example", "https://app.example:8443", "https://app.example.evil.example", "https://xapp.example", "null",
	} {
		resp := preflight(h, origin)
		if resp.StatusCode != 403 || !noCORS(resp) || resp.Header.Get("Vary") == "" {
			t.Errorf("%s: %d %v, want 403 and no permission", origin, resp.StatusCode, resp.Header)
		}
	}
	// An endless list of headers is not repeated.
	long := send(h, "OPTIONS", "", map[string]string{
		"Origin": "https://app.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": strings.Repeat("x", 1025),
	})
	if long.StatusCode != 204 || long.Header.Get("Access-Control-Allow-Headers") != "" {
		t.Errorf("%d %v, want no headers allowed", long.StatusCode, long.Header)
	}
	for name, header := range map[string]map[string]string{
		"no browser's": nil, "of a page, but no preflight": {"Origin": "https://app.example"}, "of nobody": {"Access-Control-Request-Method": "POST"},
	} {
		if resp := send(h, "OPTIONS", "", header); resp.StatusCode != 405 {
			t.Errorf("OPTIONS %s: %d, want 405", name, resp.StatusCode)
		}
	}
	// Without the option nothing is allowed.
	for _, h := range []http.Handler{auth.Handler(s, asked), auth.Handler(s, asked, auth.WithAllowedOrigins())} {
		if resp := preflight(h, "https://app.example"); resp.StatusCode != 405 || !noCORS(resp) {
			t.Errorf("by default: %d %v, want 405 and no permission", resp.StatusCode, resp.Header)
		}
	}
}

func noCORS(resp *http.Response) bool {
	for name := range resp.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			return false
		}
	}
	return true
}

// A page of an allowed origin can read every answer, refusals too. Those of others get no
// permission.
func TestWithAllowedOriginsAnswers(t *testing.T) {
	s := signer(t, "key-1", "secret")
	deny := func(*http.Request, auth.Request) (auth.Decision, error) { return auth.Decision{}, nil }
	for _, c := range []struct {
		allow       func(*http.Request, auth.Request) (auth.Decision, error)
		contentType string
		status      int
	}{{allowAll, "application/json", 200}, {deny, "application/json", 403}, {allowAll, "text/plain", 415}} {
		h := auth.Handler(s, c.allow, auth.WithAllowedOrigins("https://app.example"))
		for origin, may := range map[string]bool{"https://app.example": true, "https://evil.example": false, "": false} {
			header := map[string]string{"Content-Type": c.contentType}
			if origin != "" {
				header["Origin"] = origin
			}
			resp := send(h, "POST", goodBody, header)
			got := resp.Header.Get("Access-Control-Allow-Origin")
			if resp.StatusCode != c.status || may && (got != origin || resp.Header.Get("Access-Control-Allow-Credentials") != "true") || !may && !noCORS(resp) || resp.Header.Get("Vary") != "Origin" {
				t.Errorf("%d from %q: %d %v", c.status, origin, resp.StatusCode, resp.Header)
			}
		}
	}
}

// A browser sends a form for any page, without asking first, with the user's cookies.
func TestHandlerRefusesFormsOfOtherOrigins(t *testing.T) {
	s := signer(t, "key-1", "secret")
	asked := false
	allow := func(r *http.Request, a auth.Request) (auth.Decision, error) {
		asked = true
		return allowAll(r, a)
	}
	strict, open := auth.Handler(s, allow), auth.Handler(s, allow, auth.WithAllowedOrigins("https://app.example"))
	for _, c := range []struct {
		name   string
		h      http.Handler
		header map[string]string
		status int
	}{
		{"no browser", strict, nil, 200},
		{"the same origin", strict, map[string]string{"Origin": "https://backend.example", "Sec-Fetch-Site": "same-origin"}, 200},
		{"the same origin behind a proxy", strict, map[string]string{"Origin": "https://www.example", "Sec-Fetch-Site": "same-origin"}, 200},
		{"the same origin, an old browser", strict, map[string]string{"Origin": "https://backend.example"}, 200},
		{"another origin", strict, map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403},
		{"another origin, an old browser", strict, map[string]string{"Origin": "https://evil.example"}, 403},
		{"an origin that is kept secret", strict, map[string]string{"Origin": "null"}, 403},
		{"a neighbour", strict, map[string]string{"Origin": "https://other.backend.example", "Sec-Fetch-Site": "same-site"}, 403},
		{"an allowed one", open, map[string]string{"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}, 200},
		{"one that is not allowed", open, map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403},
	} {
		asked = false
		header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		maps.Copy(header, c.header)
		if resp := send(c.h, "POST", "socket_id=sock-1&channel_name=private-a", header); resp.StatusCode != c.status || asked != (c.status == 200) {
			t.Errorf("%s: %d, and allow was asked: %v; want %d", c.name, resp.StatusCode, asked, c.status)
		}
	}
	// JSON is not sent for other pages without a preflight, so an answer that a program's own
	// middleware allows stands.
	header := map[string]string{"Content-Type": "application/json", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
	if resp := send(strict, "POST", goodBody, header); resp.StatusCode != 200 || !noCORS(resp) {
		t.Errorf("JSON of another origin: %d %v", resp.StatusCode, resp.Header)
	}
}
