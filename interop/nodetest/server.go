package nodetest

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Server is a RealtimeX server on the real socket.io, in a process of its own. One goroutine may
// use it at a time, except for URL, Key, Secret and AuthEndpoint.
type Server struct {
	t     testing.TB
	flags []string
	port  int
	child *child // nil while it is down
}

// StartServer starts a server on a free port and returns once it listens. It ends with the test.
func StartServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	Skip(t)
	var c config
	for _, opt := range opts {
		opt(&c)
	}
	s := &Server{t: t, flags: c.flags}
	t.Cleanup(func() {
		s.Stop()
	})
	for attempt := 1; ; attempt++ {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		if err = s.start(port); err == nil {
			return s
		}
		// Another process may have taken the port in the meantime.
		if attempt == 5 || !strings.Contains(err.Error(), "EADDRINUSE") {
			t.Fatal(err)
		}
	}
}

func (s *Server) start(port int) error {
	dir, err := folder()
	if err != nil {
		return err
	}
	// The options come last: the flag that comes last wins, so that Port overrides the port chosen
	// here.
	args := append([]string{filepath.Join(dir, "server", "main.mjs"), fmt.Sprintf("--port=%d", port)}, s.flags...)
	c, err := startChild(nil, "node", args...)
	if err != nil {
		return err
	}
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case line := <-c.lines:
		if text, ok := strings.CutPrefix(string(line), "listening "); ok {
			if s.port, err = strconv.Atoi(text); err == nil {
				s.child = c
				return nil
			}
		}
	case <-timer.C:
	}
	c.stop()
	return fmt.Errorf("the socket.io server did not start: %s", strings.TrimSpace(c.stderr.String()))
}

// URL is the server's base URL, http://127.0.0.1:port. It stays the same over Restart.
func (s *Server) URL() string { return fmt.Sprintf("http://%s", s.Addr()) }

// Addr is the server's address, 127.0.0.1:port.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Key is the API key that the server accepts.
func (s *Server) Key() string { return "interop-key" }

// Secret is the app secret that the server checks signatures with.
func (s *Server) Secret() string { return "interop-secret" }

// AuthEndpoint is a backend on the server's own port that signs whatever it is asked. A presence
// request without user data gets the member that the endpoint's query tells
// (?user_id=ann&name=Ann), or else one whose user_id is the socket id.
func (s *Server) AuthEndpoint() string { return s.URL() + "/dev/auth" }

// Kill ends the server with SIGKILL: every link breaks without a farewell, and all its memory is
// gone.
func (s *Server) Kill() {
	if s.child != nil {
		s.child.kill()
		s.ended()
	}
}

// Stop lets the server exit by itself. Links break as they do at any process's end; nothing is sent
// first.
func (s *Server) Stop() {
	if s.child != nil {
		s.child.stop()
		s.ended()
	}
}

func (s *Server) ended() {
	s.child.logOnFailure(s.t, "the socket.io server")
	s.child = nil
}

// Restart kills the server if it is up, and starts it anew on the same port, with the same options
// and an empty memory.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.start(s.port); err != nil {
		s.t.Fatal(err)
	}
}
