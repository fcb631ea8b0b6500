package examples

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Pending, All and Batches hand out a zero value for each gap. A range over them that takes the
// value alone takes that for an event.
func TestNoRangeTakesAGapForAValue(t *testing.T) {
	for _, s := range snippets(t) {
		for _, r := range blindRanges(s.file) {
			t.Errorf("%s: the range over %s does not look at the gap", s.position(r), types.ExprString(r.X))
		}
	}
}

// blindRanges finds, by names alone, the ranges over Pending, All or Batches that do not take the
// gap.
func blindRanges(file *ast.File) (found []*ast.RangeStmt) {
	without := gapless(file)
	ast.Inspect(file, func(n ast.Node) bool {
		r, ok := n.(*ast.RangeStmt)
		if ok && leavesOut(r.Value) && (calls(r.X, "Pending") || calls(r.X, "All") && !hasArguments(r.X) || calls(r.X, "Batches")) && !without[types.ExprString(r.X)] {
			found = append(found, r)
		}
		return true
	})
	return found
}

// gapless finds what a file may range over without a gap: All of states and rooms, which have none.
// They are told by what made them in the same file.
func gapless(file *ast.File) map[string]bool {
	without := make(map[string]bool)
	ast.Inspect(file, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if ok && len(a.Lhs) == 1 && (calls(a.Rhs[0], "States") || calls(a.Rhs[0], "Watch")) {
			without[types.ExprString(a.Lhs[0])+".All()"] = true
		}
		return true
	})
	return without
}

// calls reports whether x calls a method or a function of a package by that name.
func calls(x ast.Expr, name string) bool {
	call, ok := x.(*ast.CallExpr)
	if !ok {
		return false
	}
	fun := call.Fun
	if instance, ok := fun.(*ast.IndexExpr); ok {
		fun = instance.X
	}
	selector, ok := fun.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == name
}

// hasArguments tells the All of outages, which have no gaps, from that of a stream.
func hasArguments(x ast.Expr) bool {
	call, ok := x.(*ast.CallExpr)
	return ok && len(call.Args) > 0
}

func leavesOut(x ast.Expr) bool {
	name, ok := x.(*ast.Ident)
	return x == nil || ok && name.Name == "_"
}

func TestBlindRangesAreFound(t *testing.T) {
	for code, want := range map[string]int{
		`for v := range s.All() { use(v) }`:                            1,
		`for v := range s.Pending() { use(v) }`:                        1,
		`for v, _ := range s.All() { use(v) }`:                         1,
		`for range shop.orders.All() { n++ }`:                          1,
		`for vs := range rtx.Batches(s, 10, 0) { use(vs) }`:            1,
		`for vs := range rtx.Batches[Order](s, 10, 0) { use(vs) }`:     1,
		`go func() { for v := range s.All() { use(v) } }()`:            1,
		`for v, gap := range s.All() { use(v, gap) }`:                  0,
		`for o := range outages.All(ctx) { reload(o) }`:                0,
		`for v, gap := range s.Pending() { use(v, gap) }`:              0,
		`for _, gap := range s.All() { use(gap) }`:                     0,
		`for vs, gap := range rtx.Batches(s, 10, 0) { use(vs, gap) }`:  0,
		`for v := range s.C { use(v) }`:                                0,
		`for gap := range s.Gaps() { use(gap) }`:                       0,
		`for v := range s.All() { use(v) }; for range s.All() { n++ }`: 2,

		`s := client.States(ctx); for v := range s.All() { use(v) }`:                            0,
		`room := presence.Watch[User](ctx, ch); for v := range room.All() { use(v) }`:           0,
		`room := presence.Watch[User](ctx, ch); for v := range s.All() { use(v) }; return room`: 1,
	} {
		s, err := parse("test", code)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(blindRanges(s.file)); got != want {
			t.Errorf("%s: found %d, want %d", code, got, want)
		}
	}
}

// The same by types, so that an iterator may have any name.
func TestNoRangeOfTheExamplesTakesAGapForAValue(t *testing.T) {
	seen := 0
	for _, p := range list(t) {
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		for _, r := range typedBlindRanges(t, fset, files, p.importer(fset)) {
			t.Errorf("%s: the range over %s does not look at the gap", fset.Position(r.Pos()), types.ExprString(r.X))
		}
		seen++
	}
	if seen == 0 {
		t.Error("no package was looked at")
	}
}

func TestTypedBlindRangesAreFound(t *testing.T) {
	const code = `package p

import "github.com/realtimex/realtimex-go/rtx"

func read(s *rtx.Stream[int]) {
	seq := s.All()
	for v := range seq {
		_ = v
	}
	for v, gap := range seq {
		_, _ = v, gap
	}
	for range rtx.Batches(s, 1, 0) {
	}
	for gap := range s.Gaps() {
		_ = gap
	}
}
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", code, 0)
	if err != nil {
		t.Fatal(err)
	}
	if found := typedBlindRanges(t, fset, []*ast.File{file}, list(t)[0].importer(fset)); len(found) != 2 {
		t.Errorf("found %d, want 2", len(found))
	}
}

func typedBlindRanges(t *testing.T, fset *token.FileSet, files []*ast.File, imports types.Importer) (found []*ast.RangeStmt) {
	t.Helper()
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue)}
	config := types.Config{Importer: imports}
	if _, err := config.Check("p", fset, files, info); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if r, ok := n.(*ast.RangeStmt); ok && leavesOut(r.Value) && yieldsGaps(info.TypeOf(r.X)) {
				found = append(found, r)
			}
			return true
		})
	}
	return found
}

// yieldsGaps reports whether t is an iterator of two values whose second is a pointer to a Gap.
func yieldsGaps(t types.Type) bool {
	seq, ok := t.Underlying().(*types.Signature)
	if !ok || seq.Params().Len() != 1 {
		return false
	}
	yield, ok := seq.Params().At(0).Type().Underlying().(*types.Signature)
	if !ok || yield.Params().Len() != 2 {
		return false
	}
	pointer, ok := types.Unalias(yield.Params().At(1).Type()).(*types.Pointer)
	if !ok {
		return false
	}
	gap, ok := types.Unalias(pointer.Elem()).(*types.Named)
	return ok && gap.Obj().Name() == "Gap"
}

// A listed is what go list tells of a package of the examples, its tests included.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool

	exports map[string]string // of all packages that were listed
}

func (p listed) importer(fset *token.FileSet) types.Importer {
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		export, ok := p.exports[path]
		if !ok {
			return nil, errors.New("not listed: " + path)
		}
		return os.Open(export)
	})
}

func list(t *testing.T) (packages []listed) {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-test", "-json=ImportPath,Dir,Export,GoFiles,DepOnly", "./...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := make(map[string]string)
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := listed{exports: exports}
		if err := decoder.Decode(&p); err == io.EOF {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly && !strings.HasSuffix(p.ImportPath, ".test") { // else what go test writes itself
			packages = append(packages, p)
		}
	}
}
