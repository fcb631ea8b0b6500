package nodetest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// StartRedis starts a redis-server without persistence on a free port and gives its URL, for
// [Redis]. It ends with the test. Where redis-server is absent the test skips, or fails if
// REALTIMEX_REQUIRE_REDIS=1 is in the environment, as in CI.
func StartRedis(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		const reason = "redis-server is not on PATH: on Debian, apt-get install redis-server"
		if os.Getenv("REALTIMEX_REQUIRE_REDIS") == "1" {
			t.Fatal("REALTIMEX_REQUIRE_REDIS=1, but " + reason)
		}
		t.Skip(reason)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	// Redis does not watch its standard input; the shell does it in its stead.
	const script = `"$0" --port "$1" --bind 127.0.0.1 --save '' --appendonly no --dir /tmp & pid=$!; cat >/dev/null; kill -9 $pid`
	c, err := startChild(nil, "sh", "-c", script, path, fmt.Sprint(port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				t.Fatalf("redis-server ended: %s", c.stderr.String())
			}
			if bytes.Contains(line, []byte("Ready to accept connections")) {
				return fmt.Sprintf("redis://127.0.0.1:%d", port)
			}
			if bytes.Contains(line, []byte("Address already in use")) {
				t.Fatalf("redis-server: %s", line)
			}
		case <-timer.C:
			t.Fatal("redis-server is not ready")
		}
	}
}
