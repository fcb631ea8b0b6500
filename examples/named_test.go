package examples

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest    = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w+)`")
	declaredTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
)

// Each test that a page names is there.
func TestPagesNameTestsThatExist(t *testing.T) {
	declared, named := make(map[string]bool), make(map[string][]string)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		test, page := strings.HasSuffix(path, "_test.go"), strings.HasSuffix(path, ".md")
		if !test && !page {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if test {
			for _, m := range declaredTest.FindAllSubmatch(text, -1) {
				declared[string(m[1])] = true
			}
			return nil
		}
		for _, m := range namedTest.FindAllSubmatch(text, -1) {
			named[string(m[1])] = append(named[string(m[1])], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(named) < 100 {
		t.Errorf("only %d tests are named", len(named))
	}
	for name, pages := range named {
		if !declared[name] {
			t.Errorf("there is no %s, which %s names", name, strings.Join(pages, ", "))
		}
	}
}
