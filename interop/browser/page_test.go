package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds what a page is waited for; no test waits for it unless it fails.
const patience = 30 * time.Second

// A page is a page in a headless Chromium of its own.
type page struct {
	*testing.T
	ctx context.Context

	mu  sync.Mutex
	log []string // what the browser complained of
}

// needChromium returns where Chromium is. Where it is not, the test is skipped, so this comes before
// anything that is checked at the test's end.
func needChromium(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err == nil {
		return path
	}
	if os.Getenv("REALTIMEX_REQUIRE_CHROMIUM") == "1" {
		t.Fatal("chromium is required and not there: apt-get install chromium")
	}
	t.Skip("skipped: the page is driven in Chromium, and there is none (apt-get install chromium)")
	return ""
}

// open shows url in a headless Chromium. The test's end closes it.
func open(t *testing.T, path, url string) *page {
	t.Helper()
	p := &page{T: t}
	within, stop := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Minute+*load)
	allocated, release := chromedp.NewExecAllocator(within, append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("hide-scrollbars", true), chromedp.WindowSize(1440, 900),
	)...)
	ctx, cancel := chromedp.NewContext(allocated, chromedp.WithListener(p.listen))
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // it may have ended by itself
		cancel()
		release()
		stop()
	})
	p.ctx = ctx
	command(p, log.Enable, cdp.Empty{})
	p.run(chromedp.Navigate(url))
	return p
}

func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		p.log = append(p.log, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		p.log = append(p.log, fmt.Sprint(e.ExceptionDetails.Text, " ", e.ExceptionDetails.Exception))
	}
}

// said returns what the browser has complained of so far: in the page's console, and exceptions.
func (p *page) said() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

func (p *page) run(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatalf("chromium: %v", err)
	}
}

// command runs a command of the DevTools protocol on the page.
func command[P, R any](p *page, c cdp.Command[P, R], params P) R {
	p.Helper()
	result, err := chromedp.Call(p.ctx, c, params)
	if err != nil {
		p.Fatalf("chromium: %v", err)
	}
	return result
}

// eval returns the value of a JavaScript expression, or what its promise becomes.
func eval[T any](p *page, expression string) T {
	p.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("chromium: %s: %v", expression, err)
	}
	return value
}

// await waits until the JavaScript expression is true on the page, and fails the test with the page's
// text if it is not in time. The script needs no eval, which a page can forbid.
func (p *page) await(expression string) {
	p.Helper()
	script := fmt.Sprintf(`new Promise((done) => {
		const end = Date.now() + %d;
		const isTrue = () => { try { return %s; } catch { return false; } };
		const look = () => {
			if (isTrue()) done('');
			else if (Date.now() > end) done(document.body?.innerText || 'nothing');
			else setTimeout(look, 20);
		};
		look();
	})`, patience.Milliseconds(), expression)
	for range 100 { // a page that is just being opened ends the script
		text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
		if err != nil && p.ctx.Err() == nil {
			continue
		}
		if err != nil || text != "" {
			p.Fatalf("never true: %s\nthe page says:\n%s\nand the browser %q, %v", expression, text, p.said(), err)
		}
		return
	}
	p.Fatalf("chromium never ran: %s", expression)
}

// click presses a button with the mouse, which must be there to be seen.
func (p *page) click(selector string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	press := func() error {
		return chromedp.Do(ctx, chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	}
	err := press()
	for err != nil && strings.Contains(err.Error(), "does not have a layout object") && ctx.Err() == nil {
		err = press() // the page has changed between the look at the element and the click
	}
	if err != nil {
		p.Fatalf("click on %s: %v", selector, err)
	}
}

// fill writes a field anew with the keyboard.
func (p *page) fill(selector, text string) {
	p.Helper()
	eval[chromedp.Void](p, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.select(); })()`, selector))
	p.run(chromedp.KeyEvent(text))
}

// set gives a field a value and tells the page by that event, as a browser's own controls do.
func (p *page) set(selector, value, event string) {
	p.Helper()
	eval[chromedp.Void](p, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event(%q)); })()`, selector, value, event))
}

// theme shows the page as to somebody who prefers light or dark.
func (p *page) theme(name string) {
	p.Helper()
	command(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// size makes the page so many pixels wide and high.
func (p *page) size(width, height int64) {
	p.Helper()
	p.run(chromedp.EmulateViewport(width, height))
}

// picture writes what is seen of the page to a PNG.
func (p *page) picture(path string) {
	p.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, png, 0o644)); err != nil {
		p.Fatal(err)
	}
}
