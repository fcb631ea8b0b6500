package rtxtest_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/exported"
)

// mostNames is how many exported names the package may have: functions, types, methods, constants
// and variables together. A test author has to find what they need among them.
const mostNames = 44

// read returns the package's documentation, with its examples.
func read(t *testing.T) *doc.Package {
	t.Helper()
	fset := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	p, err := doc.NewFromFiles(fset, files, "github.com/realtimex/realtimex-go/rtxtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestThePackageIsSmall(t *testing.T) {
	p := read(t)
	var names []string
	values := func(list []*doc.Value) {
		for _, v := range list {
			names = append(names, v.Names...)
		}
	}
	funcs := func(of string, list []*doc.Func) {
		for _, f := range list {
			names = append(names, of+f.Name)
		}
	}
	values(p.Consts)
	values(p.Vars)
	funcs("", p.Funcs)
	for _, typ := range p.Types {
		names = append(names, typ.Name)
		values(typ.Consts)
		values(typ.Vars)
		funcs("", typ.Funcs)
		funcs(typ.Name+".", typ.Methods)
	}
	if t.Logf("%d names: %s", len(names), strings.Join(names, " ")); len(names) > mostNames || len(names) < 20 {
		t.Errorf("%d exported names, want at most %d", len(names), mostNames)
	}
}

// Some have an Example that can't be run, because it needs a test.
func TestEverythingHasAnExample(t *testing.T) {
	needTest := []string{"NewPipeServer", "Replay", "WithReplaySpeed", "Server.WaitReplayed"}
	for _, name := range append(exported.WithoutExample(t), exported.MethodsWithoutExample(t)...) {
		if !slices.Contains(needTest, name) {
			t.Errorf("no Example uses %s", name)
		}
	}
	for _, e := range read(t).Funcs {
		if (e.Name == "NewPipeServer" || e.Name == "Replay") && len(e.Examples) == 0 {
			t.Errorf("%s has no Example", e.Name)
		}
	}
}
