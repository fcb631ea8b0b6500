package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// A checkedOut module is one of the workspace.
type checkedOut struct {
	module.Version
	dir   string   // from the root of the checkout, with slashes
	gomod []byte   // its go.mod
	needs []string // the modules of the workspace that it requires
}

// published tells whether others are to require it: not what only shows or measures the library.
func (m checkedOut) published() bool {
	first, _, _ := strings.Cut(m.dir, "/")
	return first != "bench" && first != "examples" && first != "interop"
}

// tag is what git calls the version.
func (m checkedOut) tag() string {
	if m.dir == "." {
		return m.Version.Version
	}
	return m.dir + "/" + m.Version.Version
}

// readModules returns the modules of the workspace, each after those that it requires. It fails if
// they do not all require each other by the version in go.work.
func readModules(root string) ([]checkedOut, error) {
	b, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return nil, err
	}
	work, err := modfile.ParseWork("go.work", b, nil)
	if err != nil {
		return nil, err
	}
	version, replaced := "", make(map[string]string)
	for _, r := range work.Replace {
		if version = cmp.Or(version, r.Old.Version); r.Old.Version != version || version == "" {
			return nil, fmt.Errorf("go.work replaces %s at version %q, and other modules at %q", r.Old.Path, r.Old.Version, version)
		}
		replaced[r.Old.Path] = path.Clean(r.New.Path)
	}
	if version == "" {
		return nil, errors.New("go.work has no replace line, which would say the version")
	}
	dirs, modules := make(map[string]string), make(map[string]checkedOut)
	files := make(map[string]*modfile.File)
	for _, use := range work.Use {
		dir := path.Clean(use.Path)
		gomod, err := os.ReadFile(filepath.Join(root, dir, "go.mod"))
		if err != nil {
			return nil, err
		}
		f, err := modfile.Parse(path.Join(dir, "go.mod"), gomod, nil)
		if err != nil {
			return nil, err
		}
		name := f.Module.Mod.Path
		modules[name] = checkedOut{Version: module.Version{Path: name, Version: version}, dir: dir, gomod: gomod}
		dirs[name], files[name] = dir, f
	}
	for name, f := range files {
		m := modules[name]
		if len(f.Replace) > 0 {
			return nil, fmt.Errorf("%s/go.mod replaces a module, which does nothing for who requires it", m.dir)
		}
		for _, r := range f.Require {
			own, ok := dirs[r.Mod.Path]
			switch {
			case !ok:
				continue
			case r.Mod.Version != version:
				return nil, fmt.Errorf("%s/go.mod requires %s, and go.work says %s", m.dir, r.Mod, version)
			case replaced[r.Mod.Path] != own:
				return nil, fmt.Errorf("go.work does not replace %s by ./%s", r.Mod, own)
			}
			m.needs = append(m.needs, r.Mod.Path)
		}
		modules[name] = m
	}
	return inOrder(modules)
}

// inOrder sorts modules by what they require, and else by their folders.
func inOrder(modules map[string]checkedOut) (sorted []checkedOut, err error) {
	left := make([]checkedOut, 0, len(modules))
	for _, m := range modules {
		left = append(left, m)
	}
	slices.SortFunc(left, func(a, b checkedOut) int { return cmp.Compare(a.dir, b.dir) })
	done := make(map[string]bool)
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(m checkedOut) bool {
			return !slices.ContainsFunc(m.needs, func(need string) bool { return !done[need] })
		})
		if i < 0 {
			return nil, fmt.Errorf("%s and others require each other", left[0].Path)
		}
		sorted, done[left[i].Path] = append(sorted, left[i]), true
		left = slices.Delete(left, i, i+1)
	}
	return sorted, nil
}
