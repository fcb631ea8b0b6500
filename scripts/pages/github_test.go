package pages

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each module, and each folder with npm packages, is in dependabot.yml, and nothing else is.
func TestDependabotKnowsEachModule(t *testing.T) {
	text, err := read(root, ".github/dependabot.yml")
	if err != nil {
		t.Fatal(err)
	}
	var named, there []string
	for _, m := range regexp.MustCompile(`(?m)^ {6}- /(\S*)$`).FindAllStringSubmatch(text, -1) {
		named = append(named, path.Join(".", m[1]))
	}
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.Name() == "go.mod", d.Name() == "package.json":
			there = append(there, path.Dir(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(named)
	slices.Sort(there)
	if len(there) < 10 || !slices.Equal(named, there) {
		t.Errorf("dependabot.yml has %q, want %q", named, there)
	}
}

// Each label that a form or dependabot.yml gives is in labels.yml, with what it means.
func TestLabels(t *testing.T) {
	text, err := read(root, ".github/labels.yml")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, m := range regexp.MustCompile(`(?m)^- name: (.+)\n  color: "?[0-9a-f]{6}"?\n  description: .{10,100}$`).FindAllStringSubmatch(text, -1) {
		known = append(known, m[1])
	}
	if n := strings.Count(text, "- name:"); len(known) != n {
		t.Errorf("%d of %d labels have a name, a colour and a meaning of at most 100 letters: %q", len(known), n, known)
	}
	given := []string{"good first issue"} // docs/good-first-issues.md
	forms, err := fs.Glob(root, ".github/ISSUE_TEMPLATE/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(forms, ".github/dependabot.yml") {
		text, err := read(root, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^ *labels: \[(.+)\]$`).FindAllStringSubmatch(text, -1) {
			given = append(given, strings.Split(m[1], ", ")...)
		}
	}
	if len(given) < 4 {
		t.Errorf("labels that are given: %q", given)
	}
	for _, label := range given {
		if !slices.Contains(known, label) {
			t.Errorf("the label %q is not in labels.yml", label)
		}
	}
}

// CODEOWNERS names teams, and places that are there.
func TestCodeOwners(t *testing.T) {
	text, err := read(root, ".github/CODEOWNERS")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		n++
		if place := strings.Trim(fields[0], "/"); place != "*" && inside(root, place, "") != "" {
			t.Errorf("there is no %s", fields[0])
		}
		for _, owner := range fields[1:] {
			if !regexp.MustCompile(`^@realtimex/[a-z-]+$`).MatchString(owner) {
				t.Errorf("%s is no team", owner)
			}
		}
		if len(fields) < 2 {
			t.Errorf("%s has no owner", fields[0])
		}
	}
	if n < 2 {
		t.Errorf("%d rules", n)
	}
}

// A tag can be moved, a hash can't. The version beside it tells Dependabot and people what it is.
func TestActionsArePinned(t *testing.T) {
	files, err := fs.Glob(root, ".github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("workflows: %q, %v", files, err)
	}
	pinned := regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, file := range files {
		text, err := read(root, file)
		if err != nil {
			t.Fatal(err)
		}
		uses := regexp.MustCompile(`(?m)uses:\s*(.*)$`).FindAllStringSubmatch(text, -1)
		if len(uses) == 0 {
			t.Errorf("%s uses no action", file)
		}
		for _, m := range uses {
			if !pinned.MatchString(m[1]) {
				t.Errorf("%s: %q is not pinned to a hash with its version", file, m[1])
			}
		}
	}
}
