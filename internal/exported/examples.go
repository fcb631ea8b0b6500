package exported

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// WithoutExample returns the names of the package's exported functions that no Example uses, in
// order. Methods are left out. An Example without an output does not count, since it is not run.
func WithoutExample(t testing.TB) (names []string) {
	t.Helper()
	used, _ := usedInExamples(t)
	for decl := range declarations(t) {
		f, ok := decl.(*ast.FuncDecl)
		if ok && f.Recv == nil && f.Name.IsExported() && !used[f.Name.Name] {
			names = append(names, f.Name.Name)
		}
	}
	slices.Sort(names)
	return names
}

// MethodsWithoutExample returns the exported methods of the package's exported types that no
// Example uses, as "Type.Method", in order. Methods are told apart by their names alone. Those that
// only print, or belong to the error interfaces, are left out.
func MethodsWithoutExample(t testing.TB) (names []string) {
	t.Helper()
	_, used := usedInExamples(t)
	for decl := range declarations(t) {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv == nil || used[f.Name.Name] || len(function(f)) == 0 {
			continue
		}
		switch f.Name.Name {
		case "Error", "Format", "LogValue", "MarshalJSON", "MarshalText", "String", "Unwrap":
			continue
		}
		of := strings.TrimPrefix(text(f.Recv.List[0].Type), "*")
		of, _, _ = strings.Cut(of, "[")
		names = append(names, of+"."+f.Name.Name)
	}
	slices.Sort(names)
	return names
}

// usedInExamples has what the Examples in the working directory use of the package that they are
// for, and what they select of anything else: fields and methods.
func usedInExamples(t testing.TB) (functions, methods map[string]bool) {
	t.Helper()
	paths, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	functions, methods = make(map[string]bool), make(map[string]bool)
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		pkg := strings.TrimSuffix(file.Name.Name, "_test")
		for _, example := range doc.Examples(file) {
			if example.Output == "" && !example.EmptyOutput {
				continue
			}
			ast.Inspect(example.Code, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if of, ok := s.X.(*ast.Ident); ok && of.Name == pkg {
						functions[s.Sel.Name] = true
					} else {
						methods[s.Sel.Name] = true
					}
				}
				return true
			})
		}
	}
	return functions, methods
}
