package imports

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// order is how the files of package rtx are to be read, from top to bottom: a file uses what stands
// in those below it.
var order = strings.Fields(`
	print loop connect receive apart oversize ping
	observe cases partition on conflate streamoptions trigger serviceerror
	broker retry dialer
	userdata authoption group hold channel subscription ready
	states watch spill lifetime stats binding lapses exec secrets connerror losses places router forms lane entry
	client
	options authority
	sink view wire pace event recovery state envelope names shortcut json ordinary timed stream tracer trace lag gap policy ordered transports errors zero
`)

// upward are the uses that run back up, each with its reason.
var upward = map[string]string{
	"exec -> loop":            "Dial: the machine asks for an attempt, which the connection's goroutine makes and reports to the machine",
	"exec -> broker":          "Authorize: the same with the authorizer",
	"exec -> connect":         "Show: the last state takes the client out of use, which is part of its life",
	"exec -> subscription":    "an Action names a channel of the machine, and its effects are those of the entry",
	"client -> forms":         "the tables have a field of that type; its methods know the client",
	"client -> group":         "a binding knows its group, a group its bindings",
	"client -> hold":          "an entry has its holds, and a hold knows its entry",
	"client -> stats":         "the client has its counters; what reads them knows the client",
	"event -> stats":          "what every sink can do includes its figures",
	"sink -> stats":           "the same",
	"sink -> losses":          "a sink tells what it loses; the log that it is told to is the client's",
	"stats -> receive":        "names are remembered once, by the reader",
	"binding -> spill":        "the end of a stream may leave a spill behind, which is a binding until it is out",
	"trace -> connerror":      "DialDone names the step that failed",
	"tracer -> connerror":     "the same",
	"connerror -> retry":      "an error of a dial says whether it can heal; the table of that is one with the machine's",
	"options -> secrets":      "what is too short to be redacted is one rule",
	"secrets -> subscription": "what was sent for a channel stands in its entry",
	"lifetime -> spill":       "a context ends a stream and what it still delivers",
	"apart -> receive":        "what is read apart is a confirmation like any other",
	"client -> apart":         "the reader has what it leaves to other goroutines; what that does knows the client",
	"streamoptions -> on":     "how a queue is made depends on the source",
	"subscription -> channel": "an entry is made for a handle, and a handle finds its entry",
}

func TestFilesReadFromTopToBottom(t *testing.T) {
	fset := token.NewFileSet()
	var files []*ast.File
	place := make(map[string]int)
	for _, path := range sources(t, "../../rtx") {
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		name := fileName(path)
		if place[name] = slices.Index(order, name); place[name] < 0 && name != "doc" {
			t.Errorf("%s has no place in the order", name)
		}
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", exports(t))}
	pkg, err := conf.Check("rtx", fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	uses := make(map[string][]string)
	for id, o := range info.Uses {
		if _, method := o.(*types.Func); o.Pkg() != pkg || o.Parent() != pkg.Scope() && !method {
			continue // of another package, a field, or local
		}
		from, to := fileName(fset.Position(id.Pos()).Filename), fileName(fset.Position(o.Pos()).Filename)
		if from != to {
			use := from + " -> " + to
			if !slices.Contains(uses[use], o.Name()) {
				uses[use] = append(uses[use], o.Name())
			}
		}
	}
	up := 0
	for use, names := range uses {
		from, to, _ := strings.Cut(use, " -> ")
		if place[from] < place[to] {
			continue
		}
		up++
		if upward[use] == "" {
			slices.Sort(names)
			t.Errorf("%s runs back up, and no reason is given: %s", use, strings.Join(names, " "))
		}
	}
	for use := range upward {
		if len(uses[use]) == 0 {
			t.Errorf("%s is in the list and not in the code", use)
		}
	}
	t.Logf("%d uses between files, %d of them run back up", len(uses), up)
	if up >= 25 {
		t.Errorf("%d uses run back up", up)
	}
}

func fileName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".go") }

// sources are the files of a package that are no tests.
func sources(t *testing.T, dir string) (paths []string) {
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(all) == 0 {
		t.Fatal("no files in ", dir, err)
	}
	return slices.DeleteFunc(all, func(path string) bool { return strings.HasSuffix(path, "_test.go") })
}

// exports finds what the compiler wrote of the packages that rtx imports.
func exports(t *testing.T) func(path string) (io.ReadCloser, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "./rtx")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	of := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		of[path] = file
	}
	return func(path string) (io.ReadCloser, error) {
		if of[path] == "" {
			return nil, fmt.Errorf("nothing is compiled of %q", path)
		}
		return os.Open(of[path])
	}
}
