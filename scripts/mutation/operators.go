package main

import (
	"go/ast"
	"slices"
)

// An operator finds the places in a scope that have its shape, and says what each becomes.
type operator func(scope) []edit

// What becomes of statements. A pattern of several statements means those that follow each other.

// drop leaves the statement out. What it uses stays used, so that the rest compiles.
func drop(stmt string) operator {
	return onStatements(stmt, func(s scope, text string, _ bindings) string { return "if false {\n" + text + "\n}" })
}

// twice runs the statement twice.
func twice(stmt string) operator {
	return onStatements(stmt, func(_ scope, text string, _ bindings) string { return text + "\n" + text })
}

// before puts code before the statement.
func before(stmt, code string) operator {
	return onStatements(stmt, func(s scope, text string, b bindings) string { return s.fill(code, b) + "\n" + text })
}

// after puts code after the statement.
func after(stmt, code string) operator {
	return onStatements(stmt, func(s scope, text string, b bindings) string { return text + "\n" + s.fill(code, b) })
}

// exchange lets two statements that follow each other change places.
func exchange(first, second string) operator {
	return func(s scope) (found []edit) {
		parse(first+"\n"+second).runs(s, func(run []ast.Stmt, _ bindings) {
			found = append(found, edit{s.file, run[0].Pos(), run[1].End(), s.text(run[1]) + "\n" + s.text(run[0])})
		})
		return found
	}
}

// first puts code at the beginning of the function: an early return, say.
func first(code string) operator {
	return func(s scope) []edit {
		body, ok := s.root.(*ast.BlockStmt)
		if !ok {
			return nil
		}
		return []edit{{s.file, body.Lbrace + 1, body.Lbrace + 1, "\nif true {\n" + code + "\n}\n"}}
	}
}

func onStatements(stmt string, become func(scope, string, bindings) string) operator {
	return func(s scope) (found []edit) {
		parse(stmt).runs(s, func(run []ast.Stmt, b bindings) {
			from, to := run[0].Pos(), run[len(run)-1].End()
			text := string(s.src[s.offset(from):s.offset(to)])
			found = append(found, edit{s.file, from, to, become(s, text, b)})
		})
		return found
	}
}

// What becomes of expressions.

// replace puts other code in place of an expression, or of statements if the pattern is no expression. In it the wildcards
// with a name are what they stood for.
func replace(code, by string) operator {
	if parse(code).expr == nil {
		return onStatements(code, func(s scope, _ string, b bindings) string { return s.fill(by, b) })
	}
	return func(s scope) (found []edit) {
		parse(code).exprs(s, func(e ast.Expr, b bindings) { found = append(found, s.edit(e, s.fill(by, b))) })
		return found
	}
}

// negate, always and never bend a condition, or one part of it.
func negate(cond string) operator { return onExpression(cond, "!(", ")") }
func always(cond string) operator { return onExpression(cond, "(", " || true)") }
func never(cond string) operator  { return onExpression(cond, "(", " && false)") }

func onExpression(code, head, tail string) operator {
	return func(s scope) (found []edit) {
		parse(code).exprs(s, func(e ast.Expr, _ bindings) { found = append(found, s.edit(e, head+s.text(e)+tail)) })
		return found
	}
}

// constant gives a constant or variable another value where it is declared.
func constant(name, value string) operator {
	return func(s scope) (found []edit) {
		ast.Inspect(s.root, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i, id := range spec.Names {
					if id.Name == name && i < len(spec.Values) {
						found = append(found, s.edit(spec.Values[i], value))
					}
				}
			}
			return true
		})
		return found
	}
}

// field gives a field of a composite literal another value.
func field(name, value string) operator {
	return func(s scope) (found []edit) {
		ast.Inspect(s.root, func(n ast.Node) bool {
			if kv, ok := n.(*ast.KeyValueExpr); ok {
				if id, ok := kv.Key.(*ast.Ident); ok && id.Name == name {
					found = append(found, s.edit(kv.Value, value))
				}
			}
			return true
		})
		return found
	}
}

// dropCase leaves out the clause of a switch or select that has this value or statement among those it is for.
func dropCase(head string) operator {
	return func(s scope) (found []edit) {
		clauses(s, head, func(clause ast.Node) { found = append(found, s.edit(clause, "")) })
		return found
	}
}

// Where an operator looks. These can be put into each other.

// in is the bodies of what has this head: the condition of an if or a for, what a range goes over, what a case is for.
func in(head string, op operator) operator {
	return func(s scope) (found []edit) {
		p, _ := parseHead(head)
		ast.Inspect(s.root, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.IfStmt:
				if p.is(n.Cond) {
					found = append(found, op(s.within(n.Body))...)
				}
			case *ast.ForStmt:
				if n.Cond != nil && p.is(n.Cond) {
					found = append(found, op(s.within(n.Body))...)
				}
			case *ast.RangeStmt:
				if p.is(n.X) {
					found = append(found, op(s.within(n.Body))...)
				}
			}
			return true
		})
		clauses(s, head, func(clause ast.Node) { found = append(found, op(s.within(clause))...) })
		return found
	}
}

// otherwise is what comes after the else of an if with this condition.
func otherwise(cond string, op operator) operator {
	return func(s scope) (found []edit) {
		ast.Inspect(s.root, func(n ast.Node) bool {
			if n, ok := n.(*ast.IfStmt); ok && n.Else != nil && parse(cond).is(n.Cond) {
				found = append(found, op(s.within(n.Else))...)
			}
			return true
		})
		return found
	}
}

// guarding is the condition of an if whose body has this statement among its own.
func guarding(stmt string, op operator) operator {
	return func(s scope) (found []edit) {
		p := parse(stmt)
		ast.Inspect(s.root, func(n ast.Node) bool {
			if n, ok := n.(*ast.IfStmt); ok && p.amid(n.Body.List) {
				found = append(found, op(s.within(n.Cond))...)
			}
			return true
		})
		return found
	}
}

// literal is the bodies of function literals that stand in an expression of this shape.
func literal(code string, op operator) operator {
	return func(s scope) (found []edit) {
		parse(code).exprs(s, func(e ast.Expr, _ bindings) {
			ast.Inspect(e, func(n ast.Node) bool {
				fn, ok := n.(*ast.FuncLit)
				if ok {
					found = append(found, op(s.within(fn.Body))...)
				}
				return !ok
			})
		})
		return found
	}
}

// parseHead is parse, but for "default", which gives a pattern that matches nothing.
func parseHead(head string) (p pattern, byDefault bool) {
	if head == "default" {
		return pattern{}, true
	}
	return parse(head), false
}

// clauses calls yield for the clauses in s that are for what head says; "default" is the default clause.
func clauses(s scope, head string, yield func(ast.Node)) {
	p, byDefault := parseHead(head)
	ast.Inspect(s.root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CaseClause:
			if n.List == nil && byDefault || slices.ContainsFunc(n.List, p.is) {
				yield(n)
			}
		case *ast.CommClause:
			if n.Comm == nil && byDefault || n.Comm != nil && p.amid([]ast.Stmt{n.Comm}) {
				yield(n)
			}
		}
		return true
	})
}
