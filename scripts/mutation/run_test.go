package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The list must be true of the tree as it stands. Who changes the shape of a function brings its
// mutations along.
func TestListIsTrue(t *testing.T) {
	names, packages := make(map[string]bool), make(map[string]pkg)
	for _, m := range list {
		if names[m.name] {
			t.Errorf("two mutations are called %q", m.name)
		}
		names[m.name] = true
		if packages[m.in] == nil {
			var err error
			if packages[m.in], err = load("../..", m.in); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, _, err := m.applyTo(packages[m.in]); err != nil {
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
	work := newBench(root, t.TempDir())
	work.more = time.Second
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
		{"hangs", mutation{do: first("select {}")}, "TestTake", ""},
		{"panics", mutation{do: first(`panic("out")`)}, "TestTake", ""},
		{"ends the process", mutation{do: first("println(1 / (n - n))")}, "TestTake", ""},
		{"does not compile", mutation{do: drop("return true")}, "", "does not compile"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.m.name, tt.m.in, tt.m.fn = tt.name, "shapes", "box.take"
			r := work.try(t.Context(), tt.m)
			switch {
			case tt.err == "" && r.err != nil, tt.err != "" && (r.err == nil || !strings.Contains(r.err.Error(), tt.err)):
				t.Errorf("error %v, want %q", r.err, tt.err)
			case (r.by == "") != (tt.by == "") || !strings.HasPrefix(r.by, tt.by):
				t.Errorf("caught by %q, want %q", r.by, tt.by)
			case r.hung != (tt.name == "hangs"):
				t.Errorf("hung: %t", r.hung)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the file was changed: %v", err)
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
	r := newBench(root, t.TempDir()).try(t.Context(), mutation{name: "m", in: "shapes", fn: "box.take", do: never("n < 0")})
	err := r.err
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

func TestEachLeavesOutWhatIsPassedOver(t *testing.T) {
	got := each(2, []int{1, 2, 3, 4}, func(n int) (int, bool) { return 10 * n, n != 2 })
	if !slices.Equal(got, []int{10, 30, 40}) {
		t.Errorf("%d", got)
	}
}

const script = "a script from top to bottom, whose test compares what it prints"

// unbroken is the packages without mutations, and why.
var unbroken = map[string]string{
	"internal/observe":    "types only",
	"internal/race":       "a constant",
	"internal/exported":   "what tests leave out without it, they fail for",
	"internal/prometheus": "the driver of a Prometheus: what it does not see, its tests fail for",
	"tools/modproxy":      "its module is not in the workspace that is broken; its tests hold it against the go command",
	"examples/dashboard":  script,
	"examples/join":       script,
	"examples/guide":      script,
	"examples/migrated":   script,
	"examples/orderbook":  script,
	"examples/pipeline":   script,
	"examples/presence":   script,
	"examples/quickstart": script,
	"examples/reload":     script,
	"examples/rill":       script,
	"examples/ro":         script,
	"examples/selectloop": script,
	"examples/sensors":    script,
	"examples/shutdown":   script,
	"examples/sink":       script,
	"examples/switchmap":  script,
	"examples/telemetry":  script,
	"examples/tls":        script,
	"examples/workers":    script,
}

// A package that has code of its own, beside its tests, has mutations.
func TestEveryPackageIsBroken(t *testing.T) {
	broken := make(map[string]bool)
	for _, m := range list {
		broken[m.in] = true
	}
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return nil
		}
		if path == "../.." {
			return nil
		}
		if strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata" {
			return filepath.SkipDir
		}
		dir := strings.TrimPrefix(filepath.ToSlash(path), "../../")
		p, _ := load("../..", dir)
		code := slices.ContainsFunc(p, func(f *file) bool { return len(f.tree.Decls) > 0 })
		switch {
		case code && !broken[dir] && unbroken[dir] == "":
			t.Errorf("%s has no mutation", dir)
		case unbroken[dir] != "" && (broken[dir] || !code):
			t.Errorf("%s is said to need none", dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Tests outside of the package are not compiled for the sake of one in it.
func TestUnusedTestsAreLeftOut(t *testing.T) {
	root := shapes(t)
	code := "package shapes_test\n\nimport \"testing\"\n\nfunc TestOutside(t *testing.T) { notThere() }\n"
	if err := os.WriteFile(filepath.Join(root, "shapes", "outside_test.go"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	m := mutation{name: "m", in: "shapes", fn: "box.take", do: never("n < 0"), by: "TestTake"}
	if r := newBench(root, t.TempDir()).try(t.Context(), m); !strings.HasPrefix(r.by, "TestTake") {
		t.Errorf("caught by %q, error %v", r.by, r.err)
	}
	m.by = "TestTake|TestOutside"
	if r := newBench(root, t.TempDir()).try(t.Context(), m); r.err == nil {
		t.Errorf("a test that does not compile is left out, and wanted; caught by %q", r.by)
	}
}
