package pages

import (
	"slices"
	"testing"
	"testing/fstest"
)

// What the check must find, and what it must leave alone.
func TestBrokenLinksAreFound(t *testing.T) {
	fsys := fstest.MapFS{
		"docs/other.md": {Data: []byte("# A title, `with` code\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n\n<a id=\"here\"></a>\n")},
		"rtx/a.go":      {Data: []byte("package rtx\n\nvar x int\n")},
	}
	for _, tt := range []struct {
		text  string
		links int
		want  []string
	}{
		{"[a](other.md) [b](../rtx/a.go) [c](../rtx) ![d](other.md \"title\")", 4, nil},
		{"[a\nb](missing.md)", 1, []string{`docs/page.md: "missing.md": there is no docs/missing.md`}},
		{"[a](other.md#a-title-with-code) [b](other.md#twice-1) [c](other.md#here)", 3, nil},
		{"[a](other.md#twice-2)", 1, []string{`docs/page.md: "other.md#twice-2": docs/other.md has no such heading`}},
		{"[a](other.md#no-heading)", 1, []string{`docs/page.md: "other.md#no-heading": docs/other.md has no such heading`}},
		{"# Here\n[a](#here) [b](#there)", 2, []string{`docs/page.md: "#there": docs/page.md has no such heading`}},
		{"[a](../rtx#here)", 1, []string{`docs/page.md: "../rtx#here": a folder without a page has no headings`}},
		{"[a](../rtx/a.go#L3) [b](../rtx/a.go#L1-L4)", 2, []string{`docs/page.md: "../rtx/a.go#L1-L4": rtx/a.go has 3 lines`}},
		{"[a](../../elsewhere)", 1, []string{`docs/page.md: "../../elsewhere": leaves the repository`}},
		{"[a](/docs/other.md)", 1, []string{`docs/page.md: "/docs/other.md": begins with a slash`}},
		{"[a]: gone.md\n[b]: other.md", 2, []string{`docs/page.md: "gone.md": there is no docs/gone.md`}},
		{`<img src="gone.svg"> <source srcset="other.md">`, 2, []string{`docs/page.md: "gone.svg": there is no docs/gone.svg`}},
		{"[a](https://example.com/x) [b](http://example.com) [c](https://localhost)", 3,
			[]string{`docs/page.md: "http://example.com": want https`, `docs/page.md: "https://localhost": want a public host`}},
		{"[a](" + onPkg + "/rtx#Gap) [b](" + onPkg + "/rtz) [c](" + onHub + "/blob/main/rtx/b.go)", 3,
			[]string{`docs/page.md: "` + onPkg + `/rtz": there is no rtz`, `docs/page.md: "` + onHub + `/blob/main/rtx/b.go": there is no rtx/b.go`}},
		{"`rtx/a.go` `a.go/` `rtx/gone.go` `encoding/json` `docs/*.md` `rtx/v0.1.0`", 0, []string{"docs/page.md: there is no `rtx/gone.go`"}},
		{"```\n[a](gone.md)\n```\n    [a](gone.md)\n`[a](gone.md)` <!-- [a](gone.md) -->", 0, nil},
	} {
		fsys["docs/page.md"] = &fstest.MapFile{Data: []byte(tt.text + "\n")}
		if links, faults := check(fsys, "docs/page.md"); links != tt.links || !slices.Equal(faults, tt.want) {
			t.Errorf("%q:\ngot  %d %q\nwant %d %q", tt.text, links, faults, tt.links, tt.want)
		}
	}
}
