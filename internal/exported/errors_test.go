package exported_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/exported"
)

var (
	sentinel  = regexp.MustCompile(`^var (Err\w+)$`)
	errorType = regexp.MustCompile(`^method \((\*?\w+)(?:\[\w+\])?\) Error\(\) string$`)
	row       = regexp.MustCompile("^\\| `([^`]+)` \\| .+ \\| .+ \\|$")
)

// docs/errors.md has each error that a package exports under the package's name, and no other.
func TestErrorsAreDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string][]string)
	section := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## "); ok {
			section = name
		} else if m := row.FindStringSubmatch(line); m != nil && section != "" {
			documented[section] = append(documented[section], m[1])
		}
	}
	for _, pkg := range packages {
		lines, err := exported.API(filepath.Join("../..", pkg), oldest)
		if err != nil {
			t.Fatal(err)
		}
		var errors []string
		for _, line := range lines {
			for _, re := range []*regexp.Regexp{sentinel, errorType} {
				if m := re.FindStringSubmatch(line); m != nil {
					errors = append(errors, m[1])
				}
			}
		}
		for _, name := range errors {
			if !slices.Contains(documented[pkg], name) {
				t.Errorf("%s: %s is not in docs/errors.md", pkg, name)
			}
		}
		for _, name := range documented[pkg] {
			if !slices.Contains(errors, name) {
				t.Errorf("%s: docs/errors.md has %s, which is not exported", pkg, name)
			}
		}
		delete(documented, pkg)
	}
	for pkg := range documented {
		t.Errorf("docs/errors.md has the errors of %s, which is not looked at", pkg)
	}
}
