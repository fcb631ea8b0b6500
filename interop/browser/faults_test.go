package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// Each button does what it says, and the page tells what the clients made of it.
func TestConsoleFaults(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t, "--recovery", "1m")
	c.join("ann", "orders", "private-desk")
	c.publish("orders", "created", 1) // an offset, without which nothing is recovered
	p := c.open(path)
	p.await(text("#count-connections") + ` === '1'`)
	p.click("#tab-faults")
	newest, active := text("#outcomes > li"), text("#active")
	press := func(fault string) {
		t.Helper()
		was := eval[int](p, `document.querySelectorAll('#outcomes > li').length`)
		p.click(fmt.Sprintf(`#faults button[data-fault=%q]`, fault))
		if was < 20 {
			p.await(fmt.Sprintf(`document.querySelectorAll('#outcomes > li').length === %d`, was+1))
		}
	}
	isBack := func() {
		t.Helper()
		c.call("POST", "wait", map[string]any{"condition": "subscribed", "channel": "private-desk"})
		p.await(text("#count-connections") + ` === '1'`)
	}

	press("drop")
	p.await(newest + `.includes('1 of 1 ended, 1 came back, 1 of them recovered')`)
	p.await(newest + `.includes('transport close') && ` + newest + `.includes('is back after')`)
	isBack()
	c.publish("orders", "created", 2)
	press("close")
	p.await(newest + `.includes('1 of 1 ended, 1 came back')`)
	isBack()
	press("disconnect")
	p.await(newest + `.includes('1 of 1 ended, 1 came back, 0 of them recovered')`)
	p.await(newest + `.includes('is a fresh connection after')`)
	isBack()
	press("restart")
	p.await(newest + `.includes('1 of 1 ended, 1 came back')`)
	isBack()
	press("stop")
	p.await(active + `.includes('the server is stopped')`)
	press("resume")
	p.await(active + `.includes('Nothing goes wrong now')`)
	isBack()

	p.fill("#fault-channel", "private-vault")
	press("deny")
	p.await(active + `.includes('denied: private-vault')`)
	press("allow")
	p.await(active + `.includes('Nothing goes wrong now')`)
	press("hold_confirmations")
	p.await(active + `.includes('confirmations are held')`)
	press("release_confirmations")
	p.await(active + `.includes('Nothing goes wrong now')`)

	p.fill("#fault-n", "2")
	press("lose_next")
	c.publish("orders", "created", 3)
	c.publish("orders", "created", 4)
	p.await(newest + `.includes('2 events lost')`)
	press("refuse_next")
	p.await(active + `.includes('the next 2 connections are refused')`)
	press("fail_auth")
	p.await(active + `.includes('the next 2 signatures fail')`)
	press("block_websockets")
	p.await(active + `.includes('WebSockets are blocked')`)
	press("slow_link")
	p.await(active + `.includes('slow link: 800 ms, 4096 bytes per second')`)
	press("clear")
	p.await(active + `.includes('Nothing goes wrong now')`)
	if left := c.call("GET", "faults", nil)["active"].(map[string]any); left["latency_ms"] != 0.0 || left["refuse_next"] != 0.0 || left["block_websockets"] != false {
		t.Errorf("after clearing: %v", left)
	}

	// One connection of two, chosen by its id.
	c.join("bob", "orders")
	ids := c.socketIDs()
	p.await(`document.querySelectorAll('#fault-target option').length === 3`)
	eval[chromedp.Void](p, fmt.Sprintf(`document.querySelector('#fault-target').value = %q`, ids[1]))
	press("half_open")
	detail := c.call("GET", "activity?kind=fault&limit=1000", nil)["activity"].([]any)
	last := detail[len(detail)-1].(map[string]any)["fault"].(map[string]any)
	if affected := last["affected"].([]any); len(affected) != 1 || affected[0] != ids[1] {
		t.Errorf("half-open: %v, want %s", last, ids[1])
	}
	p.quiet()
}
