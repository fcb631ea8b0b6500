package browser

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// axe returns the script of axe-core, from npm.
func axe(t *testing.T) string {
	t.Helper()
	nodetest.Skip(t)
	script, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if os.IsNotExist(err) && os.Getenv("REALTIMEX_REQUIRE_NODE") != "1" {
		t.Skip("skipped: the npm package axe-core is not installed: run `npm ci` in interop/")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// violations runs axe-core on what is shown, and returns what it finds.
func (p *page) violations() []string {
	p.Helper()
	return eval[[]string](p, `axe.run(document, { resultTypes: ['violations'] }).then((r) =>
		r.violations.flatMap((v) => v.nodes.map((n) => v.id + ' ' + n.target.join(' ') + ': ' + n.failureSummary)))`)
}

// axe-core finds nothing in any panel, at any width, in either theme.
func TestConsoleIsAccessible(t *testing.T) {
	path := needChromium(t)
	script := axe(t)
	page := scene(t).open(path)
	page.await(`document.querySelectorAll('#outcomes > li').length === 2`)
	eval[chromedp.Void](page, script+"; undefined")
	// It can find something: a text without contrast.
	eval[chromedp.Void](page, `(() => { const p = document.querySelector('#hint'); p.hidden = false; p.textContent = 'a text without contrast'; p.id = 'bad'; p.style.cssText = 'color: #888; background: #999'; })()`)
	if found := strings.Join(page.violations(), "\n"); !strings.Contains(found, "color-contrast #bad") {
		t.Fatalf("it sees no text without contrast: %s", found)
	}
	eval[chromedp.Void](page, `(() => { const p = document.querySelector('#bad'); p.hidden = true; p.id = 'hint'; p.removeAttribute('style'); })()`)
	for _, width := range widths {
		page.size(width, 900)
		for _, panel := range panels {
			page.showPanel(panel)
			for _, theme := range themes {
				page.theme(theme)
				for _, v := range page.violations() {
					t.Errorf("%s", fmt.Sprintf("%s at %d, %s: %s", panel, width, theme, v))
				}
			}
		}
	}
}

// The form that asks for the token too.
func TestConsoleLoginIsAccessible(t *testing.T) {
	path := needChromium(t)
	script := axe(t)
	base, _, _ := strings.Cut(serveConsole(t).UI, "#")
	page := open(t, path, base)
	page.await(`!document.querySelector('#login').hidden`)
	eval[chromedp.Void](page, script+"; undefined")
	for _, theme := range themes {
		page.theme(theme)
		for _, v := range page.violations() {
			t.Errorf("%s: %s", theme, v)
		}
	}
}
