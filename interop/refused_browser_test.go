package interop_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/chromium"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// What there is to see in a browser, with the official SDK: nothing but the console.
var inBrowser = []refusal{
	{
		cause: "CORS: a page of another origin than the backend's, in a browser",
		err:   []string{"TypeError", "Failed to fetch"},
		state: "the SDK goes on without the channel",
		log:   "Access to fetch at 'http://BACKEND/' from origin 'http://SERVICE' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
		audit: "cross-origin: pages of this origin are not allowed",
		todo:  "`auth.WithAllowedOrigins`, and a route that takes OPTIONS",
	},
}

// TestRefusedInABrowser has the official SDK on a page ask a backend of another origin, which lets
// pages of a third one in.
func TestRefusedInABrowser(t *testing.T) {
	path := chromium.Find(t)
	row := inBrowser[0]
	s := &scene{T: t, srv: startServer(t)}
	backend := s.serve(s.backend(s.signer(s.srv.Key(), s.srv.Secret()), auth.WithAllowedOrigins("https://app.example.com")))
	page := chromium.Open(t, path, sdkPage(s, backend))
	page.Await(t, `window.seen !== undefined`)
	page.Await(t, fmt.Sprintf(`window.seen === %q`, row.err[0]+": "+row.err[1]))
	if !slices.ContainsFunc(page.Log(), func(line string) bool {
		line = strings.ReplaceAll(line, strings.TrimPrefix(backend, "http://"), "BACKEND")
		return changing.ReplaceAllString(line, "SERVICE") == row.log
	}) {
		t.Errorf("the console has %q, want %q", page.Log(), row.log)
	}
	if got := s.lastAudit(); got != row.audit {
		t.Errorf("the backend's audit says %q, want %q", got, row.audit)
	}
	if st := s.srv.Stats(); len(st.Live()) != 1 || len(st.Live()[0].Subscribed) != 0 {
		t.Errorf("the service has %+v", st.Live())
	}
}

// sdkPage serves a page with the official SDK, which subscribes to a private channel, and the
// service on the same origin. What nobody catches on it is in window.seen.
func sdkPage(s *scene, backend string) string {
	s.Helper()
	service, err := url.Parse(s.srv.URL())
	if err != nil {
		s.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", httputil.NewSingleHostReverseProxy(service))
	files := http.FileServer(http.Dir("node_modules"))
	mux.Handle("/node_modules/", http.StripPrefix("/node_modules/", files))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html>
<script>window.addEventListener('unhandledrejection', (e) => { window.seen = e.reason.name + ': ' + e.reason.message; });</script>
<script src="/node_modules/socket.io-client/dist/socket.io.min.js"></script>
<script type="module">
import { RealtimeX } from '/node_modules/realtimex-js/dist/realtimex.esm.js';
const client = new RealtimeX(%q, { wsHost: location.hostname, wsPort: location.port, encrypted: false, authEndpoint: %q });
client.subscribe('private-orders');
</script>`, s.srv.Key(), backend+"/")
	})
	web := httptest.NewServer(mux)
	s.Cleanup(web.Close)
	return web.URL
}
