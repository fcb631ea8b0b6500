package browser

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/realtimex/realtimex-go/rtx"
)

// join connects a client of this library to the console's server, subscribed to the channels as that
// user, until the test's end.
func (c *console) join(user string, channels ...string) *rtx.Client {
	c.Helper()
	client, err := rtx.Dial(c.Context(), "app-key", rtx.WithURL(c.URL), rtx.WithAuthEndpoint(c.Auth),
		rtx.WithUserData(map[string]any{"user_id": user, "user_info": map[string]string{"name": user}}))
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { client.Close() })
	for _, name := range channels {
		stream := rtx.On[rtx.Message[json.RawMessage]](c.Context(), client.Channel(name), "*")
		if err := stream.Ready(c.Context()); err != nil {
			c.Fatal(err)
		}
	}
	return client
}

// open shows the console as its URL does.
func (c *console) open(path string) *page {
	c.Helper()
	p := open(c.T, path, c.UI)
	p.await(`document.body.dataset.link === 'live'`)
	return p
}

func (c *console) publish(channel, event string, data any) {
	c.Helper()
	c.call("POST", "publish", map[string]any{"channel": channel, "event": event, "data": data})
}

// scene is a server with something to see on it: clients, members, events, a fault and what came of
// it.
func scene(t *testing.T) *console {
	t.Helper()
	c := serveConsole(t, "--recovery", "2m")
	c.join("ann", "orders", "private-desk", "presence-lobby")
	c.join("bob", "orders", "presence-lobby")
	c.join("eve", "prices", "private-desk")
	c.call("POST", "members", map[string]any{"channel": "presence-lobby", "user_id": "zoe", "user_info": map[string]any{"name": "Zoe", "role": "guest"}})
	for i := range 8 {
		c.publish("prices", "tick", map[string]any{"symbol": "ACME", "bid": 118.2 + float64(i)/100, "size": 100 * i})
		c.publish("orders", "created", map[string]any{"id": 4711 + i, "item": "tea", "lines": []map[string]any{{"sku": "T-1", "count": i + 1, "price": "4.20"}}, "customer": map[string]any{"name": "Ann", "vip": i%2 == 0}})
	}
	c.call("POST", "trigger", map[string]any{"channel": "private-desk", "event": "client-typing", "data": map[string]any{"user": "zoe"}})
	c.call("POST", "faults", map[string]any{"fault": "deny", "channel": "private-vault", "code": 4003})
	c.call("POST", "faults", map[string]any{"fault": "drop"})
	c.call("POST", "wait", map[string]any{"condition": "subscribed", "channel": "orders", "n": 2})
	c.call("POST", "wait", map[string]any{"condition": "connected", "n": 3})
	for i := range 3 {
		c.publish("orders", "paid", map[string]any{"id": 4711 + i, "amount": fmt.Sprintf("%d.20", 4*i+4)})
	}
	return c
}
