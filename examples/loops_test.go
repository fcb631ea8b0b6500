package examples

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"testing"
)

// A select loop on Wake ranges over Pending and then asks for the end, else it spins after it. One
// that receives from C asks for gaps in two places: first thing after each value, else a gap is
// told after the value that follows it; and on a token of Lost, else an outage on a quiet stream is
// told when the next value comes, or never.
func TestSelectLoopsForgetNothing(t *testing.T) {
	seen := 0
	for _, s := range snippets(t) {
		loops, faults := streamLoops(s.file)
		seen += loops
		for _, f := range faults {
			t.Errorf("%s: %s", s.position(f.at), f.text)
		}
	}
	if seen == 0 {
		t.Error("no loop was looked at")
	}
}

type fault struct {
	at   ast.Node
	text string
}

// streamLoops looks at the select statements that stand in a loop and receive from the Wake or the
// C of a stream. It goes by names: a stream is what is made by On or OnAny, or asked for its Gaps
// or Lost, in the same file.
func streamLoops(file *ast.File) (loops int, faults []fault) {
	streams := streamNames(file)
	ast.Inspect(file, func(n ast.Node) bool {
		loop, ok := n.(*ast.ForStmt)
		if !ok {
			return true
		}
		for _, statement := range loop.Body.List {
			choice, ok := statement.(*ast.SelectStmt)
			if !ok {
				continue
			}
			n, found := lookAt(choice, streams)
			loops += n
			faults = append(faults, found...)
		}
		return true
	})
	return loops, faults
}

func lookAt(choice *ast.SelectStmt, streams map[string]bool) (loops int, faults []fault) {
	lost := make(map[string]bool)
	for _, c := range choice.Body.List {
		clause := c.(*ast.CommClause)
		if name := receives(clause.Comm, "Lost"); name != "" {
			lost[name] = true
			if !asksFirst(clause.Body, name) {
				faults = append(faults, fault{clause, fmt.Sprintf("the case of %s.Lost does not range over %[1]s.Gaps()", name)})
			}
		}
	}
	for _, c := range choice.Body.List {
		clause := c.(*ast.CommClause)
		if name := receives(clause.Comm, "Wake"); name != "" {
			loops++
			if !takesPending(clause.Body, name) {
				faults = append(faults, fault{clause, fmt.Sprintf("the case of %s.Wake does not first range over %[1]s.Pending() and then ask %[1]s.Ended()", name)})
			}
		}
		name := receives(clause.Comm, "C")
		if !streams[name] {
			continue
		}
		loops++
		if !asksFirst(clause.Body, name) {
			faults = append(faults, fault{clause, fmt.Sprintf("the case of %s.C does not first range over %[1]s.Gaps()", name)})
		}
		if !lost[name] {
			faults = append(faults, fault{clause, fmt.Sprintf("the loop has no case of %s.Lost", name)})
		}
	}
	return loops, faults
}

// receives returns X of a receive from X.field, or "".
func receives(comm ast.Stmt, field string) string {
	var from ast.Expr
	switch comm := comm.(type) {
	case *ast.ExprStmt:
		from = comm.X
	case *ast.AssignStmt:
		from = comm.Rhs[0]
	default:
		return ""
	}
	receive, ok := from.(*ast.UnaryExpr)
	if !ok || receive.Op != token.ARROW {
		return ""
	}
	selector, ok := receive.X.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != field {
		return ""
	}
	return types.ExprString(selector.X)
}

// asksFirst reports whether the first statement ranges over the stream's Gaps.
func asksFirst(body []ast.Stmt, stream string) bool {
	if len(body) == 0 {
		return false
	}
	r, ok := body[0].(*ast.RangeStmt)
	return ok && calls(r.X, "Gaps") && types.ExprString(r.X) == stream+".Gaps()"
}

// takesPending reports whether the first statement ranges over what is pending, and the second asks
// for the end.
func takesPending(body []ast.Stmt, stream string) bool {
	if len(body) < 2 {
		return false
	}
	r, ok := body[0].(*ast.RangeStmt)
	end, asks := body[1].(*ast.IfStmt)
	return ok && asks && types.ExprString(r.X) == stream+".Pending()" && types.ExprString(end.Cond) == stream+".Ended()"
}

func streamNames(file *ast.File) map[string]bool {
	names := make(map[string]bool)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == "Gaps" || n.Sel.Name == "Lost" {
				names[types.ExprString(n.X)] = true
			}
		case *ast.AssignStmt:
			if len(n.Lhs) == 1 && (calls(n.Rhs[0], "On") || calls(n.Rhs[0], "OnAny")) {
				names[types.ExprString(n.Lhs[0])] = true
			}
		}
		return true
	})
	return names
}

func TestLoopsThatForgetAPlaceAreFound(t *testing.T) {
	const (
		gaps  = `for gap := range s.Gaps() { tell(gap) }`
		value = `case v, ok := <-s.C: ` + gaps + `; if !ok { return }; use(v);`
		lost  = `case <-s.Lost: ` + gaps + `;`
		tick  = `case <-tick: flush();`
		take  = `for v, gap := range s.Pending() { use(v, gap) }`
		end   = `if s.Ended() { return };`
	)
	for code, want := range map[string]int{
		`for { select { ` + value + lost + tick + ` } }`:                                                      0,
		`for { select { ` + value + tick + ` } }`:                                                             1,
		`for { select { case <-s.Wake: ` + take + `; ` + end + tick + ` } }`:                                  0,
		`for { select { case <-s.Wake: ` + take + `; ` + tick + ` } }`:                                        1,
		`for { select { case <-s.Wake: ` + end + take + `; ` + tick + ` } }`:                                  1,
		`for { select { case _, ok := <-s.Wake: if !ok { return }; ` + take + ` } }`:                          1,
		`for { select { case v := <-s.C: use(v); ` + lost + ` } }`:                                            1,
		`for { select { case v := <-s.C: use(v); ` + gaps + `; ` + lost + ` } }`:                              1,
		`for { select { ` + value + ` case <-s.Lost: flush() } }`:                                             1,
		`s := rtx.On[Order](ctx, ch, "x"); for { select { case v := <-s.C: use(v); ` + tick + ` } }`:          2,
		`s := rtx.OnAny(ctx, on, cases); for { select { case v := <-s.C: use(v) } }`:                          2,
		`states := client.States(ctx); for { select { case state := <-states.C: use(state); ` + tick + ` } }`: 0,
		`s := rtx.On[Order](ctx, ch, "x"); select { case v := <-s.C: use(v) }`:                                0,
	} {
		s, err := parse("test", code)
		if err != nil {
			t.Fatal(err)
		}
		if _, faults := streamLoops(s.file); len(faults) != want {
			t.Errorf("%s: found %v, want %d", code, faults, want)
		}
	}
}
