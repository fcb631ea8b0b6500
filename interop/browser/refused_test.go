package browser

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The official SDK on a page asks a backend of another origin, which lets pages of a third one in.
// What is seen of that is a row of the table in docs/auth.md.
func TestRefusedByCORS(t *testing.T) {
	path := needChromium(t)
	nodetest.Skip(t)
	service := nodetest.StartServer(t)
	signer, err := auth.NewSigner(service.Key(), service.Secret())
	if err != nil {
		t.Fatal(err)
	}
	var audited atomic.Pointer[auth.Audit]
	backend := httptest.NewServer(auth.Handler(signer,
		func(*http.Request, auth.Request) (auth.Decision, error) { return auth.Decision{Allow: true}, nil },
		auth.WithAllowedOrigins("https://app.example.com"),
		auth.WithLogger(slog.New(slog.DiscardHandler)),
		auth.WithAudit(func(_ *http.Request, a auth.Audit) { audited.Store(&a) }),
	))
	t.Cleanup(backend.Close)
	site := sdkPage(t, service, backend.URL)
	page := open(t, path, site)
	page.await(`window.seen !== undefined`)
	seen := eval[string](page, `window.seen`)
	kind, message, _ := strings.Cut(seen, ": ")

	table, err := os.ReadFile("../../docs/auth.md")
	if err != nil {
		t.Fatal(err)
	}
	row := ""
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "| CORS: ") {
			row = line
		}
	}
	told := strings.NewReplacer(backend.URL, "http://BACKEND", site, "http://SERVICE").Replace(strings.Join(page.said(), "\n"))
	cells := strings.Split(row, " | ")
	if len(cells) != 6 || cells[1] != "`"+kind+"`: "+message || !strings.Contains(told, strings.Trim(cells[3], "`")) {
		t.Errorf("seen %q, and in the console %q; the table says %q", seen, told, row)
	}
	if a := audited.Load(); a == nil || !strings.Contains(row, "`"+a.Verdict.String()+": "+a.Reason+"`") {
		t.Errorf("the backend's audit says %+v; the table %q", a, row)
	}
	if st := service.Stats(); len(st.Live()) != 1 || len(st.Live()[0].Subscribed) != 0 {
		t.Errorf("the service has %+v", st.Live())
	}
}

// sdkPage serves a page with the official SDK, which subscribes to a private channel, and the service
// on the same origin. What nobody catches on it is in window.seen.
func sdkPage(t *testing.T, service *nodetest.Server, backend string) string {
	t.Helper()
	to, err := url.Parse(service.URL())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", httputil.NewSingleHostReverseProxy(to))
	files := http.FileServer(http.Dir("../node_modules"))
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
</script>`, service.Key(), backend+"/")
	})
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return web.URL
}
