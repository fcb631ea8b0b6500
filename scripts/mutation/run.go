package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// A result is what became of one mutation.
type result struct {
	mutation
	by   string // the test that failed; "" if none did
	hung bool   // it failed by not coming to an end
	took time.Duration
	err  error // the mutation could not be tried
}

// A bench runs tests on the tree in root. The tree is never changed: what is mutated is laid over
// it.
type bench struct {
	root string
	dir  string        // for the overlays
	more time.Duration // what a mutated run may take beyond a multiple of the time without the mutation

	mu    sync.Mutex
	sound map[string]func() (time.Duration, error)
}

func newBench(root, dir string) *bench {
	return &bench{root: root, dir: dir, more: 30 * time.Second, sound: make(map[string]func() (time.Duration, error))}
}

// unbroken returns how long the tests take without any mutation, and an error if they fail. It runs
// them once.
func (b *bench) unbroken(ctx context.Context, t tests) (time.Duration, error) {
	b.mu.Lock()
	once, ok := b.sound[fmt.Sprint(t)]
	if !ok {
		once = sync.OnceValues(func() (time.Duration, error) {
			began := time.Now()
			by, _, err := b.failure(ctx, t, nil, 10*time.Minute)
			if err == nil && by != "" {
				err = fmt.Errorf("%s in %s fails without any mutation", by, t.pkg)
			}
			return time.Since(began), err
		})
		b.sound[fmt.Sprint(t)] = once
	}
	b.mu.Unlock()
	return once()
}

// try runs m's tests with m, until one fails. One that does not end in several times what it takes
// without m hangs because of m, and counts as failed.
func (b *bench) try(ctx context.Context, m mutation) (r result) {
	r.mutation = m
	path, _, after, err := m.apply(b.root)
	if err != nil {
		r.err = err
		return r
	}
	dir, err := os.MkdirTemp(b.dir, "")
	if err != nil {
		r.err = err
		return r
	}
	mutant := filepath.Join(dir, filepath.Base(path))
	if r.err = os.WriteFile(mutant, after, 0o644); r.err != nil {
		return r
	}
	for _, t := range m.checks() {
		usual, err := b.unbroken(ctx, t)
		if err != nil {
			r.err = err
			return r
		}
		began := time.Now()
		r.by, r.hung, r.err = b.failure(ctx, t, map[string]string{path: mutant}, 4*usual+b.more)
		r.took += time.Since(began)
		if r.err != nil {
			r.err = fmt.Errorf("%q: %w", m.name, r.err)
		}
		if r.by != "" || r.err != nil {
			break
		}
	}
	return r
}

// overlay writes what the go command takes as -overlay: which files stand in place of which.
func (b *bench) overlay(replace map[string]string) (name string, err error) {
	files := make(map[string]string)
	for path, by := range replace {
		if path, err = filepath.Abs(path); err != nil {
			return "", err
		}
		files[path] = by
	}
	data, err := json.Marshal(map[string]any{"Replace": files})
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(b.dir, "*.json")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	return f.Name(), errors.Join(err, f.Close())
}

var isTest = regexp.MustCompile("^(Test|Fuzz|Example)")

// unused is the files of the tests outside of the package, if none of the tests that are to be run
// is in them. To compile them can take many times as long as the tests.
func (b *bench) unused(t tests) ([]string, error) {
	if t.run == "" {
		return nil, nil
	}
	wanted, err := regexp.Compile(t.run)
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(b.root, t.pkg, "*_test.go"))
	if err != nil {
		return nil, err
	}
	var outside []string
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(f.Name.Name, "_test") {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && isTest.MatchString(fn.Name.Name) && fn.Name.Name != "TestMain" && wanted.MatchString(fn.Name.Name) {
				return nil, nil
			}
		}
		outside = append(outside, path)
	}
	return outside, nil
}

// failure runs the tests, with some files in place of others. It returns the first that fails, ""
// if none does, and an error if they can't be run, because something does not compile.
func (b *bench) failure(ctx context.Context, t tests, replace map[string]string, limit time.Duration) (by string, hung bool, err error) {
	unused, err := b.unused(t)
	if err != nil {
		return "", false, err
	}
	files := maps.Clone(replace)
	if files == nil {
		files = make(map[string]string)
	}
	for _, path := range unused {
		files[path] = "" // as if it were not there
	}
	overlay, err := b.overlay(files)
	if err != nil {
		return "", false, err
	}
	cmd := exec.CommandContext(ctx, "go", t.command(limit)...)
	cmd.Dir = b.root
	// By the environment, for what the tests build themselves as well.
	cmd.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		return "", false, ctx.Err()
	}
	by, hung, built := readTests(out)
	if !built {
		return "", false, fmt.Errorf("does not compile, or %s can't be run: %w\n%s", t.pkg, err, textOf(out))
	}
	return by, hung, nil
}

// event is a line of go test -json.
type event struct{ Action, Package, Test, Output string }

// readTests returns the first test that failed, and whether it did not end in time. built is false
// if none was run at all.
func readTests(out []byte) (first string, hung, built bool) {
	for line := range bytes.Lines(out) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		switch {
		case e.Action == "build-fail" || strings.Contains(e.Output, "[build failed]") || strings.Contains(e.Output, "[setup failed]"):
			return "", false, false
		case strings.HasPrefix(e.Output, "panic: test timed out"):
			hung = true
		case hung && strings.HasPrefix(e.Output, "\t\tTest"): // of those that were running
			name, _, _ := strings.Cut(strings.TrimSpace(e.Output), " ")
			return name, true, true
		case e.Action == "run" || e.Action == "output" && e.Test != "":
			built = true
		case e.Action == "fail" && e.Test != "":
			return e.Test, hung, true
		case e.Action == "fail":
			return "after the tests of " + e.Package, hung, built
		}
	}
	return "", false, built
}

// textOf is the output without its JSON.
func textOf(out []byte) string {
	var text strings.Builder
	for line := range bytes.Lines(out) {
		var e event
		if json.Unmarshal(line, &e) == nil {
			text.WriteString(e.Output)
		} else {
			text.Write(line)
		}
	}
	return text.String()
}
