package pages

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/exported"
)

// indexed are the pages that an index has to have: all but those that another page is the index of,
// and GitHub's own.
func indexed(t *testing.T) (found []string) {
	t.Helper()
	for _, page := range pages(t) {
		switch {
		case page == "README.md", page == "llms.txt", strings.HasPrefix(page, ".github/"),
			path.Dir(page) == "docs/decisions" && path.Base(page) != "README.md":
		default:
			found = append(found, page)
		}
	}
	return found
}

// targets are the files of the repository that a page links, once for each link.
func targets(t *testing.T, page string) (found []string) {
	t.Helper()
	text, err := read(root, page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range inline.FindAllStringSubmatch(prose(text), -1) {
		if target, _, _ := strings.Cut(m[1], "#"); !strings.Contains(target, "://") {
			found = append(found, path.Join(path.Dir(page), target))
		}
	}
	return found
}

// The README links each page once, so that its table is the one place to look for pages.
func TestReadmeLinksEachPageOnce(t *testing.T) {
	links := targets(t, "README.md")
	for _, page := range indexed(t) {
		if n := count(links, page); n != 1 {
			t.Errorf("README.md links %s %d times", page, n)
		}
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// The notes of the design are linked by their own page.
func TestDesignNotesAreLinked(t *testing.T) {
	links := targets(t, "docs/decisions/README.md")
	notes, err := fs.Glob(root, "docs/decisions/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range notes {
		if path.Base(note) != "README.md" && count(links, note) != 1 {
			t.Errorf("docs/decisions/README.md does not link %s once", note)
		}
	}
}

// llms.txt has its form (a title, a summary, and sections of links with a few words each), and leaves
// out no page and no listing of the API. TestLinks follows its links.
func TestLLMsText(t *testing.T) {
	text, err := read(root, "llms.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`\A# \S.*\n\n> \S.*\n\n`).MatchString(text) {
		t.Error("want a title and a summary at the beginning")
	}
	_, sections, _ := strings.Cut(text, "\n## ")
	for line := range strings.Lines("## " + sections) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "## ") && !regexp.MustCompile(`^- \[[^\]]+\]\([^)]+\): \S`).MatchString(line) {
			t.Errorf("neither a section nor a link with a few words: %q", line)
		}
	}
	listings, err := fs.Glob(root, "api/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(listings) < 8 {
		t.Errorf("listings: %q", listings)
	}
	links := targets(t, "llms.txt")
	for _, want := range slices.Concat(indexed(t), listings) {
		if !slices.Contains(links, want) {
			t.Errorf("llms.txt does not link %s", want)
		}
	}
}

// docs/options.md has each option that the packages export.
func TestOptionsPage(t *testing.T) {
	page, err := read(root, "docs/options.md")
	if err != nil {
		t.Fatal(err)
	}
	option := regexp.MustCompile(`^func (With\w+)`)
	n := 0
	for _, pkg := range []string{"rtx", "rtx/auth", "rtx/flow", "rtx/mirror", "rtx/presence", "rtx/record", "rtxtest"} {
		api, err := exported.API(path.Join("../..", pkg), 26)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range api {
			if m := option.FindStringSubmatch(line); m != nil {
				if n++; !strings.Contains(page, "`"+m[1]+"`") {
					t.Errorf("docs/options.md does not have %s of %s", m[1], pkg)
				}
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d options", n)
	}
}
