package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// A pattern is a piece of Go: an expression, or statements that follow each other.
type pattern struct {
	expr  ast.Expr // nil if it is no expression
	stmts []ast.Stmt
}

// parse panics on what is no Go: patterns are constants of the list. "default" is a pattern for
// that clause alone.
func parse(text string) pattern {
	var p pattern
	if text == "default" {
		return p
	}
	if e, err := parser.ParseExpr(text); err == nil {
		p.expr = e
	}
	f, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+text+"\n}", parser.SkipObjectResolution)
	if err == nil {
		p.stmts = f.Decls[0].(*ast.FuncDecl).Body.List
	} else if p.expr == nil {
		panic(fmt.Sprintf("pattern %q: %v", text, err))
	}
	if p.expr == nil && len(p.stmts) == 0 {
		panic("empty pattern")
	}
	return p
}

// bindings is what the wildcards with a name stand for.
type bindings map[string]ast.Node

// exprs calls yield for each expression in s that p matches.
func (p pattern) exprs(s scope, yield func(ast.Expr, bindings)) {
	if p.expr == nil {
		return
	}
	ast.Inspect(s.root, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		if p.at(e, yield) && isAny(p.expr) {
			return false // not each part of it as well
		}
		switch e := e.(type) {
		case *ast.SelectorExpr: // what is selected is no expression by itself
			p.exprs(s.within(e.X), yield)
			return false
		case *ast.KeyValueExpr: // nor is a key
			p.exprs(s.within(e.Value), yield)
			return false
		}
		return true
	})
}

// at calls yield if p matches e.
func (p pattern) at(e ast.Expr, yield func(ast.Expr, bindings)) (matched bool) {
	b := bindings{}
	if matched = p.expr != nil && b.match(reflect.ValueOf(p.expr), reflect.ValueOf(e)); matched {
		yield(e, b)
	}
	return matched
}

// is tells whether p matches e.
func (p pattern) is(e ast.Expr) bool { return p.at(e, func(ast.Expr, bindings) {}) }

// isFor tells whether n is a clause of a switch or select, and one that is for what p is, among
// other things.
func (p pattern) isFor(n ast.Node) bool {
	byDefault := p.expr == nil && p.stmts == nil
	switch n := n.(type) {
	case *ast.CaseClause:
		return byDefault && n.List == nil || slices.ContainsFunc(n.List, p.is)
	case *ast.CommClause:
		return byDefault && n.Comm == nil || n.Comm != nil && p.amid([]ast.Stmt{n.Comm})
	}
	return false
}

// runs calls yield for each run of statements in s that p matches.
func (p pattern) runs(s scope, yield func([]ast.Stmt, bindings)) {
	ast.Inspect(s.root, func(n ast.Node) bool {
		p.among(statements(n), yield)
		return true
	})
}

// among is runs in one list.
func (p pattern) among(list []ast.Stmt, yield func([]ast.Stmt, bindings)) {
	if len(p.stmts) == 0 {
		return
	}
	for i := range list {
		b := bindings{}
		if end := i + len(p.stmts); end <= len(list) && b.list(reflect.ValueOf(p.stmts), reflect.ValueOf(list[i:end])) {
			yield(list[i:end], b)
		}
	}
}

// amid tells whether p is somewhere in the list.
func (p pattern) amid(list []ast.Stmt) (found bool) {
	p.among(list, func([]ast.Stmt, bindings) { found = true })
	return found
}

// statements is the list of statements that n is itself.
func statements(n ast.Node) []ast.Stmt {
	switch n := n.(type) {
	case *ast.BlockStmt:
		return n.List
	case *ast.CaseClause:
		return n.Body
	case *ast.CommClause:
		return n.Body
	}
	return nil
}

// match compares two nodes, or parts of nodes, without positions and comments.
func (b bindings) match(p, n reflect.Value) bool {
	p, n = bare(p), bare(n)
	if !p.IsValid() || !n.IsValid() {
		return p.IsValid() == n.IsValid()
	}
	if name := wildcard(p); name != "" {
		return b.bind(name, n)
	}
	if p.Type() != n.Type() {
		return false
	}
	switch p.Kind() {
	case reflect.Pointer:
		return b.match(p.Elem(), n.Elem())
	case reflect.Slice:
		return b.list(p, n)
	case reflect.Struct:
		for i := range p.NumField() {
			switch p.Field(i).Interface().(type) {
			//nolint:staticcheck // SA1019: The fields of this type stand in the tree all the same, and are passed over.
			case token.Pos, *ast.CommentGroup, *ast.Object:
				continue
			}
			if !b.match(p.Field(i), n.Field(i)) {
				return false
			}
		}
		return true
	}
	return p.Interface() == n.Interface()
}

// list compares two lists; __ in p stands for any number of elements.
func (b bindings) list(p, n reflect.Value) bool {
	if p.Len() == 0 {
		return n.Len() == 0
	}
	if wildcard(bare(p.Index(0))) == "__" {
		for i := range n.Len() + 1 {
			if try := maps.Clone(b); try.list(p.Slice(1, p.Len()), n.Slice(i, n.Len())) {
				maps.Copy(b, try)
				return true
			}
		}
		return false
	}
	return n.Len() > 0 && b.match(p.Index(0), n.Index(0)) && b.list(p.Slice(1, p.Len()), n.Slice(1, n.Len()))
}

// bind lets a wildcard stand for n, or compares n with what it stands for already.
func (b bindings) bind(name string, n reflect.Value) bool {
	node, ok := reflect.TypeAssert[ast.Node](n)
	if !ok || strings.Trim(name, "_") == "" {
		return ok
	}
	if before, ok := b[name]; ok {
		return bindings{}.match(reflect.ValueOf(before), n)
	}
	b[name] = node
	return true
}

// bare is what an interface or parentheses hold; not valid for nil.
func bare(v reflect.Value) reflect.Value {
	for v.IsValid() {
		if v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && v.IsNil() {
			v = v.Elem()
		} else if paren, ok := reflect.TypeAssert[*ast.ParenExpr](v); ok {
			v = reflect.ValueOf(paren.X)
		} else {
			break
		}
	}
	return v
}

// wildcard returns the name of the wildcard that v is, as an expression or as a statement.
func wildcard(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	n := v.Interface()
	if s, ok := n.(*ast.ExprStmt); ok {
		n = s.X
	}
	if id, ok := n.(*ast.Ident); ok && strings.HasPrefix(id.Name, "_") {
		return id.Name
	}
	return ""
}

// isAny tells whether e matches everything.
func isAny(e ast.Expr) bool { return wildcard(reflect.ValueOf(e)) != "" }

var names = regexp.MustCompile(`\b_\w+`)

// fill puts into text what its wildcards with a name stand for.
func (f *file) fill(text string, b bindings) string {
	return names.ReplaceAllStringFunc(text, func(name string) string {
		n, ok := b[name]
		if !ok {
			return name
		}
		if _, two := n.(*ast.BinaryExpr); two {
			return "(" + f.text(n) + ")"
		}
		return f.text(n)
	})
}
