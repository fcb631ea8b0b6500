package browser

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"
)

var looks = flag.String("looks", "", "a folder for pictures of the console, at three widths, light and dark")

var (
	widths = []int64{360, 768, 1440}
	themes = []string{"light", "dark"}
	panels = []string{"events", "connections", "channels", "send", "signature", "faults"}
)

// showPanel opens a panel, and in it what is closed at first.
func (p *page) showPanel(name string) {
	p.Helper()
	if wide := eval[bool](p, `matchMedia('(min-width: 1100px)').matches`); !wide || name != "events" {
		p.click("#tab-" + name)
	}
	p.await(fmt.Sprintf(`!document.querySelector('#%s').hidden`, name))
	if name == "events" {
		p.click(`#list button.row[data-number]:has(.k-published)`)
		p.await(`!document.querySelector('#detail').hidden`)
	}
	if name == "signature" {
		p.fill("#check-socket", "Xs_kFcXx0c-Z1YbUjkGG")
		p.fill("#check-channel", "presence-lobby")
		p.fill("#check-data", `{"user_id":"ann"}`)
		p.fill("#check-auth", "app-key:2d1e5109f17c93a347d0a52f060df3a517761ce1ddcd7bce2998c4f1925a7cab")
		p.click(`#check button[type="submit"]`)
		p.await(`document.querySelector('#verdict pre') !== null`)
	}
}

// At every width the page needs no scrolling to the side, in every panel; with -looks the pictures
// are there to be looked at.
func TestConsoleLooks(t *testing.T) {
	path := needChromium(t)
	page := scene(t).open(path)
	page.await(`document.querySelectorAll('#outcomes > li').length === 2`)
	for _, width := range widths {
		page.size(width, 900)
		for _, panel := range panels {
			page.showPanel(panel)
			if over := eval[int](page, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s at %d: %d pixels wider than the screen", panel, width, over)
			}
			if *looks == "" {
				continue
			}
			for _, theme := range themes {
				page.theme(theme)
				page.picture(filepath.Join(*looks, fmt.Sprintf("%s-%d-%s.png", panel, width, theme)))
			}
		}
	}
}
