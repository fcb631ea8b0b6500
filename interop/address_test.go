package interop_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/realtimex/realtimex-go/rtx"
)

// A path without its last slash gets one, which the real server wants, and headers whose names are
// not in their canonical form are sent as if they were.
func TestClientAddressAndHeaders(t *testing.T) {
	srv := startServer(t)
	target, err := url.Parse(srv.URL())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var seen []*http.Request
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.In)
	}}
	front := httptest.NewServer(proxy)
	defer front.Close()
	for _, path := range []string{"", "/", "/socket.io", "/socket.io/"} {
		header := http.Header{"x-tenant": {"one"}, "host": {"rtx.example"}, "cookie": {"a=1", "b=2"}}
		c := dial(t, front.URL+path, srv.Key(), rtx.WithHeader(header))
		s := readyOn[numbered](t, c.Channel("orders"), "n")
		srv.Publish("orders", "n", numbered{1})
		if got := next(t, s); got.N != 1 {
			t.Errorf("%q: got %+v", path, got)
		}
		_ = c.Close()
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 4 {
		t.Fatalf("%d requests", len(seen))
	}
	for _, r := range seen {
		if r.URL.Path != "/socket.io/" || r.Host != "rtx.example" || len(r.Header["X-Tenant"]) != 1 || len(r.CookiesNamed("a"))+len(r.CookiesNamed("b")) != 2 {
			t.Errorf("%s of %s with %v", r.URL.Path, r.Host, r.Header)
		}
	}
}

// The path without its slash is not the real server's: only because the client adds it does it get
// there.
func TestServerWantsTheSlash(t *testing.T) {
	srv := startServer(t)
	for path, want := range map[string]bool{"/socket.io": false, "/socket.io/": true} {
		r, err := http.NewRequestWithContext(within(t), http.MethodGet, srv.URL()+path+"?EIO=4&transport=polling", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if found := res.StatusCode == http.StatusOK; found != want {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
