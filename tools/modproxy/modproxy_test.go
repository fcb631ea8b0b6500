package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// checkout is a repository with a core, a module that requires it, and one that requires both.
func checkout(t *testing.T, change map[string]string) string {
	t.Helper()
	files := map[string]string{
		"go.mod":             "module github.com/a/core\n\ngo 1.26.0\n",
		"core.go":            "package core\n\nfunc Answer() int { return 42 }\n",
		"LICENSE":            "MIT\n",
		".gitignore":         "*.log\n",
		"noise.log":          "not part of a module\n",
		"go.work":            "go 1.26.0\n\nuse (\n\t.\n\t./cmd/two\n\t./bridge\n\t./bench\n)\n\nreplace github.com/a/core v0.2.0 => ./\n\nreplace github.com/a/core/bridge v0.2.0 => ./bridge\n",
		"bridge/go.mod":      "module github.com/a/core/bridge\n\ngo 1.26.0\n\nrequire github.com/a/core v0.2.0\n",
		"bridge/go.sum":      "github.com/a/core v0.2.0 h1:stale=\n",
		"bridge/bridge.go":   "package bridge\n\nimport \"github.com/a/core\"\n\nvar Answer = core.Answer()\n",
		"cmd/two/go.mod":     "module github.com/a/core/cmd/two\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/a/core v0.2.0\n\tgithub.com/a/core/bridge v0.2.0\n)\n",
		"cmd/two/go.sum":     "",
		"cmd/two/main.go":    "package main\n\nimport (\n\t\"github.com/a/core\"\n\t\"github.com/a/core/bridge\"\n)\n\nfunc main() { print(core.Answer() + bridge.Answer) }\n",
		"bench/go.mod":       "module github.com/a/core/bench\n\ngo 1.26.0\n",
		"bench/bench.go":     "package bench\n",
		"testdata/crlf.data": "a\r\nb\r\n",
	}
	maps.Copy(files, change)
	root := t.TempDir()
	for name, content := range files {
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, root, "init", "-q", "-b", "main")
	git(t, root, "add", ".")
	git(t, root, "commit", "-q", "-m", "all")
	return root
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "tag.gpgsign=false", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// goTool runs the go command with a module cache of its own, and nothing from the network.
func goTool(t *testing.T, dir, cache, proxy string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-modcacherw", "GOMODCACHE="+cache, "GOPROXY="+proxy, "GOSUMDB=off", "GOTOOLCHAIN=local")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %q: %v\n%s", args, err, errs.String())
	}
	return string(out)
}

func list(t *testing.T, root string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(&out, root, nil, false, true); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTagsComeInOrder(t *testing.T) {
	if got, want := list(t, checkout(t, nil)), "v0.2.0\nbridge/v0.2.0\ncmd/two/v0.2.0\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// The order is that of the requirements, whatever the names are.
	reversed := checkout(t, map[string]string{
		"bridge/go.mod":  "module github.com/a/core/bridge\n\ngo 1.26.0\n\nrequire github.com/a/core/cmd/two v0.2.0\n",
		"cmd/two/go.mod": "module github.com/a/core/cmd/two\n\ngo 1.26.0\n\nrequire github.com/a/core v0.2.0\n",
		"go.work":        "go 1.26.0\n\nuse (\n\t.\n\t./cmd/two\n\t./bridge\n)\n\nreplace github.com/a/core v0.2.0 => ./\n\nreplace github.com/a/core/cmd/two v0.2.0 => ./cmd/two\n",
	})
	if got, want := list(t, reversed), "v0.2.0\ncmd/two/v0.2.0\nbridge/v0.2.0\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestVersionsMustBeInStep(t *testing.T) {
	work := "go 1.26.0\n\nuse (\n\t.\n\t./bridge\n)\n\n"
	for want, change := range map[string]map[string]string{
		"bridge/go.mod requires github.com/a/core@v0.1.0": {"bridge/go.mod": "module github.com/a/core/bridge\n\nrequire github.com/a/core v0.1.0\n"},
		"replaces a module":  {"bridge/go.mod": "module github.com/a/core/bridge\n\nrequire github.com/a/core v0.2.0\n\nreplace github.com/a/core => ../\n"},
		"no replace line":    {"go.work": work},
		"does not replace":   {"go.work": work + "replace github.com/a/core v0.2.0 => ./bridge\n"},
		"at version \"\"":    {"go.work": work + "replace github.com/a/core => ./\n"},
		"require each other": {"go.mod": "module github.com/a/core\n\nrequire github.com/a/core/bridge v0.2.0\n"},
	} {
		_, err := readModules(checkout(t, change))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// The go command itself must take the proxy for what it would get from the tags.
func TestProxyIsWhatTheTagsWouldBe(t *testing.T) {
	root, proxy := checkout(t, nil), t.TempDir()
	if err := run(io.Discard, root, nil, true, false); err != nil {
		t.Fatal(err)
	}
	git(t, root, "commit", "-q", "-a", "-m", "sums")
	if err := run(io.Discard, root, []string{proxy}, false, false); err != nil {
		t.Fatal(err)
	}
	for tag := range strings.Lines(list(t, root)) {
		git(t, root, "tag", strings.TrimSpace(tag))
	}
	config := filepath.Join(t.TempDir(), "gitconfig")
	git(t, root, "config", "-f", config, "url.file://"+root+".insteadOf", "https://github.com/a/core")
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	t.Setenv("GIT_ALLOW_PROTOCOL", "file:https")

	for _, path := range []string{"github.com/a/core", "github.com/a/core/bridge", "github.com/a/core/cmd/two"} {
		sums := func(proxy string) (of struct{ Sum, GoModSum string }) {
			out := goTool(t, t.TempDir(), t.TempDir(), proxy, "mod", "download", "-json", path+"@v0.2.0")
			if err := json.Unmarshal([]byte(out), &of); err != nil {
				t.Fatal(err)
			}
			return of
		}
		here, tagged := sums("file://"+proxy), sums("direct")
		if here.Sum == "" || here != tagged {
			t.Errorf("%s: %q, and from the tag %q", path, here, tagged)
		}
	}
	// With the sums that were written, a checkout builds without the workspace.
	goTool(t, filepath.Join(root, "cmd/two"), t.TempDir(), "file://"+proxy, "build", "-mod=readonly", "-o", os.DevNull, ".")
	if b, err := os.ReadFile(filepath.Join(root, "bridge/go.sum")); err != nil || strings.Contains(string(b), "stale") {
		t.Errorf("%v\n%s", err, b)
	}
}
