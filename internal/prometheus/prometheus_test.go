package prometheus_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestQueries(t *testing.T) {
	s := prometheus.Run(t, prometheus.Config{Interval: time.Second})
	if found := s.Await(t, "vector(2.5)"); len(found) != 1 || found[0].Value.Value != 2.5 || time.Since(found[0].Value.At).Abs() > time.Minute {
		t.Errorf("got %v", found)
	}
	now := time.Now()
	found, err := s.QueryRange(t.Context(), "vector(1)", now.Add(-time.Minute), now, 20*time.Second)
	if err != nil || len(found) != 1 || len(found[0].Samples) != 4 || found[0].Samples[3].Value != 1 {
		t.Errorf("got %v, %v", found, err)
	}
	for query, want := range map[string]string{"sum(": "parse error", "1": "the result is a scalar"} {
		if _, err := s.Query(t.Context(), query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", query, err)
		}
	}
}

// What ends instead of listening is an error with its last line.
func TestStartFails(t *testing.T) {
	path, err := exec.LookPath("ls") // knows none of the options
	if err != nil {
		t.Skip(err)
	}
	_, err = prometheus.Start(t.Context(), path, prometheus.Config{Interval: time.Second, Dir: t.TempDir()})
	if err == nil || !strings.HasPrefix(err.Error(), "prometheus: it ended: ") {
		t.Errorf("error %v", err)
	}
}
