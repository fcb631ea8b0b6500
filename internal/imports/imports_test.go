// Package imports holds the test that keeps imports going one way.
package imports

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/realtimex/realtimex-go/"

// allowed is the picture in docs/architecture.md: what each package may import of ours, in code
// that is not a test.
var allowed = map[string][]string{
	"rtx/presence":        {"rtx", "internal/observe"},
	"rtx/flow":            {"rtx"},
	"rtx/mirror":          {"rtx"},
	"rtx":                 {"internal/advice", "internal/core", "internal/observe", "internal/redact", "internal/stream", "internal/engineio", "internal/plain", "rtx/auth", "rtx/transport"},
	"rtx/auth":            {"internal/redact"},
	"rtx/transport":       {"internal/engineio", "internal/redact"},
	"rtx/record":          {"internal/engineio", "internal/redact", "rtx/transport"},
	"internal/engineio":   {},
	"internal/plain":      {"internal/engineio"},
	"internal/stream":     {},
	"internal/observe":    {},
	"internal/core":       {},
	"internal/redact":     {},
	"internal/advice":     {"rtx/transport", "internal/redact"},
	"rtxtest":             {"internal/testserver", "rtx/auth"},
	"internal/testserver": {"rtx/auth", "rtx/record", "rtx/transport", "internal/engineio", "internal/sioserver"},
	"internal/sioserver":  {"internal/engineio"},
	"internal/echoserver": {"internal/sioserver"},
}

// dependencies are the modules that the core may need in code that is not a test.
var dependencies = []string{
	"github.com/coder/websocket", "golang.org/x/sync", "github.com/cenkalti/backoff/v4", "github.com/go-json-experiment/json",
}

func TestImportsGoOneWay(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./rtx/...", "./rtxtest/...", "./internal/...")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		may, known := allowed[name]
		if !known {
			continue // a package of tests
		}
		seen++
		for _, imported := range p.Imports {
			ours, isOurs := strings.CutPrefix(imported, module)
			switch {
			case isOurs && !slices.Contains(may, ours):
				t.Errorf("%s imports %s, against the picture", name, ours)
			case !isOurs && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") && !dependency(imported):
				t.Errorf("%s imports %s, which is no dependency of the core", name, imported)
			}
		}
	}
	if seen != len(allowed) {
		t.Errorf("saw %d of the picture's %d packages", seen, len(allowed))
	}
}

func dependency(path string) bool {
	return slices.ContainsFunc(dependencies, func(d string) bool { return path == d || strings.HasPrefix(path, d+"/") })
}
