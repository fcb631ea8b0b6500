// Command mutation shows that the ledger can fail: it breaks a copy of the library in each way of a list, runs the
// simulation on the copy, and fails if one of them passes.
//
//	go run ./scripts/mutation            # all of them, a few minutes
//	go run ./scripts/mutation -only gap  # those with the word in their name
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "run the mutations with this word in their name")
	seeds := flag.Int("seeds", 400, "how many seeds a mutation may survive")
	flag.Parse()
	if err := run(*only, *seeds); err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1)
	}
}

func run(only string, seeds int) error {
	root, err := output("", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyTree(strings.TrimSpace(root), dir); err != nil {
		return err
	}
	if out, ok := simulate(dir, 20); !ok {
		return fmt.Errorf("the simulation fails without any mutation:\n%s", out)
	}
	caught, missed := 0, 0
	for _, m := range mutations {
		if !strings.Contains(m.name, only) {
			continue
		}
		began := time.Now()
		undo, err := m.apply(dir)
		if err != nil {
			return err
		}
		if out, err := output(dir, "go", "vet", "./rtx", "./internal/stream"); err != nil {
			return fmt.Errorf("%s does not compile: %s", m.name, out)
		}
		out, survived := simulate(dir, seeds)
		if err := undo(); err != nil {
			return err
		}
		if survived {
			missed++
			fmt.Printf("MISSED  %-55s %v\n", m.name, time.Since(began).Round(time.Second))
			continue
		}
		caught++
		fmt.Printf("caught  %-55s %v  %s\n", m.name, time.Since(began).Round(time.Second), firstBreach(out))
	}
	fmt.Printf("%d caught, %d missed\n", caught, missed)
	if missed > 0 {
		return fmt.Errorf("%d mutations survive", missed)
	}
	return nil
}

// copyTree copies what git knows of the core module, as it stands in the working tree.
func copyTree(from, to string) error {
	list, err := output(from, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "go.mod", "go.sum", "rtx", "rtxtest", "internal")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimRight(list, "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(from, name))
		if os.IsNotExist(err) {
			continue // deleted and not committed
		}
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// simulate reports whether the simulation, and the schedules it has found faults with, pass in dir.
func simulate(dir string, seeds int) (out string, ok bool) {
	out, err := output(dir, "go", "test", "./internal/simulation", "-seeds", fmt.Sprint(seeds), "-timeout", "5m")
	return out, err == nil
}

func output(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// firstBreach is the law that was broken first, cut to a line.
func firstBreach(out string) string {
	for line := range strings.SplitSeq(out, "\n") {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "_test.go:") || strings.HasPrefix(line, "panic:") {
			if _, text, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(text, "seeds from") {
				return text[:min(len(text), 160)]
			}
		}
	}
	return ""
}

// A mutation replaces a piece of one file that is there exactly once.
type mutation struct{ name, file, from, to string }

func (m mutation) apply(dir string) (undo func() error, err error) {
	path := filepath.Join(dir, m.file)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(data), m.from); n != 1 {
		return nil, fmt.Errorf("%s: %q is %d times in %s: bring the list up to date", m.name, m.from, n, m.file)
	}
	changed := strings.Replace(string(data), m.from, m.to, 1)
	return func() error { return os.WriteFile(path, data, 0o644) }, os.WriteFile(path, []byte(changed), 0o644)
}
