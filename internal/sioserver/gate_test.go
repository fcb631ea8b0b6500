package sioserver

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// gated asks a server behind g, and returns the answer's status and headers. served tells whether
// the request came through.
func gated(t *testing.T, g *Gate, method, host string, header map[string]string) (status int, got http.Header, served bool) {
	t.Helper()
	h := g.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true }),
		func(w http.ResponseWriter, why string) { Forbidden(why).Write(w) })
	r := httptest.NewRequestWithContext(t.Context(), method, "/socket.io/", nil)
	r.Host = host
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code == http.StatusForbidden && !strings.Contains(w.Body.String(), "not allowed") {
		t.Errorf("refused with %s", w.Body)
	}
	return w.Code, w.Header(), served
}

func TestGateTakesNamesOfItsMachineOnly(t *testing.T) {
	for listens, hosts := range map[string]struct{ in, out []string }{
		"127.0.0.1:6001": {
			in:  []string{"127.0.0.1:6001", "127.0.0.2", "localhost", "LOCALHOST:80", "localhost.", "app.localhost:6001", "[::1]:6001", "::1", ""},
			out: []string{"evil.example", "evil.example:6001", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1:6001", "0.0.0.0:6001", "[fe80::1]"},
		},
		"dev.lan:6001": {in: []string{"dev.lan:6001", "DEV.lan", "localhost"}, out: []string{"other.lan", "10.0.0.1"}},
		"10.0.0.1:80":  {in: []string{"10.0.0.1", "localhost"}, out: []string{"10.0.0.2"}},
		":6001":        {in: []string{"10.0.0.1:6001", "[2001:db8::1]:6001", "localhost"}, out: []string{"evil.example:6001"}},
		"0.0.0.0:6001": {in: []string{"10.0.0.1:6001"}, out: []string{"evil.example:6001"}},
		"[::]:6001":    {in: []string{"10.0.0.1:6001"}, out: []string{"evil.example:6001"}},
	} {
		g := new(Gate)
		g.Listens(listens)
		for _, host := range hosts.in {
			if _, _, served := gated(t, g, http.MethodPost, host, nil); !served {
				t.Errorf("on %s: %q is refused", listens, host)
			}
		}
		for _, host := range hosts.out {
			if _, _, served := gated(t, g, http.MethodGet, host, nil); served {
				t.Errorf("on %s: %q is let in", listens, host)
			}
		}
	}
	g := new(Gate)
	if err := g.AllowHost("Dev.example"); err != nil {
		t.Fatal(err)
	}
	if _, _, served := gated(t, g, http.MethodGet, "dev.example:6001", nil); !served {
		t.Error("an allowed host is refused")
	}
}

func TestGateTakesPagesOfItsOwnOriginOnly(t *testing.T) {
	const host, own = "localhost:6001", "http://localhost:6001"
	none, some, all := new(Gate), new(Gate), new(Gate)
	for g, origin := range map[*Gate]string{some: "http://App.example:80", all: "*"} {
		if err := g.AllowOrigin(strings.Replace(origin, ":80", "", 1)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		origin, site string
		none, some   bool
	}{
		{"", "", true, true},
		{own, "", true, true},
		{own, "same-origin", true, true},
		{"", "none", true, true},
		{"http://localhost:3000", "same-site", false, false},
		{"http://localhost:3000", "", false, false},
		{"https://evil.example", "cross-site", false, false},
		{"", "cross-site", false, false},
		{"null", "cross-site", false, false},
		{"null", "", false, false},
		{"http://app.example", "cross-site", false, true},
		{"http://app.example", "", false, true},
		{"https://app.example", "", false, false},
		{"http://app.example.evil.example", "", false, false},
	} {
		header := map[string]string{}
		if c.origin != "" {
			header["Origin"] = c.origin
		}
		if c.site != "" {
			header["Sec-Fetch-Site"] = c.site
		}
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			for g, want := range map[*Gate]bool{none: c.none, some: c.some, all: true} {
				_, got, served := gated(t, g, method, host, header)
				if served != want {
					t.Errorf("%s of origin %q, site %q: served %v, want %v", method, c.origin, c.site, served, want)
				}
				shared := got.Get("Access-Control-Allow-Origin")
				if g == none && shared != "" || g == some && shared != "" && shared != "http://app.example" || !served && shared != "" {
					t.Errorf("%s of origin %q may be read by %q", method, c.origin, shared)
				}
				if g == some && served && c.origin == "http://app.example" && (shared != c.origin || got.Get("Vary") != "Origin") {
					t.Errorf("an allowed page can't read its answer: %v", got)
				}
			}
		}
	}
}

func TestGateAnswersPreflights(t *testing.T) {
	g := new(Gate)
	if err := g.AllowOrigin("https://app.example"); err != nil {
		t.Fatal(err)
	}
	header := map[string]string{
		"Origin":                         "https://app.example",
		"Access-Control-Request-Method":  "POST",
		"Access-Control-Request-Headers": "authorization,content-type",
	}
	status, got, served := gated(t, g, http.MethodOptions, "localhost", header)
	if served || status != http.StatusNoContent {
		t.Errorf("status %d, served %v", status, served)
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":  "https://app.example",
		"Access-Control-Allow-Methods": "GET, POST",
		"Access-Control-Allow-Headers": "authorization,content-type",
	} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
	if got.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("credentials are allowed")
	}
	header["Origin"] = "https://evil.example"
	if status, got, _ := gated(t, g, http.MethodOptions, "localhost", header); status != http.StatusForbidden || got.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the preflight of another page: %d %v", status, got)
	}
}

func TestGateTakesNoOptionThatIsNone(t *testing.T) {
	g := new(Gate)
	for _, host := range []string{"", "app.example:80", "http://app.example", "a/b", "*", "*.example", "a b"} {
		if g.AllowHost(host) == nil {
			t.Errorf("host %q is taken", host)
		}
	}
	for _, origin := range []string{"", "app.example", "localhost:3000", "https://", "https://app.example/", "ftp://a.example", "null", "http://a b"} {
		if g.AllowOrigin(origin) == nil {
			t.Errorf("origin %q is taken", origin)
		}
	}
}
