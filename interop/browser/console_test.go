package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// quiet fails the test if the browser has complained of anything, such as a breach of the page's
// policy.
func (p *page) quiet() {
	p.Helper()
	if said := p.said(); len(said) > 0 {
		p.Errorf("the browser says %q", said)
	}
}

// text is an expression: the text of an element, or "".
func text(selector string) string {
	return fmt.Sprintf(`(document.querySelector(%q)?.innerText ?? '')`, selector)
}

// A newcomer's first look: the page, and on it an event that was published elsewhere.
func TestConsoleFirstLook(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t)
	p := c.open(path)
	p.await(text("#hint") + `.includes('rtx trigger orders created')`)
	c.publish("orders", "created", map[string]int{"id": 1})
	p.await(text("#list") + `.includes('{"id":1}')`)
	if hash := eval[string](p, `location.href`); strings.Contains(hash, c.Token) {
		t.Error("the token stays in the address bar")
	}
	p.quiet()
}

func TestConsoleEvents(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t, "--recovery", "1m")
	p := c.open(path)
	rows := `[...document.querySelectorAll('#list button')].map((b) => b.innerText)`
	c.publish("orders", "created", map[string]any{"id": 1, "lines": []any{map[string]any{"sku": "T-1"}}})
	c.publish("prices", "tick", json.RawMessage(`{"exact":12345678901234567890}`))
	p.await(rows + `.length === 2`)

	p.fill("#filter", "T-1")
	p.await(rows + `.length === 1 && ` + rows + `[0].includes('orders')`)
	p.click("#list button")
	for _, fact := range []string{"created", "the service", "0 connections", "lines", "T-1", `42["server-event",{"channel":"orders"`} {
		if fact == "T-1" { // in a branch that is closed at first
			p.click("#detail .tree details details summary")
			p.click("#detail .tree details details details summary")
		}
		p.await(text("#detail") + fmt.Sprintf(`.includes(%q)`, fact))
	}
	p.set("#filter", "", "input")
	p.await(rows + `.length === 2`)
	p.run(chromedp.Focus(chromedp.CSS("#list button")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	p.await(text("#detail h3") + ` === 'created'`)
	p.run(chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.Enter))
	p.await(text("#detail") + `.includes('exact: 12345678901234567890')`) // which JavaScript would round

	p.click("#pause")
	c.publish("orders", "later", nil)
	p.await(text("#held") + `.includes('1 new') && ` + rows + `.length === 2`)
	p.click("#pause")
	p.await(rows + `.length === 3`)
	p.set("#kinds", "connections", "change")
	p.await(rows + `.length === 0`)
	c.join("ann", "orders")
	p.await(rows + `.length === 1 && ` + rows + `[0].includes('connected')`)
	p.click("#clear")
	p.await(rows + `.length === 0`)
	p.quiet()
}

func TestConsoleConnectionsAndChannels(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t, "--recovery", "1m")
	c.join("ann", "orders", "presence-lobby")
	c.call("POST", "members", map[string]any{"channel": "presence-lobby", "user_id": "zoe"})
	c.publish("orders", "created", 1) // an offset, without which nothing is recovered
	p := c.open(path)
	card := text("#connection-list li")
	p.await(card + `.includes('websocket') && ` + card + `.includes('orders, presence-lobby')`)
	p.await(`/sent\n\d/.test(` + card + `) && /received\n\d/.test(` + card + `) && /since\n\d/.test(` + card + `)`)
	p.click("#connection-list button") // Drop
	p.await(card + `.includes('recovered\nyes')`)

	p.click("#tab-channels")
	lobby := `[...document.querySelectorAll('#channel-list > li')].find((l) => l.innerText.startsWith('presence-lobby')).innerText`
	p.await(lobby + `.includes('1 holder') && ` + lobby + `.includes('2 members') && ` + lobby + `.includes('{"name":"ann"}')`)
	p.click(`#channel-list button[aria-label="Remove zoe from presence-lobby"]`)
	p.await(lobby + `.includes('1 member\n')`)
	p.click(`#channel-list button[aria-label="Publish here, on orders"]`)
	p.await(`document.querySelector('#publish-channel').value === 'orders' && document.activeElement.id === 'publish-event'`)
	p.quiet()
}

func TestConsoleSends(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t)
	c.join("ann", "private-desk")
	c.join("bob", "private-desk")
	p := c.open(path)
	p.click("#tab-send")
	p.fill("#publish-channel", "private-desk")
	p.fill("#publish-data", `{"exact":12345678901234567890}`)
	p.click("#publish button")
	p.await(text("#publish output") + `.includes('2 connections')`)
	p.await(text("#list") + `.includes('{"exact":12345678901234567890}')`)
	p.fill("#publish-data", `{"exact":`)
	p.click("#publish button")
	p.await(text("#publish output") + `.includes('not JSON')`)

	p.fill("#trigger-channel", "private-desk")
	p.click("#trigger button")
	p.await(text("#trigger output") + `.includes('2 connections')`)
	p.await(`document.querySelectorAll('#trigger-from option').length === 3`)
	eval[chromedp.Void](p, `document.querySelector('#trigger-from').selectedIndex = 1`)
	p.click("#trigger button")
	p.await(text("#trigger output") + `.includes('1 connection.')`)

	p.click("#member button")
	p.await(text("#member output") + `.includes('1 present')`)
	p.await(text("#list") + `.includes('member added')`)
	p.quiet()
}

func TestConsoleChecksSignatures(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t)
	c.join("ann", "orders")
	p := c.open(path)
	socket := c.socketIDs()[0]
	p.click("#tab-signature")
	p.fill("#check-socket", socket)
	p.fill("#check-channel", "private-desk")
	p.fill("#check-auth", c.sign(socket, "private-desk"))
	p.click("#check button")
	p.await(text("#verdict") + `.includes('Right')`)
	p.await(text("#verdict pre") + fmt.Sprintf(` === %q`, socket+":private-desk"))
	p.fill("#check-socket", "another-socket-id")
	p.click("#check button")
	p.await(text("#verdict") + fmt.Sprintf(`.includes(%q)`, "Wrong: the signature is for another connection: "+socket))
	p.quiet()
}

// sign has the server's own auth endpoint sign.
func (c *console) sign(socket, channel string) string {
	c.Helper()
	body, err := json.Marshal(map[string]string{"socket_id": socket, "channel_name": channel})
	if err != nil {
		c.Fatal(err)
	}
	request, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.Auth, bytes.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	var grant struct{ Auth string }
	if err := json.NewDecoder(response.Body).Decode(&grant); err != nil {
		c.Fatal(err)
	}
	return grant.Auth
}

func (c *console) socketIDs() (ids []string) {
	c.Helper()
	for _, conn := range c.call("GET", "state", nil)["connections"].([]any) {
		ids = append(ids, conn.(map[string]any)["socket_id"].(string))
	}
	return ids
}

// What events, channels, users and errors are called, and have in them, is text on the page, whatever
// it looks like.
func TestConsoleShowsNoHTML(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t)
	const attack = `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>`
	p := c.open(path)
	c.publish(attack, attack, map[string]any{attack: attack})
	c.call("POST", "members", map[string]any{"channel": "presence-" + attack, "user_id": attack, "user_info": map[string]any{"name": attack}})
	c.call("POST", "faults", map[string]any{"fault": "deny", "channel": attack, "message": attack})
	for _, panel := range panels {
		if panel != "events" {
			p.click("#tab-" + panel)
		}
	}
	p.click(`#list button:has(.k-published)`)
	p.await(text("#detail") + `.includes('onerror')`)
	p.await(text("#outcomes") + `.includes('onerror')`)
	p.click("#tab-channels")
	p.await(text("#channel-list") + `.includes('onerror')`)
	if n := eval[int](p, `document.querySelectorAll('main img, main script').length`); n != 0 {
		t.Errorf("%d elements were made of events", n)
	}
	if eval[bool](p, `window.pwned !== undefined`) {
		t.Error("a script of an event ran")
	}
	// The page itself could not make HTML of a string if it tried, nor run a script that stands in HTML.
	if !eval[bool](p, `(() => { try { document.querySelector('#held').innerHTML = '<b>x</b>'; return false; } catch { return true; } })()`) {
		t.Error("HTML can be made of a string")
	}
	if !eval[bool](p, `(() => { try { const s = document.createElement('script'); s.text = 'window.pwned = 3'; document.body.append(s); } catch {} return window.pwned === undefined; })()`) {
		t.Error("a script that stands in HTML runs")
	}
}

// Without the token, or with a wrong one, the page asks for it.
func TestConsoleAsksForTheToken(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t)
	base, _, _ := strings.Cut(c.UI, "#")
	p := open(t, path, base)
	p.await(`!document.querySelector('#login').hidden && document.querySelector('#panels').hidden`)
	p.fill("#login-token", "0123456789abcdef-wrong")
	p.click("#login button")
	p.await(`document.body.dataset.link === 'closed' && ` + text("#link") + ` === 'token refused'`)
	p.fill("#login-token", c.Token)
	p.click("#login button")
	p.await(`document.body.dataset.link === 'live' && document.querySelector('#login').hidden`)
	p.run(chromedp.Reload())
	p.await(`document.body.dataset.link === 'live'`) // this tab remembers it
	if stored := eval[string](p, `JSON.stringify([localStorage.length, document.cookie])`); stored != `[0,""]` {
		t.Errorf("kept beyond the tab: %s", stored)
	}
}

// A page of another origin, in a browser in which the console is open, can neither show it in a frame,
// nor have it do anything, nor open a WebSocket to it.
func TestConsoleAgainstAnotherPage(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t)
	base, _, _ := strings.Cut(c.UI, "#")
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><iframe src="%[1]s" onload="window.framed = true"></iframe><iframe name="answer"></iframe>
<form method="post" action="%[1]sapi/v1/publish" target="answer" enctype="text/plain"><input name='{"channel":"orders","event":"e","data":"' value='"}'></form>
<script type="module">
const body = '{"channel":"orders","event":"e"}', headers = { 'Content-Type': 'application/json', Authorization: 'Bearer %[2]s' };
const outcome = (promise) => promise.then(() => 'done', () => 'refused');
document.forms[0].submit();
await fetch('%[1]sapi/v1/publish', { method: 'POST', mode: 'no-cors', body }).catch(() => {});
window.seen = [
  await outcome(fetch('%[1]sapi/v1/publish', { method: 'POST', headers, body })), // even if it knew the token
  await outcome(fetch('%[1]sapi/v1/state', { headers })),
  await outcome(fetch('%[1]sapp.js')),
  await outcome(import('%[1]sapp.js')),
  await outcome(new Promise((done, failed) => { const s = new WebSocket('%[3]sapi/v1/stream'); s.onopen = done; s.onerror = failed; })),
];
</script>`, base, c.Token, "ws"+strings.TrimPrefix(base, "http"))
	}))
	t.Cleanup(site.Close)
	c.open(path) // and the console is open beside it
	p := open(t, path, site.URL)
	p.await(`window.framed && window.seen !== undefined`)
	for i, seen := range eval[[]string](p, `window.seen`) {
		if seen != "refused" {
			t.Errorf("attempt %d: %s", i, seen)
		}
	}
	if said := strings.Join(p.said(), "\n"); !strings.Contains(said, "Framing '"+base+"' violates the following Content Security Policy directive: \"frame-ancestors 'none'\"") {
		t.Errorf("the console is shown in a frame: %s", said)
	}
	if stats := c.call("GET", "state", nil)["stats"].(map[string]any); stats["published"] != 0.0 {
		t.Errorf("%v events were published", stats["published"])
	}
}

// The panels can be reached with the keyboard alone.
func TestConsoleByKeyboard(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t)
	p := c.open(path)
	p.size(768, 900)
	p.await(`!document.querySelector('#tab-events').hidden`)
	p.click("#tab-events")
	for _, panel := range append(panels[1:], panels[0]) {
		p.run(chromedp.KeyEvent(kb.ArrowRight))
		p.await(fmt.Sprintf(`document.activeElement.id === 'tab-%s' && !document.querySelector('#%s').hidden && document.querySelector('#tab-%s').getAttribute('aria-selected') === 'true'`, panel, panel, panel))
		p.await(`[...document.querySelectorAll('#panels > section')].filter((s) => !s.hidden).length === 1`)
	}
	p.run(chromedp.KeyEvent(kb.End))
	p.await(`!document.querySelector('#faults').hidden`)
	p.quiet()
}
