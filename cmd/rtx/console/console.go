// Package console serves the console of rtx serve: one page that shows what happens on a server and
// makes it fail, and a REST face under /api/v1 for tests in any language, which openapi.yaml
// describes.
//
// A browser and a test know the console by a token, which is the bearer in the Authorization header
// of each request to the API. The page itself holds no secret and needs no token: it takes it from
// the fragment of the URL that was opened, which browsers don't send.
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/internal/sioserver"
	"github.com/realtimex/realtimex-go/internal/testserver"
)

// minToken is the shortest token that New takes, in bytes.
const minToken = 16

// Config is what a Console is made of. All fields but Hosts are required.
type Config struct {
	Server *testserver.Server
	Feed   *Feed  // the observer of Server
	Secret string // of the app, to check signatures with; never shown
	Token  string // what requests to the API must have: at least 16 bytes
	Addr   string // what the console listens on
	Hosts  []string
}

// A Console is the page and the API. [New] makes one. Its methods may be called concurrently.
type Console struct {
	server *testserver.Server
	feed   *Feed
	secret []byte
	token  tokenSum
	gate   sioserver.Gate
	life   context.Context // ends with Serve: streams and waits end then
	end    context.CancelFunc

	streams, waits slots
}

// New returns a console. The error names the field of c that can't be used.
func New(c Config) (*Console, error) {
	if len(c.Token) < minToken {
		return nil, fmt.Errorf("token: shorter than %d bytes", minToken)
	}
	console := &Console{
		server: c.Server, feed: c.Feed, secret: []byte(c.Secret), token: sumToken(c.Token),
		streams: newSlots(maxStreams), waits: newSlots(maxWaits),
	}
	console.life, console.end = context.WithCancel(context.Background()) //nolint:forbidigo // Serve ends it
	console.gate.Listens(c.Addr)
	for _, name := range c.Hosts {
		if err := console.gate.AllowHost(name); err != nil {
			return nil, fmt.Errorf("host: %w", err)
		}
	}
	return console, nil
}

// Serve answers on the listener until the context ends, and then finishes what is under way for at
// most grace. It returns when no goroutine of its is left, and is called once. It closes the
// listener.
func (c *Console) Serve(ctx context.Context, listener net.Listener, grace time.Duration) error {
	server := &http.Server{
		Handler:           c.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // what a browser breaks off is no fault
	}
	var serving sync.WaitGroup
	served := make(chan error, 1)
	serving.Go(func() { served <- server.Serve(listener) })
	defer serving.Wait()
	defer c.end()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	c.end()
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) { // somebody is slow: that is no failure
		err = server.Close()
	}
	return err
}

// Handler returns the page and the API, behind the checks of every request.
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range c.routes() {
		mux.Handle(r.method+" "+r.path, c.withToken(r.handle))
	}
	mux.Handle("/api/", c.withToken(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, "not_found", "no such path or method: GET /api/v1/openapi.yaml has all")
	}))
	mux.Handle("/", page())
	gated := c.gate.Wrap(mux, func(w http.ResponseWriter, why string) {
		fail(w, http.StatusForbidden, "forbidden", why)
	})
	return withHeaders(sioserver.BoundBodies(gated))
}
