package rtxprom_test

import (
	"os/exec"
	"testing"

	"github.com/realtimex/realtimex-go/internal/prometheus"
)

// The rules are what promtool takes for rules, and do with made-up series what they should: see
// testdata/alerts_test.yml.
func TestRules(t *testing.T) {
	promtool := prometheus.Find(t, "promtool")
	for _, args := range [][]string{
		{"check", "rules", "alerts.yml"},
		{"test", "rules", "testdata/alerts_test.yml"},
	} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}
