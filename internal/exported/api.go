package exported

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/format"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// API returns what the package in a folder exports with Go 1.minor, a line each, sorted: functions
// and methods with their signatures, types with their exported fields and methods, constants and
// variables. The parser must be as new.
func API(dir string, minor int) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	context := build.Default
	context.ReleaseTags = nil
	for release := range minor {
		context.ReleaseTags = append(context.ReleaseTags, fmt.Sprint("go1.", release+1))
	}
	var lines []string
	for _, path := range paths {
		if built, err := context.MatchFile(filepath.Split(path)); err != nil || !built || strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				lines = append(lines, function(decl)...)
			case *ast.GenDecl:
				lines = append(lines, general(decl)...)
			}
		}
	}
	slices.Sort(lines)
	return lines, nil
}

func function(f *ast.FuncDecl) []string {
	signature := strings.TrimPrefix(text(f.Type), "func")
	switch {
	case !f.Name.IsExported():
		return nil
	case f.Recv == nil:
		return []string{"func " + f.Name.Name + signature}
	}
	recv := f.Recv.List[0].Type
	base := recv
	if star, ok := base.(*ast.StarExpr); ok {
		base = star.X
	}
	switch generic := base.(type) {
	case *ast.IndexExpr:
		base = generic.X
	case *ast.IndexListExpr:
		base = generic.X
	}
	if !base.(*ast.Ident).IsExported() {
		return nil
	}
	return []string{"method (" + text(recv) + ") " + f.Name.Name + signature}
}

func general(d *ast.GenDecl) (lines []string) {
	var last ast.Expr // the type of a constant whose line has none
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.ValueSpec:
			if spec.Type != nil || len(spec.Values) > 0 {
				last = spec.Type
			}
			for _, name := range spec.Names {
				if name.IsExported() {
					lines = append(lines, strings.TrimSpace(d.Tok.String()+" "+name.Name+" "+text(last)))
				}
			}
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				lines = append(lines, typeLines(spec)...)
			}
		}
	}
	return lines
}

func typeLines(spec *ast.TypeSpec) []string {
	head := "type " + spec.Name.Name
	if spec.TypeParams != nil {
		var params []string
		for _, f := range spec.TypeParams.List {
			for _, name := range f.Names {
				params = append(params, name.Name+" "+text(f.Type))
			}
		}
		head += "[" + strings.Join(params, ", ") + "]"
	}
	if spec.Assign.IsValid() {
		head += " ="
	}
	var fields *ast.FieldList
	kind := ""
	switch t := spec.Type.(type) {
	case *ast.StructType:
		fields, kind = t.Fields, "struct"
	case *ast.InterfaceType:
		fields, kind = t.Methods, "interface"
	default:
		return []string{head + " " + text(t)}
	}
	lines := []string{head + " " + kind}
	hidden := false
	for _, f := range fields.List {
		names := f.Names
		if len(names) == 0 {
			lines = append(lines, head+" "+kind+", "+text(f.Type))
		}
		for _, name := range names {
			switch {
			case !name.IsExported():
				hidden = true
			case kind == "interface":
				lines = append(lines, head+" interface, "+name.Name+strings.TrimPrefix(text(f.Type), "func"))
			default:
				lines = append(lines, head+" struct, "+name.Name+" "+text(f.Type))
			}
		}
	}
	if hidden && kind == "interface" {
		lines = append(lines, head+" interface, unexported methods")
	}
	return lines
}

// text is an expression as gofmt writes it, on one line.
func text(x ast.Expr) string {
	if x == nil {
		return ""
	}
	var b strings.Builder
	if err := format.Node(&b, token.NewFileSet(), x); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
