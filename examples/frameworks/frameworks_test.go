package frameworks

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds a test that hangs; no test waits for it.
const patience = time.Minute

// page is the origin of the web app, which is not that of its backend.
const page = "https://app.example.com"

// backends are the four, each behind its name.
var backends = map[string]func(*App) http.Handler{"net/http": NetHTTP, "chi": Chi, "gin": Gin, "echo": Echo}

// onEach runs a test against each backend.
func onEach(t *testing.T, test func(t *testing.T, b *backend)) {
	for name, handler := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &backend{t: t, service: rtxtest.NewServer(t)}
			app, err := NewApp(b.service.Signer(), page, slog.New(slog.NewTextHandler(&b.log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(app.Close)
			inner := handler(app)
			b.web = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner.ServeHTTP(&counting{ResponseWriter: w, b: b}, r)
			}))
			t.Cleanup(b.web.Close)
			test(t, b)
		})
	}
}

// A backend is one of the four at work, and the service that it signs for.
type backend struct {
	t       *testing.T
	service *rtxtest.Server
	web     *httptest.Server
	log     lines

	mu      sync.Mutex
	tooMany int // answers with 429
}

func (b *backend) refusedForTheLimit() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tooMany
}

// counting counts the answers with 429.
type counting struct {
	http.ResponseWriter
	b *backend
}

func (c *counting) WriteHeader(status int) {
	if status == http.StatusTooManyRequests {
		c.b.mu.Lock()
		c.b.tooMany++
		c.b.mu.Unlock()
	}
	c.ResponseWriter.WriteHeader(status)
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// browser returns an HTTP client with cookies of its own, as a browser or a program has it.
func (b *backend) browser() *http.Client {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	c := *b.web.Client()
	c.Jar = jar
	return &c
}

// token returns the token against CSRF that the backend gave the browser; "" if it has none.
func (b *backend) token(c *http.Client) string {
	b.t.Helper()
	if status, _ := b.send(c, "GET", "/login", "", nil); status >= 500 {
		b.t.Fatalf("GET /login: %d", status)
	}
	u, err := url.Parse(b.web.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range c.Jar.Cookies(u) {
		if cookie.Name == "_csrf" {
			return cookie.Value
		}
	}
	return ""
}

// form posts a form, with the token against CSRF if there is one.
func (b *backend) form(c *http.Client, path string, fields url.Values) int {
	b.t.Helper()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if token := b.token(c); token != "" {
		header.Set("X-CSRF-Token", token)
	}
	status, _ := b.send(c, "POST", path, fields.Encode(), header)
	return status
}

func (b *backend) logIn(c *http.Client, user, password string) {
	b.t.Helper()
	if status := b.form(c, "/login", url.Values{"user": {user}, "password": {password}}); status != http.StatusNoContent {
		b.t.Fatalf("logging in: %d", status)
	}
}

func (b *backend) send(c *http.Client, method, path, body string, header http.Header) (int, http.Header) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.web.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	resp, err := c.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode, resp.Header
}

// dial connects a client that asks the backend with the cookies of c.
func (b *backend) dial(c *http.Client, opts ...auth.EndpointOption) *rtx.Client {
	b.t.Helper()
	opts = append(opts, auth.WithHTTPClient(c))
	if token := b.token(c); token != "" {
		opts = append(opts, auth.WithHeader(http.Header{"X-Csrf-Token": {token}}))
	}
	client, err := rtx.Dial(within(b.t), b.service.Key(), rtx.WithURL(b.service.URL()),
		rtx.WithBackoff(time.Millisecond, 50*time.Millisecond), rtx.WithAuth(auth.Endpoint(b.web.URL+"/auth", opts...)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = client.Close() })
	return client
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// status returns the HTTP status with which the backend has refused; 0 if err is no refusal.
func status(err error) int {
	denied, _ := errors.AsType[*auth.DeniedError](err)
	if denied == nil {
		return 0
	}
	return denied.Status
}

func TestSession(t *testing.T) {
	onEach(t, func(t *testing.T, b *backend) {
		browser := b.browser()
		client := b.dial(browser)
		if _, err := client.Channel("private-orders").Subscribe(within(t)); status(err) != http.StatusUnauthorized {
			t.Fatalf("without a session: %v", err)
		}
		b.logIn(browser, "alice", "wonderland")

		orders := rtx.On[int](t.Context(), client.Channel("private-orders"), "created")
		if err := orders.Ready(within(t)); err != nil {
			t.Fatal(err)
		}
		b.service.Publish("private-orders", "created", 1)
		if n := <-orders.C; n != 1 {
			t.Errorf("got %d", n)
		}
		room := presence.Watch[struct{ Name string }](t.Context(), client.Channel("presence-lobby"))
		if err := room.Ready(within(t)); err != nil {
			t.Fatal(err)
		}
		if me, ok := room.Me(); !ok || me.ID != "alice" || me.Info.Name != "Alice" {
			t.Errorf("in the lobby as %+v", me)
		}
		if _, err := client.Channel("private-user-bob").Subscribe(within(t)); status(err) != http.StatusForbidden {
			t.Errorf("on somebody else's channel: %v", err)
		}

		// The session lasts over a reconnection, which needs new signatures.
		b.service.DropConnections()
		gap := false
		for !gap {
			<-orders.Lost
			for g := range orders.Gaps() {
				gap = gap || g.Reconnected
			}
		}
		b.service.Publish("private-orders", "created", 2)
		if n := <-orders.C; n != 2 {
			t.Errorf("got %d", n)
		}

		// Whoever logs out is refused at the next one, and not before.
		if status := b.form(browser, "/logout", nil); status != http.StatusNoContent {
			t.Fatalf("logging out: %d", status)
		}
		b.service.DropConnections()
		for range orders.C {
		}
		if err := orders.Err(); status(err) != http.StatusUnauthorized {
			t.Errorf("after logging out the stream ends with %v", err)
		}

		for _, want := range []string{
			"decision.verdict=unauthenticated decision.channel=private-orders",
			"decision.verdict=allowed decision.channel=private-orders decision.user=alice",
			"decision.verdict=allowed decision.channel=presence-lobby decision.user=alice",
			"decision.verdict=denied decision.channel=private-user-bob decision.user=alice",
			`decision.reason="does not have the room"`,
		} {
			if !strings.Contains(b.log.String(), want) {
				t.Errorf("the log has no %q:\n%s", want, b.log.String())
			}
		}
	})
}

// A page of another site has the browser send a request of its own making, with the cookie.
func TestCSRF(t *testing.T) {
	const body = `{"socket_id":"1","channel_name":"private-orders"}`
	onEach(t, func(t *testing.T, b *backend) {
		browser := b.browser()
		b.logIn(browser, "alice", "wonderland")
		audited := strings.Count(b.log.String(), "verdict=allowed")
		for name, header := range map[string]http.Header{
			"JSON": {"Content-Type": {"application/json"}, "Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
			"text": {"Content-Type": {"text/plain"}, "Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
			"an older browser, which does not say where the page is from": {"Content-Type": {"application/json"}, "Origin": {"https://evil.example"}},
		} {
			status, answer := b.send(browser, "POST", "/auth", body, header)
			if status/100 != 4 || answer.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %d %v", name, status, answer)
			}
			header.Set("Content-Type", "application/x-www-form-urlencoded")
			if status, _ := b.send(browser, "POST", "/logout", "", header); status/100 != 4 {
				t.Errorf("%s: the visitor is logged out: %d", name, status)
			}
		}
		if n := strings.Count(b.log.String(), "verdict=allowed"); n != audited {
			t.Errorf("%d requests of a page of another site were allowed", n-audited)
		}
		client := b.dial(browser)
		if _, err := client.Channel("private-orders").Subscribe(within(t)); err != nil {
			t.Errorf("the session is gone: %v", err)
		}
	})
}

// The page of an allowed origin asks before it posts, and may read the answer.
func TestCORS(t *testing.T) {
	onEach(t, func(t *testing.T, b *backend) {
		browser := b.browser()
		b.logIn(browser, "alice", "wonderland")
		preflight := func(origin string) (int, http.Header) {
			return b.send(b.browser(), "OPTIONS", "/auth", "", http.Header{ // a preflight has no cookies
				"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type"},
			})
		}
		status, answer := preflight(page)
		if status != http.StatusNoContent || answer.Get("Access-Control-Allow-Origin") != page ||
			answer.Get("Access-Control-Allow-Credentials") != "true" || answer.Get("Access-Control-Allow-Headers") != "content-type" {
			t.Errorf("preflight: %d %v", status, answer)
		}
		if status, answer := preflight("https://evil.example"); status == http.StatusNoContent || answer.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("preflight of another page: %d %v", status, answer)
		}
		status, answer = b.send(browser, "POST", "/auth", `{"socket_id":"1","channel_name":"private-orders"}`, http.Header{
			"Content-Type": {"application/json"}, "Origin": {page}, "Sec-Fetch-Site": {"same-site"},
		})
		if status != http.StatusOK || answer.Get("Access-Control-Allow-Origin") != page || answer.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("post: %d %v", status, answer)
		}
	})
}

// Somebody with many tabs open, each of which wants all channels at once: more than the limit lets
// through. All of them get in, later.
func TestRateLimit(t *testing.T) {
	onEach(t, func(t *testing.T, b *backend) {
		browser := b.browser()
		b.logIn(browser, "alice", "wonderland")
		b.openTabs(browser)
		if b.refusedForTheLimit() == 0 {
			t.Error("nothing met the limit")
		}
	})
}

// One request for all channels of a tab is within the limit, and each channel is in the log.
func TestBatchIsWithinTheLimit(t *testing.T) {
	onEach(t, func(t *testing.T, b *backend) {
		browser := b.browser()
		b.logIn(browser, "alice", "wonderland")
		b.openTabs(browser, auth.WithBatch(10*time.Second, len(aliceMayJoin)))
		if n := b.refusedForTheLimit(); n != 0 {
			t.Errorf("%d requests met the limit", n)
		}
		for _, name := range aliceMayJoin {
			line := "decision.verdict=allowed decision.channel=" + name + " decision.user=alice"
			if n := strings.Count(b.log.String(), line); n != tabs {
				t.Errorf("%d lines about %s, want %d", n, name, tabs)
			}
		}
	})
}

// tabs is how many tabs somebody has open, and aliceMayJoin what each of hers wants.
const tabs = 4

var aliceMayJoin = []string{"private-orders", "presence-orders", "private-lobby", "presence-lobby", "private-user-alice"}

// openTabs opens alice's tabs, and returns once all have all channels.
func (b *backend) openTabs(browser *http.Client, opts ...auth.EndpointOption) {
	b.t.Helper()
	var streams []*rtx.Stream[int]
	for range tabs {
		client, group := b.dial(browser, opts...), rtx.NewGroup()
		for _, name := range aliceMayJoin {
			if err := group.Add(client.Channel(name)); err != nil {
				b.t.Fatal(err)
			}
		}
		streams = append(streams, rtx.On[int](b.t.Context(), group, "e"))
	}
	for _, s := range streams {
		if err := s.Ready(within(b.t)); err != nil {
			b.t.Fatal(err)
		}
	}
}
