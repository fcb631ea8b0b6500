package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var updateGolden = flag.Bool("update", false, "write the files in testdata anew that tests compare with")

// goldenFile compares what was printed with a file in testdata.
func goldenFile(t *testing.T, name string, lines []string) {
	t.Helper()
	path, got := filepath.Join("testdata", name), strings.Join(lines, "\n")+"\n"
	if *updateGolden {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s, if that is meant: go test ./cmd/rtx -run '^%s$' -update\ngot\n%s\nwant\n%s", path, t.Name(), got, want)
	}
}
