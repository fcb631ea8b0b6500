package main

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

// A chromium is a headless browser with one page, driven by its DevTools protocol over a pipe.
type chromium struct {
	to      io.Writer
	from    *bufio.Reader
	session string
	id      int
}

// findChromium returns where Chromium is. Where it is not, the test is skipped, so this comes before anything that is checked
// at the test's end.
func findChromium(t *testing.T) string {
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

// openChromium shows url in a headless Chromium. The test's end closes it.
func openChromium(t *testing.T, path, url string) *chromium {
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
	c := &chromium{to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		c.session = ""
		_, _ = c.call("Browser.close", nil)
		_ = cmd.Wait()
		cancel()
		_, _ = to.Close(), from.Close()
	})

	var made struct{ TargetID, SessionID string }
	c.must(t, "Target.createTarget", map[string]any{"url": url}, &made)
	c.must(t, "Target.attachToTarget", map[string]any{"targetId": made.TargetID, "flatten": true}, &made)
	c.session = made.SessionID
	return c
}

// call makes one call and waits for its answer; events are passed over. When Chromium ends, so does the wait.
func (c *chromium) call(method string, params any) (json.RawMessage, error) {
	c.id++
	message := map[string]any{"id": c.id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if c.session != "" {
		message["sessionId"] = c.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	if _, err := c.to.Write(append(text, 0)); err != nil {
		return nil, err
	}
	for {
		text, err := c.from.ReadBytes(0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(text[:len(text)-1], &answer); err != nil {
			return nil, err
		}
		if answer.ID != c.id {
			continue
		}
		if answer.Error != nil {
			return nil, errors.New(answer.Error.Message)
		}
		return answer.Result, nil
	}
}

func (c *chromium) must(t *testing.T, method string, params, result any) {
	t.Helper()
	text, err := c.call(method, params)
	if err == nil {
		err = json.Unmarshal(text, result)
	}
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
}

// await waits until the JavaScript expression is true on the page; it fails the test with the page's text after 20 s.
func (c *chromium) await(t *testing.T, expression string) {
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
		text, err := c.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true})
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
