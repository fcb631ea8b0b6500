package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A result is what became of one mutation.
type result struct {
	mutation
	by   string // the test that failed; "" if none did
	took time.Duration
	err  error // the mutation could not be tried
}

// try applies m to the tree in root, runs its tests until one fails, and takes it back.
func try(ctx context.Context, root string, m mutation) (r result) {
	r.mutation = m
	began := time.Now()
	defer func() { r.took = time.Since(began) }()
	path, before, after, err := m.apply(root)
	if err != nil {
		r.err = err
		return r
	}
	if r.err = os.WriteFile(path, after, 0o644); r.err != nil {
		return r
	}
	defer func() {
		if err := os.WriteFile(path, before, 0o644); err != nil && r.err == nil {
			r.err = err
		}
	}()
	for _, t := range m.checks() {
		if r.by, r.err = t.failure(ctx, root); r.err != nil {
			r.err = fmt.Errorf("%q: %w", m.name, r.err)
		}
		if r.by != "" || r.err != nil {
			return r
		}
	}
	return r
}

// failure runs the tests in root. It returns the first that fails, "" if none does, and an error if they can't be run,
// because something does not compile.
func (t tests) failure(ctx context.Context, root string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", t.command()...)
	cmd.Dir = root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		return "", ctx.Err()
	}
	by, built := readTests(out)
	if !built {
		return "", fmt.Errorf("does not compile, or %s can't be run: %w\n%s", t.pkg, err, textOf(out))
	}
	return by, nil
}

// event is a line of go test -json.
type event struct{ Action, Package, Test, Output string }

// readTests returns the first test that failed. built is false if none was run at all.
func readTests(out []byte) (first string, built bool) {
	timedOut := false
	for line := range bytes.Lines(out) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		switch {
		case e.Action == "build-fail" || strings.Contains(e.Output, "[build failed]") || strings.Contains(e.Output, "[setup failed]"):
			return "", false
		case strings.HasPrefix(e.Output, "panic: test timed out"):
			timedOut = true
		case timedOut && strings.HasPrefix(e.Output, "\t\tTest"): // of those that were running
			name, _, _ := strings.Cut(strings.TrimSpace(e.Output), " ")
			return name + " (time limit)", true
		case e.Action == "run" || e.Action == "output" && e.Test != "":
			built = true
		case e.Action == "fail" && e.Test != "":
			return e.Test, true
		case e.Action == "fail":
			return "after the tests of " + e.Package, built
		}
	}
	return "", built
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
