package main

import "go/ast"

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
	p := parse(stmt)
	return func(s scope) (found []edit) {
		p.runs(s, func(run []ast.Stmt, b bindings) {
			from, to := run[0].Pos(), run[len(run)-1].End()
			text := string(s.src[s.offset(from):s.offset(to)])
			found = append(found, edit{s.file, from, to, become(s, text, b)})
		})
		return found
	}
}

// What becomes of expressions.

// replace puts other code in place of an expression, or of statements if the pattern is no
// expression. In it the wildcards with a name are what they stood for.
func replace(code, by string) operator {
	p := parse(code)
	if p.expr == nil {
		return onStatements(code, func(s scope, _ string, b bindings) string { return s.fill(by, b) })
	}
	return func(s scope) (found []edit) {
		p.exprs(s, func(e ast.Expr, b bindings) { found = append(found, s.edit(e, s.fill(by, b))) })
		return found
	}
}

// negate, always and never bend a condition, or one part of it.
func negate(cond string) operator { return onExpression(cond, "!(", ")") }
func always(cond string) operator { return onExpression(cond, "(", " || true)") }
func never(cond string) operator  { return onExpression(cond, "((", ") && false)") }

func onExpression(code, head, tail string) operator {
	p := parse(code)
	return func(s scope) (found []edit) {
		p.exprs(s, func(e ast.Expr, _ bindings) { found = append(found, s.edit(e, head+s.text(e)+tail)) })
		return found
	}
}

// constant gives a constant or variable another value where it is declared.
func constant(name, value string) operator {
	return anywhere(func(s scope, n ast.Node) (found []edit) {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for i, id := range spec.Names {
				if id.Name == name && i < len(spec.Values) {
					found = append(found, s.edit(spec.Values[i], value))
				}
			}
		}
		return found
	})
}

// field gives a field of a composite literal another value.
func field(name, value string) operator {
	key := parse(name)
	return anywhere(func(s scope, n ast.Node) []edit {
		if kv, ok := n.(*ast.KeyValueExpr); ok && key.is(kv.Key) {
			return []edit{s.edit(kv.Value, value)}
		}
		return nil
	})
}

// dropCase leaves out the clause of a switch or select that has this value or statement among those
// it is for.
func dropCase(head string) operator {
	p := parse(head)
	return anywhere(func(s scope, n ast.Node) []edit {
		if p.isFor(n) {
			return []edit{s.edit(n, "")}
		}
		return nil
	})
}

// Where an operator looks. These can be put into each other.

// in is the bodies of what has this head: the condition of an if or a for, what a range goes over,
// what a clause is for, or "default".
func in(head string, op operator) operator {
	p := parse(head)
	return anywhere(func(s scope, n ast.Node) []edit {
		if p.isFor(n) {
			return op(s.within(n))
		}
		var body *ast.BlockStmt
		var of ast.Expr
		switch n := n.(type) {
		case *ast.IfStmt:
			body, of = n.Body, n.Cond
		case *ast.ForStmt:
			body, of = n.Body, n.Cond
		case *ast.RangeStmt:
			body, of = n.Body, n.X
		}
		if of != nil && p.is(of) {
			return op(s.within(body))
		}
		return nil
	})
}

// otherwise is what comes after the else of an if with this condition.
func otherwise(cond string, op operator) operator {
	p := parse(cond)
	return anywhere(func(s scope, n ast.Node) []edit {
		if n, ok := n.(*ast.IfStmt); ok && n.Else != nil && p.is(n.Cond) {
			return op(s.within(n.Else))
		}
		return nil
	})
}

// guarding is the condition of an if whose body has this statement among its own.
func guarding(stmt string, op operator) operator {
	p := parse(stmt)
	return anywhere(func(s scope, n ast.Node) []edit {
		if n, ok := n.(*ast.IfStmt); ok && p.amid(n.Body.List) {
			return op(s.within(n.Cond))
		}
		return nil
	})
}

// anywhere is what look finds at each node.
func anywhere(look func(scope, ast.Node) []edit) operator {
	return func(s scope) (found []edit) {
		ast.Inspect(s.root, func(n ast.Node) bool {
			found = append(found, look(s, n)...)
			return true
		})
		return found
	}
}
