package contract

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/realtimex/realtimex-go/cmd/rtx/console"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "0123456789abcdef-token"

// A bed is a console on a server of its own.
type bed struct {
	*testing.T
	server *testserver.Server
	web    *httptest.Server
}

func newBed(t *testing.T) *bed {
	t.Helper()
	feed := console.NewFeed()
	server := testserver.NewServer(t, testserver.WithObserver(feed.Observe), testserver.WithRecovery(time.Minute))
	c, err := console.New(console.Config{Server: server, Feed: feed, Secret: testserver.DefaultSecret, Token: token, Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(c.Handler())
	t.Cleanup(web.Close)
	return &bed{t, server, web}
}

// A question is one request to the console, with the token. It says that its body is JSON, unless it
// has another kind.
type question struct{ method, path, body, kind string }

func get(path string) question { return question{method: "GET", path: "/api/v1/" + path} }
func post(path, body string) question {
	return question{method: "POST", path: "/api/v1/" + path, body: body}
}

func (b *bed) request(ctx context.Context, q question) *http.Request {
	b.Helper()
	r, err := http.NewRequestWithContext(ctx, q.method, b.web.URL+q.path, strings.NewReader(q.body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.kind != "" {
		r.Header.Set("Content-Type", q.kind)
	}
	return r
}

// client keeps no connection, which a leak check would find.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// connect connects a client of this library until the test's end.
func (b *bed) connect(channels ...string) {
	b.Helper()
	c, err := rtx.Dial(b.Context(), b.server.Key(), rtx.WithURL(b.server.URL()), rtx.WithAuthEndpoint(b.server.AuthEndpoint()),
		rtx.WithUserData(map[string]any{"user_id": "ann"}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	for _, name := range channels {
		if err := rtx.On[rtx.Message[json.RawMessage]](b.Context(), c.Channel(name), "*").Ready(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// fill has so many requests of a kind go on, and returns what ends them. One that finds no room, because
// somebody looks whether there is any, comes again.
func (b *bed) fill(q question, n int) (end func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				response, err := client.Do(b.request(ctx, q))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, response.Body) // until it ends
				response.Body.Close()
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}
