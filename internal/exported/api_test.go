package exported_test

import (
	"flag"
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/exported"
)

var update = flag.Bool("update", false, "write the files in api anew")

// packages are those for users.
var packages = []string{"rtx", "rtx/auth", "rtx/flow", "rtx/mirror", "rtx/presence", "rtx/record", "rtx/transport", "rtxtest"}

// What the packages export stands in the folder api, a file for each package, so that a change of
// it is seen in review.
func TestAPI(t *testing.T) {
	for _, pkg := range packages {
		lines, err := exported.API(filepath.Join("../..", pkg), oldest)
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) < 10 {
			t.Errorf("%s exports %d things", pkg, len(lines))
		}
		check(t, pkg, strings.ReplaceAll(pkg, "/", "-"), lines)
	}
	if t.Failed() {
		t.Error("if that is meant: go test ./internal/exported -update")
	}
}

// oldest is the minor version of go.mod.
const oldest = 26

// What package flow exports beside that with Go 1.27 stands in a file of its own. It takes that
// version to read it.
func TestNewerAPI(t *testing.T) {
	if !slices.Contains(build.Default.ReleaseTags, "go1.27") {
		t.Skip("needs Go 1.27: GOTOOLCHAIN=go1.27.3 go test ./internal/exported")
	}
	older, err := exported.API("../../rtx/flow", oldest)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := exported.API("../../rtx/flow", 27)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "rtx/flow", "rtx-flow-go1.27", slices.DeleteFunc(lines, func(line string) bool { return slices.Contains(older, line) }))
	if t.Failed() {
		t.Error("if that is meant: GOTOOLCHAIN=go1.27.3 go test ./internal/exported -update")
	}
}

func check(t *testing.T, pkg, file string, lines []string) {
	t.Helper()
	path := filepath.Join("../../api", file+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	written := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for _, line := range lines {
		if !slices.Contains(written, line) {
			t.Errorf("%s: new: %s", pkg, line)
		}
	}
	for _, line := range written {
		if !slices.Contains(lines, line) {
			t.Errorf("%s: gone: %s", pkg, line)
		}
	}
}
