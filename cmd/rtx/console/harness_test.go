package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testToken  = "0123456789abcdef-token"
	testSecret = "a-secret-of-our-own"
	testKey    = "a-key-of-our-own"
)

// A bed is a console on a server of its own.
type bed struct {
	*testing.T
	*Console
	web *httptest.Server
}

func newBed(t *testing.T) *bed {
	t.Helper()
	feed := NewFeed()
	server := testserver.NewServer(t, testserver.WithObserver(feed.Observe), testserver.WithRecovery(time.Minute),
		testserver.WithKey(testKey), testserver.WithSecret(testSecret))
	c, err := New(Config{Server: server, Feed: feed, Secret: testSecret, Token: testToken, Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(c.Handler())
	t.Cleanup(func() {
		c.end()
		web.Close()
	})
	return &bed{t, c, web}
}

// A question is one request to the console. It has the token, and says that it is JSON, unless the
// header says otherwise; a header of "" is left out.
type question struct {
	method, path, body, host string
	header                   map[string]string
}

func (b *bed) request(q question) *http.Request {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), q.method, b.web.URL+q.path, strings.NewReader(q.body))
	if err != nil {
		b.Fatal(err)
	}
	r.Host = q.host
	r.Header.Set("Authorization", "Bearer "+testToken)
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	return r
}

// client keeps no connection, which a leak check would find.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func (b *bed) ask(q question) (status int, header http.Header, body string) {
	b.Helper()
	response, err := client.Do(b.request(q))
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

// call asks the API under /api/v1, and fails the test unless the answer has that status.
func (b *bed) call(method, path, body string, status int) map[string]any {
	b.Helper()
	got, _, text := b.ask(question{method: method, path: "/api/v1/" + path, body: body})
	if got != status {
		b.Fatalf("%s %s %s: %d %s", method, path, body, got, text)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		b.Fatal(text, err)
	}
	return answer
}

// connect connects a client of this library until the test's end.
func (b *bed) connect(user string, channels ...string) *rtx.Client {
	b.Helper()
	c, err := rtx.Dial(b.Context(), testKey, rtx.WithURL(b.server.URL()), rtx.WithAuthEndpoint(b.server.AuthEndpoint()),
		rtx.WithUserData(map[string]any{"user_id": user}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	for _, name := range channels {
		if err := rtx.On[rtx.Message[json.RawMessage]](b.Context(), c.Channel(name), "*").Ready(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

func (b *bed) published() int { return b.server.Stats().Published }

// serveBare has the handler answer a POST in a bubble, without a network, and returns the status.
func serveBare(t *testing.T, c *Console, path, body string) int {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/"+path, strings.NewReader(body))
	r.Host = "localhost"
	r.Header.Set("Authorization", "Bearer "+testToken)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, r)
	return w.Code
}

// hmacOf is a signature as any backend makes it.
func hmacOf(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
