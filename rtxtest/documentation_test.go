package rtxtest_test

import (
	"os"
	"strings"
	"testing"
)

// TestDocumentation checks that the test in the package's documentation is one that passes, and is
// short.
func TestDocumentation(t *testing.T) {
	source, err := os.ReadFile("outage_test.go")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, ok := strings.Cut(string(source), "\nfunc TestOrders")
	if !ok {
		t.Fatal("no test to document")
	}
	lines := strings.Split(strings.TrimSpace("func TestOrders"+body), "\n")
	if len(lines) >= 25 {
		t.Errorf("%d lines, want fewer than 25", len(lines))
	}
	for i, line := range lines {
		lines[i] = "//\t" + line
		if line == "" {
			lines[i] = "//"
		}
	}
	if !strings.Contains(string(doc), strings.Join(lines, "\n")) {
		t.Error("doc.go does not have the test of outage_test.go")
	}
}
