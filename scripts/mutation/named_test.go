package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)

// Each test that a mutation names is there, or nothing would be run.
func TestNamedTestsExist(t *testing.T) {
	there := make(map[string][]string)
	for _, m := range list {
		for _, c := range m.checks() {
			if c.run == "" {
				continue
			}
			if there[c.pkg] == nil {
				there[c.pkg] = testsIn(t, filepath.Join("../..", c.pkg))
			}
			for _, name := range alternatives(c.run) {
				re := regexp.MustCompile(name)
				if !slices.ContainsFunc(there[c.pkg], re.MatchString) {
					t.Errorf("%s: %q: no test is called %s", m.in, m.name, name)
				}
			}
		}
	}
}

// alternatives are the parts of a pattern for tests, without subtests.
func alternatives(run string) []string {
	run, _, _ = strings.Cut(run, "/")
	if strings.ContainsAny(run, "()") {
		return []string{run}
	}
	return strings.Split(run, "|")
}

func testsIn(t *testing.T, dir string) (names []string) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(dir, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testFunc.FindAllSubmatch(b, -1) {
			names = append(names, string(m[1]))
		}
	}
	return names
}

// The README says how many mutations there are.
func TestReadmeTellsHowMany(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%d deliberate breakages", len(list)); !strings.Contains(strings.Join(strings.Fields(string(text)), " "), want) {
		t.Errorf("README.md does not say %q", want)
	}
}
