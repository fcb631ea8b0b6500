package examples

import (
	"go/ast"
	"go/build"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A snippet is Go code that readers copy: a block of a text or of a doc comment, or a whole file.
type snippet struct {
	place string
	fset  *token.FileSet
	file  *ast.File
}

func (s snippet) position(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	if p.Filename != "" {
		return p.String()
	}
	return s.place
}

// parse reads code that is a file, declarations, or statements.
func parse(place, code string) (snippet, error) {
	var first error
	for _, frame := range [][2]string{{"", ""}, {"package p\n", ""}, {"package p\nfunc _() {\n", "\n}"}} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "", frame[0]+code+frame[1], 0)
		if err == nil {
			return snippet{place, fset, file}, nil
		}
		first = err
	}
	return snippet{}, first
}

// snippets returns all code that is shown: the examples, the blocks of the README and of docs, and
// those of the doc comments of the packages that people import.
func snippets(t *testing.T) []snippet {
	t.Helper()
	return slices.Concat(goFiles(t, "."), texts(t), comments(t, "../rtx"), comments(t, "../rtxtest"),
		exampleFiles(t, "../rtxtest"), exampleFiles(t, "../rtx"))
}

// texts returns the Go blocks of the README and of docs.
func texts(t *testing.T) (found []snippet) {
	t.Helper()
	paths, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append([]string{"../README.md"}, paths...) {
		found = append(found, markdown(t, path)...)
	}
	return found
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```")

// markdown returns the Go blocks of a text. Each must be Go.
func markdown(t *testing.T, path string) (found []snippet) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range goBlock.FindAllSubmatch(text, -1) {
		s, err := parse(path, string(block[1]))
		if err != nil {
			t.Errorf("%s: a block is not Go: %v\n%s", path, err, block[1])
			continue
		}
		found = append(found, s)
	}
	return found
}

// comments returns the code blocks of the doc comments in a folder and below it. A block that is
// not Go is something else: a command line, an answer.
func comments(t *testing.T, folder string) (found []snippet) {
	t.Helper()
	for _, s := range goFiles(t, folder) {
		for _, group := range s.file.Comments {
			parser := comment.Parser{}
			for _, part := range parser.Parse(group.Text()).Content {
				code, ok := part.(*comment.Code)
				if !ok {
					continue
				}
				if inner, err := parse(s.position(group), code.Text); err == nil {
					found = append(found, inner)
				}
			}
		}
	}
	return found
}

// exampleFiles are the files of examples that the documentation shows.
func exampleFiles(t *testing.T, folder string) (found []snippet) {
	t.Helper()
	for _, s := range goFiles(t, folder) {
		if strings.HasPrefix(filepath.Base(s.place), "example") && strings.HasSuffix(s.place, "_test.go") {
			found = append(found, s)
		}
	}
	return found
}

func goFiles(t *testing.T, folder string) (found []snippet) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		if built, err := build.Default.MatchFile(filepath.Split(path)); err != nil || !built {
			return err // for a newer language than this parser's
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		found = append(found, snippet{path, fset, file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
