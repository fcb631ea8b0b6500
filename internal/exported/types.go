// Package exported says what a package exports, for tests that must leave nothing out.
package exported

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Types returns the names of the exported types of the package under test, in order: those that its
// files declare in the working directory, aliases included.
func Types(t testing.TB) (names []string) {
	t.Helper()
	for decl := range declarations(t) {
		if decl, ok := decl.(*ast.GenDecl); ok {
			for _, spec := range decl.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.IsExported() {
					names = append(names, spec.Name.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// Makers returns the names of the package's exported functions that return one value, of the type
// of that name, in order.
func Makers(t testing.TB, typ string) (names []string) {
	t.Helper()
	for decl := range declarations(t) {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil || len(f.Type.Results.List) != 1 {
			continue
		}
		if result, ok := f.Type.Results.List[0].Type.(*ast.Ident); ok && result.Name == typ {
			names = append(names, f.Name.Name)
		}
	}
	slices.Sort(names)
	return names
}

func declarations(t testing.TB) iter.Seq[ast.Decl] {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(ast.Decl) bool) {
		for _, name := range files {
			if built, err := build.Default.MatchFile(".", name); err != nil || !built || strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				if !yield(decl) {
					return
				}
			}
		}
	}
}
