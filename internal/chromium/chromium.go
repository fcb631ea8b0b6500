// Package chromium shows a page in a headless Chromium, for tests of what people see in a browser.
package chromium

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// A Page is a page in a headless browser of its own, driven by its DevTools protocol over a pipe.
// One goroutine may use it at a time.
type Page struct {
	to      io.Writer
	from    *bufio.Reader
	session string
	id      int
	log     []string
}

// Find returns where Chromium is. Where it is not, the test is skipped, so this comes before
// anything that is checked at the test's end.
func Find(t testing.TB) string {
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

// Open shows url in a headless Chromium. The test's end closes it.
func Open(t testing.TB, path, url string) *Page {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 90*time.Second)
	in, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{in, out} // 3 and 4 over there
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = in.Close(), out.Close()
	p := &Page{to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		p.session = ""
		_, _ = p.call("Browser.close", nil)
		_ = cmd.Wait()
		cancel()
		_, _ = to.Close(), from.Close()
	})

	var made struct{ TargetID, SessionID string }
	p.must(t, "Target.createTarget", map[string]any{"url": url}, &made)
	p.must(t, "Target.attachToTarget", map[string]any{"targetId": made.TargetID, "flatten": true}, &made)
	p.session = made.SessionID
	p.must(t, "Log.enable", nil, &struct{}{})
	return p
}

// Log returns what the browser has complained of in the console of the page so far.
func (p *Page) Log() []string { return p.log }

// call makes one call and waits for its answer; of events it takes those of the log. When Chromium
// ends, so does the wait.
func (p *Page) call(method string, params any) (json.RawMessage, error) {
	p.id++
	message := map[string]any{"id": p.id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if p.session != "" {
		message["sessionId"] = p.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	if _, err := p.to.Write(append(text, 0)); err != nil {
		return nil, err
	}
	for {
		text, err := p.from.ReadBytes(0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
			Method string
			Params json.RawMessage
		}
		if err := json.Unmarshal(text[:len(text)-1], &answer); err != nil {
			return nil, err
		}
		if answer.Method == "Log.entryAdded" {
			var added struct{ Entry struct{ Text string } }
			if err := json.Unmarshal(answer.Params, &added); err != nil {
				return nil, err
			}
			p.log = append(p.log, added.Entry.Text)
		}
		if answer.ID != p.id {
			continue
		}
		if answer.Error != nil {
			return nil, errors.New(answer.Error.Message)
		}
		return answer.Result, nil
	}
}

func (p *Page) must(t testing.TB, method string, params, result any) {
	t.Helper()
	text, err := p.call(method, params)
	if err == nil {
		err = json.Unmarshal(text, result)
	}
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
}

// Await waits until the JavaScript expression is true on the page; it fails the test with the
// page's text after 20 s.
func (p *Page) Await(t testing.TB, expression string) {
	t.Helper()
	script := fmt.Sprintf(`new Promise((done) => {
		const end = Date.now() + 20000;
		const isTrue = () => { try { return %s; } catch { return false; } };
		const look = () => {
			if (isTrue()) done('');
			else if (Date.now() > end) done(document.body?.innerText || 'nothing');
			else setTimeout(look, 20);
		};
		look();
	})`, expression)
	var got struct{ Result struct{ Value string } }
	for range 100 { // a page that is just being opened ends the script
		text, err := p.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true})
		if errors.Is(err, io.EOF) {
			t.Fatal("chromium ended")
		}
		if err != nil {
			continue
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.Result.Value != "" {
			t.Fatalf("never true: %s\nthe page says:\n%s", expression, got.Result.Value)
		}
		return
	}
	t.Fatalf("chromium never ran: %s", expression)
}
