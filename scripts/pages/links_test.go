// Package pages has the tests of the project's pages: that links lead somewhere, and that the pages
// for readers of one kind leave none of the others out.
package pages

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

const (
	module = "github.com/realtimex/realtimex-go"
	onHub  = "https://" + module
	onPkg  = "https://pkg.go.dev/" + module
)

// root is the repository.
var root = os.DirFS("../..")

// Each link of each page leads to a file, a folder, a heading or a line that is there. Links to other
// sites are checked for their form only: no site is asked.
func TestLinks(t *testing.T) {
	all := pages(t)
	if len(all) < 30 {
		t.Errorf("only %d pages: %q", len(all), all)
	}
	links := 0
	for _, page := range all {
		n, faults := check(root, page)
		links += n
		for _, fault := range faults {
			t.Error(fault)
		}
	}
	if links < 90 {
		t.Errorf("only %d links", links)
	}
}

// pages returns the paths of all pages, and of llms.txt, which is one too.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{"llms.txt"}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return fs.SkipDir
		case path.Ext(name) == ".md":
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var (
	fence     = regexp.MustCompile("(?ms)^( *)(```+|~~~+).*?^ *(```+|~~~+) *$")
	indented  = regexp.MustCompile(`(?m)^(?: {4}|\t).*$`)
	comment   = regexp.MustCompile(`(?s)<!--.*?-->`)
	code      = regexp.MustCompile("`([^`\n]+)`")
	inline    = regexp.MustCompile(`\]\(\s*<?([^)\s>]*)>?(?:\s+"[^"]*")?\s*\)`)
	reference = regexp.MustCompile(`(?m)^\[[^\]]+\]:\s*(\S+)`)
	attribute = regexp.MustCompile(`(?:href|src|srcset)="([^"]*)"`)
	heading   = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *#* *$`)
	anchor    = regexp.MustCompile(`<[^>]* (?:id|name)="([^"]+)"`)
	lines     = regexp.MustCompile(`^L(\d+)(?:-L(\d+))?$`)
	located   = regexp.MustCompile(`^[a-z.][\w.-]*(?:/[\w.-]+)+/?$`)
	tag       = regexp.MustCompile(`/v\d`)
)

// check returns how many links a page has, and what is wrong with them. A path in code that begins
// with a folder of the repository is checked like a link.
func check(fsys fs.FS, page string) (links int, faults []string) {
	text, err := read(fsys, page)
	if err != nil {
		return 0, []string{err.Error()}
	}
	text = prose(text)
	for _, m := range code.FindAllStringSubmatch(text, -1) {
		if page != "CHANGELOG.md" && !exists(fsys, page, m[1]) { // the changelog tells of what was
			faults = append(faults, fmt.Sprintf("%s: there is no `%s`", page, m[1]))
		}
	}
	text = code.ReplaceAllString(text, "")
	for _, kind := range []*regexp.Regexp{inline, reference, attribute} {
		for _, m := range kind.FindAllStringSubmatch(text, -1) {
			links++
			if fault := follow(fsys, page, m[1]); fault != "" {
				faults = append(faults, fmt.Sprintf("%s: %q: %s", page, m[1], fault))
			}
		}
	}
	return links, faults
}

// prose is a text without its blocks of code and its comments, which are no links.
func prose(text string) string {
	return indented.ReplaceAllString(comment.ReplaceAllString(fence.ReplaceAllString(text, ""), ""), "")
}

// exists reports whether a text in code is no path of this repository, or one that is there: from
// the root, from the page, or from rtx, as docs/architecture.md has them.
func exists(fsys fs.FS, page, name string) bool {
	first, _, _ := strings.Cut(name, "/")
	if !located.MatchString(name) || tag.MatchString(name) {
		return true
	}
	ours := false
	for _, base := range []string{"", path.Dir(page), "rtx"} {
		if _, err := fs.Stat(fsys, path.Join(base, name)); err == nil {
			return true
		}
		_, err := fs.Stat(fsys, path.Join(base, first))
		ours = ours || err == nil
	}
	return !ours
}

// follow says why a link leads nowhere, or "".
func follow(fsys fs.FS, page, link string) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return "no URL"
	case u.Scheme != "" || u.Host != "":
		return outside(fsys, u)
	case path.IsAbs(u.Path):
		return "begins with a slash"
	}
	target := page
	if u.Path != "" {
		target = path.Join(path.Dir(page), u.Path)
	}
	return inside(fsys, target, u.Fragment)
}

// inside says what is wrong with a place of the repository, or "".
func inside(fsys fs.FS, target, fragment string) string {
	if !fs.ValidPath(target) {
		return "leaves the repository"
	}
	info, err := fs.Stat(fsys, target)
	if err != nil {
		return "there is no " + target
	}
	if fragment == "" {
		return ""
	}
	if info.IsDir() {
		if target = path.Join(target, "README.md"); inside(fsys, target, "") != "" {
			return "a folder without a page has no headings"
		}
	}
	text, err := read(fsys, target)
	if err != nil {
		return err.Error()
	}
	if m := lines.FindStringSubmatch(fragment); m != nil {
		from, _ := strconv.Atoi(m[1])
		to := from
		if m[2] != "" {
			to, _ = strconv.Atoi(m[2])
		}
		if from < 1 || to < from || to > strings.Count(text, "\n") {
			return fmt.Sprintf("%s has %d lines", target, strings.Count(text, "\n"))
		}
		return ""
	}
	if !slices.Contains(anchors(text), fragment) {
		return target + " has no such heading"
	}
	return ""
}

// outside says what is wrong with the form of a link to another site, or "". Where that site shows
// this repository, the place must be there.
func outside(fsys fs.FS, u *url.URL) string {
	whole := u.String()
	switch {
	case u.Scheme == "mailto" && strings.Contains(u.Opaque, "@"):
		return ""
	case u.Scheme != "https":
		return "want https"
	case !strings.Contains(u.Hostname(), ".") || u.User != nil || u.Port() != "":
		return "want a public host"
	case strings.HasPrefix(whole, onPkg):
		folder, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(whole, onPkg), "/"), "#")
		return inside(fsys, path.Join(".", folder), "")
	case strings.HasPrefix(whole, onHub+"/blob/main/"), strings.HasPrefix(whole, onHub+"/tree/main/"):
		place := strings.SplitN(u.Path, "/", 6)[5]
		return inside(fsys, path.Clean(place), u.Fragment)
	}
	return ""
}

// anchors returns the names under which the headings of a page are reached.
func anchors(text string) (names []string) {
	text = fence.ReplaceAllString(text, "")
	for _, m := range anchor.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		title := regexp.MustCompile(`\]\([^)]*\)`).ReplaceAllString(m[1], "")
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, title)
		again := name
		for n := 1; slices.Contains(names, again); n++ {
			again = fmt.Sprintf("%s-%d", name, n)
		}
		names = append(names, again)
	}
	return names
}

func read(fsys fs.FS, name string) (string, error) {
	text, err := fs.ReadFile(fsys, name)
	return string(text), err
}
