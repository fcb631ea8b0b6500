package nodetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Available reports whether Node and the npm packages are there. If not, reason says what is
// missing and what to run.
func Available() (reason string, ok bool) {
	if _, err := exec.LookPath("node"); err != nil {
		return "node is not on PATH: install Node 20 or later, then run `npm ci` in interop/", false
	}
	dir, err := folder()
	if err != nil {
		return err.Error(), false
	}
	for _, name := range []string{"socket.io", "socket.io-client", "realtimex-js", "pusher-js", "pusher-js-auth"} {
		if _, err := os.Stat(filepath.Join(dir, "node_modules", name, "package.json")); err != nil {
			return fmt.Sprintf("npm package %s is not installed: run `npm ci` in %s", name, dir), false
		}
	}
	return "", true
}

// Skip skips the test where Node or the npm packages are missing and in -short mode, and says what
// to run. With REALTIMEX_REQUIRE_NODE=1 in the environment, as in CI, missing parts fail the test
// instead.
func Skip(t testing.TB) {
	t.Helper()
	required := os.Getenv("REALTIMEX_REQUIRE_NODE") == "1"
	if reason, ok := Available(); !ok {
		if required {
			t.Fatal("REALTIMEX_REQUIRE_NODE=1, but " + reason)
		}
		t.Skip(reason)
	}
	if testing.Short() && !required {
		t.Skip("starts Node: not in -short mode")
	}
}

// folder finds interop/ from the working directory, which in a test is the package's own, upwards.
func folder() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		candidate := filepath.Join(dir, "interop")
		if _, err := os.Stat(filepath.Join(candidate, "server", "main.mjs")); err == nil {
			return candidate, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no interop folder in %s or above it", start)
		}
	}
}
