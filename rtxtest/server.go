package rtxtest

import (
	"net/http"
	"testing"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A Server is a RealtimeX server in this process. [NewServer], [NewPipeServer] and [Start] make
// one; the methods of the zero Server panic. Its methods may be called concurrently. Those whose
// names begin with Wait may end the test, so only the test's own goroutine may call them.
type Server struct {
	tb    helper
	inner *testserver.Server
}

// helper is what a method needs so that a failure is reported on the line that called it.
type helper interface{ Helper() }

type noTest struct{}

func (noTest) Helper() {}

// NewServer starts a server on a free port of 127.0.0.1 and closes it when the test ends. A bad
// option fails the test.
func NewServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	return &Server{t, testserver.NewServer(t, unwrap(opts)...)}
}

// NewPipeServer starts a server whose connections are pipes in memory, and closes it when the test
// ends. A client reaches it by [Server.HTTPClient] only. It works in a testing/synctest bubble, on
// the bubble's clock; there, call [Server.Close] before the bubble's function returns. A bad option
// fails the test.
func NewPipeServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	return &Server{t, testserver.NewPipeServer(t, unwrap(opts)...)}
}

// Start starts a server on a free port of 127.0.0.1 for a program that has no test. The caller
// closes it. The error names a bad option, or says why no port could be opened.
func Start(opts ...Option) (*Server, error) {
	inner, err := testserver.Start(unwrap(opts)...)
	if err != nil {
		return nil, err
	}
	return &Server{noTest{}, inner}, nil
}

// Close ends every connection and stops the server. It returns when all of the server's goroutines
// have ended. It may be called more than once.
func (s *Server) Close() { s.inner.Close() }

// URL returns the server's address, such as "http://127.0.0.1:41234", for rtx.WithURL. Only
// [Server.HTTPClient] reaches a server made by [NewPipeServer].
func (s *Server) URL() string { return s.inner.URL() }

// Key returns the API key that clients must have. See [WithKey].
func (s *Server) Key() string { return s.inner.Key() }

// Signer returns what signs subscriptions with the server's key and secret, for a test of your own
// auth backend. See [WithSecret].
func (s *Server) Signer() *auth.Signer { return s.inner.Signer() }

// HTTPClient returns an HTTP client that reaches the server and its auth backend, for
// rtx.WithHTTPClient. A server made by [NewPipeServer] can be reached with this client only, other
// servers with any. Close closes its idle connections.
func (s *Server) HTTPClient() *http.Client { return s.inner.HTTPClient() }
