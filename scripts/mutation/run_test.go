package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The list must be true of the tree as it stands. Who changes the shape of a function brings its mutations along.
func TestListIsTrue(t *testing.T) {
	names := make(map[string]bool)
	for _, m := range list {
		if names[m.name] {
			t.Errorf("two mutations are called %q", m.name)
		}
		names[m.name] = true
		if _, _, _, err := m.apply("../.."); err != nil {
			t.Error(err)
		}
	}
}

// shapes is a module of its own with testdata/shapes in it.
func shapes(t *testing.T) (root string) {
	root = t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "shapes"), os.DirFS("testdata/shapes")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module shapes.test\n\ngo 1.26\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOWORK", "off")
	return root
}

func TestTry(t *testing.T) {
	root := shapes(t)
	path := filepath.Join(root, "shapes", "shapes.go")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		m       mutation
		by, err string
	}{
		{"caught", mutation{do: never("n < 0")}, "TestTake", ""},
		{"caught by the second", mutation{do: never("n < 0"), tests: []tests{{pkg: "shapes", run: "^$"}, {pkg: "shapes"}}}, "TestTake", ""},
		{"survives", mutation{do: drop("b.note(__)")}, "", ""},
		{"hangs", mutation{do: first("select {}"), tests: []tests{{pkg: "shapes", limit: time.Second}}}, "TestTake", ""},
		{"panics", mutation{do: first(`panic("out")`)}, "TestTake", ""},
		{"ends the process", mutation{do: first("println(1 / (n - n))")}, "TestTake", ""},
		{"does not compile", mutation{do: drop("return true")}, "", "does not compile"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.m.name, tt.m.in, tt.m.fn = tt.name, "shapes", "box.take"
			r := try(t.Context(), root, tt.m)
			switch {
			case tt.err == "" && r.err != nil, tt.err != "" && (r.err == nil || !strings.Contains(r.err.Error(), tt.err)):
				t.Errorf("error %v, want %q", r.err, tt.err)
			case (r.by == "") != (tt.by == "") || !strings.HasPrefix(r.by, tt.by):
				t.Errorf("caught by %q, want %q", r.by, tt.by)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the file was not put back: %v", err)
			}
		})
	}
}

func TestFailingTestsWithoutMutationAreFound(t *testing.T) {
	root := shapes(t)
	code := "package shapes\n\nimport \"testing\"\n\nfunc TestBroken(t *testing.T) { t.Error(1) }\n"
	if err := os.WriteFile(filepath.Join(root, "shapes", "broken_test.go"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	trees := make(chan string, 1)
	trees <- root
	err := sound(t.Context(), trees, []mutation{{in: "shapes"}, {in: "shapes"}})
	if err == nil || err.Error() != "TestBroken in shapes fails without any mutation" {
		t.Errorf("error %v", err)
	}
}

func TestSummary(t *testing.T) {
	caught := result{by: "TestX"}
	survived := result{mutation: mutation{name: "s"}}
	proven := result{mutation: mutation{equivalent: "so"}}
	wrong := result{mutation: mutation{name: "w", equivalent: "so"}, by: "TestX"}
	if err := summary([]result{caught, proven}); err != nil {
		t.Error(err)
	}
	for _, bad := range []result{survived, wrong} {
		if err := summary([]result{caught, bad}); err == nil || !strings.Contains(err.Error(), bad.name) {
			t.Errorf("%v: error %v", bad, err)
		}
	}
}

func TestPick(t *testing.T) {
	names := func(ms []mutation) (names []string) {
		for _, m := range ms {
			names = append(names, m.name)
		}
		return names
	}
	monday, again := names(pick(list, 6, "monday")), names(pick(list, 6, "monday"))
	if len(monday) != 6 || !slices.Equal(monday, again) {
		t.Errorf("%q and %q by one seed", monday, again)
	}
	if tuesday := names(pick(list, 6, "tuesday")); slices.Equal(monday, tuesday) {
		t.Errorf("%q by every seed", monday)
	}
	if all := pick(list, len(list)+1, ""); len(all) != len(list) {
		t.Errorf("%d of %d", len(all), len(list))
	}
}
