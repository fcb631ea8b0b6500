// Package prometheus runs a real Prometheus on the machine, for tests of what it makes of our
// metrics.
package prometheus

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Find returns where Prometheus or its promtool is. Where it is not, the test is skipped, or fails
// if REALTIMEX_REQUIRE_PROMETHEUS=1 is in the environment, as in CI.
func Find(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	reason := name + " is not on PATH: on Debian, apt-get install prometheus"
	if os.Getenv("REALTIMEX_REQUIRE_PROMETHEUS") == "1" {
		t.Fatal("REALTIMEX_REQUIRE_PROMETHEUS=1, but " + reason)
	}
	t.Skip(reason)
	return ""
}

// Run starts a Prometheus that ends with the test. It skips as Find does. The Config's Dir is set.
func Run(t testing.TB, cfg Config) *Server {
	t.Helper()
	path := Find(t, "prometheus")
	cfg.Dir = t.TempDir()
	s, err := Start(t.Context(), path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// awaitTimeout bounds Await. It is far above what a loaded machine needs.
const awaitTimeout = 30 * time.Second

// Await asks until the expression gives at least one series, such as one that meets a comparison,
// and returns the answer. It fails the test after 30 s.
func (s *Server) Await(t testing.TB, expression string) []Series {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), awaitTimeout)
	defer cancel()
	for {
		found, err := s.Query(ctx, expression)
		switch {
		case ctx.Err() != nil:
			t.Fatalf("not so within %v: %s", awaitTimeout, expression)
		case err != nil:
			t.Fatal(err)
		case len(found) > 0:
			return found
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// String returns the series as Prometheus writes it, without its name.
func (s Series) String() string { return fmt.Sprint(s.Labels, " ", s.Value.Value) }
