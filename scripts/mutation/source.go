package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A pkg is the files of one package that are built on this machine, without its tests.
type pkg []*file

type file struct {
	path string
	src  []byte
	fset *token.FileSet
	tree *ast.File
}

// A scope is the part of a file in which an operator looks.
type scope struct {
	*file
	root ast.Node
}

func (s scope) within(root ast.Node) scope { return scope{s.file, root} }

func load(root, dir string) (pkg, error) {
	paths, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var p pkg
	for _, path := range paths {
		if built, err := build.Default.MatchFile(filepath.Split(path)); err != nil || !built || strings.HasSuffix(path, "_test.go") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f := &file{path: path, src: src, fset: token.NewFileSet()}
		if f.tree, err = parser.ParseFile(f.fset, path, src, parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		p = append(p, f)
	}
	if len(p) == 0 {
		return nil, fmt.Errorf("%s has no Go files", dir)
	}
	return p, nil
}

// scopes returns the body of the function of that name, or all files for no name.
func (p pkg) scopes(name string) []scope {
	var found []scope
	for _, f := range p {
		if name == "" {
			found = append(found, scope{f, f.tree})
			continue
		}
		for _, d := range f.tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && nameOf(fn) == name {
				found = append(found, scope{f, fn.Body})
			}
		}
	}
	return found
}

// nameOf is "Func" or "Type.Method", without star and type parameters.
func nameOf(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	for {
		switch of := t.(type) {
		case *ast.StarExpr:
			t = of.X
		case *ast.IndexExpr:
			t = of.X
		case *ast.IndexListExpr:
			t = of.X
		case *ast.Ident:
			return of.Name + "." + fn.Name.Name
		default:
			return fn.Name.Name
		}
	}
}

// An edit puts text in place of a part of a file.
type edit struct {
	file     *file
	from, to token.Pos
	text     string
}

func (s scope) edit(n ast.Node, text string) edit { return edit{s.file, n.Pos(), n.End(), text} }

func (e edit) apply() []byte {
	from, to := e.file.offset(e.from), e.file.offset(e.to)
	return []byte(string(e.file.src[:from]) + e.text + string(e.file.src[to:]))
}

func (f *file) offset(p token.Pos) int { return f.fset.Position(p).Offset }

// text is n as it stands in the file.
func (f *file) text(n ast.Node) string { return string(f.src[f.offset(n.Pos()):f.offset(n.End())]) }

// unique leaves out what was found twice, by way of two scopes one in the other.
func unique(es []edit) []edit {
	seen := make(map[edit]bool)
	var out []edit
	for _, e := range es {
		if !seen[e] {
			seen[e] = true
			out = append(out, e)
		}
	}
	return out
}

func git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
