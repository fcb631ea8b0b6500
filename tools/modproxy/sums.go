package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/dirhash"
)

// writeSums brings the go.sum files up to date with this checkout. Each go.sum is part of its module,
// and the modules come in the order of their requirements: so a sum is taken of what is final. The
// root's archive has no nested module in it, and its sum depends on none of theirs.
func writeSums(root string, modules []checkedOut) error {
	lines := make(map[string][]string)
	for _, m := range modules {
		if len(m.needs) > 0 {
			var own []string
			for _, need := range m.needs {
				own = append(own, lines[need]...)
			}
			if err := writeSum(filepath.Join(root, m.dir, "go.sum"), modules, own); err != nil {
				return err
			}
		}
		sums, err := sumsOf(root, m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
		lines[m.Path] = sums
	}
	return nil
}

// writeSum replaces the lines of the own modules in a go.sum. The others keep their order, which is that of
// the go command.
func writeSum(name string, modules []checkedOut, own []string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var lines []string
	for line := range strings.Lines(string(b)) {
		of, _, _ := strings.Cut(line, " ")
		if !slices.ContainsFunc(modules, func(m checkedOut) bool { return m.Path == of }) {
			lines = append(lines, line)
		}
	}
	at := slices.IndexFunc(lines, func(line string) bool { return line > own[0] })
	if at < 0 {
		at = len(lines)
	}
	return os.WriteFile(name, []byte(strings.Join(slices.Insert(lines, at, own...), "")), 0o644)
}

// sumsOf returns the two lines of go.sum for a module.
func sumsOf(root string, m checkedOut) ([]string, error) {
	f, err := os.CreateTemp("", "modproxy-*.zip")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	if err := zipModule(f, root, m); err != nil {
		f.Close()
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	archive, err := dirhash.HashZip(f.Name(), dirhash.Hash1)
	if err != nil {
		return nil, err
	}
	gomod, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(m.gomod)), nil
	})
	if err != nil {
		return nil, err
	}
	return []string{
		fmt.Sprintf("%s %s %s\n", m.Path, m.Version.Version, archive),
		fmt.Sprintf("%s %s/go.mod %s\n", m.Path, m.Version.Version, gomod),
	}, nil
}
