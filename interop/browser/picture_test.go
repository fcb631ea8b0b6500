//go:build picture

package browser

import (
	"flag"
	"path/filepath"
	"testing"
)

var pictures = flag.String("picture", "", "the folder that the pictures of the console are written to")

// TestPicture takes the pictures of docs/console.md from a real run: light and dark.
func TestPicture(t *testing.T) {
	if *pictures == "" {
		t.Skip("no -picture")
	}
	t.Setenv("REALTIMEX_REQUIRE_CHROMIUM", "1") // who asks for a picture wants no test that is skipped
	path := needChromium(t)
	page := scene(t).open(path)
	page.size(1280, 860)
	page.await(`document.querySelectorAll('#outcomes > li').length === 2`)
	for _, theme := range themes {
		page.theme(theme)
		page.showPanel("events")
		page.showPanel("faults")
		page.await(`document.querySelector('#outcomes').innerText.includes('3 of them recovered')`)
		page.picture(filepath.Join(*pictures, "console-"+theme+".png"))
	}
}
