package main

import (
	"os"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

func TestPresence(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	ann := start(t, s.signing(), "presence", "presence-lobby", "--user-id", "ann", "--user-info", `{"name":"Ann"}`, "--json")
	wantLine(t, timeless(t, ann.next()), `{"kind":"snapshot","joined":[{"user_id":"ann","user_info":{"name":"Ann"}}],"left":[],"updated":[],"count":1}`)
	bob := start(t, s.endpoint(), "presence", "presence-lobby", "--user-id", "bob", "--user-info", `{"name":"B\u001bob"}`)
	wantLine(t, bob.next()[len(clock):], "  2 here  snapshot")
	wantLine(t, strings.TrimSpace(bob.next()), `+ ann  {"name":"Ann"}`)
	wantLine(t, strings.TrimSpace(bob.next()), `+ bob  {"name":"B\u001bob"}  (me)`)
	wantLine(t, timeless(t, ann.next()), `{"kind":"diff","joined":[{"user_id":"bob","user_info":{"name":"B\u001bob"}}],"left":[],"updated":[],"count":2}`)
	ann.signal(os.Interrupt)
	ann.want(130)
	wantLine(t, bob.next()[len(clock):], "  1 here  diff")
	wantLine(t, strings.TrimSpace(bob.next()), `- ann  {"name":"Ann"}`)
	bob.signal(os.Interrupt)
	bob.want(130)

	out, _ := once(t, s.signing(), 0, "presence", "presence-lobby", "--user-id", "cid", "--count", "1", "--json")
	if len(out) != 1 {
		t.Fatalf("%q", out)
	}
	once(t, s.signing(), 0, "presence", "presence-lobby", "--user-id", "cid", "--for", "3s")
}

func TestPresenceOnTheRealSocketIO(t *testing.T) {
	nodetest.Skip(t)
	node := nodetest.StartServer(t, nodetest.PresenceDelivery("both"))
	env := []string{"RTX_URL=" + node.URL(), "RTX_KEY=" + node.Key(), "RTX_SECRET=" + node.Secret()}
	ann := start(t, env, "presence", "presence-lobby", "--user-id", "ann", "--json")
	if line := timeless(t, ann.next()); !strings.HasPrefix(line, `{"kind":"snapshot","joined":[{"user_id":"ann"`) || !strings.HasSuffix(line, `"left":[],"updated":[],"count":1}`) {
		t.Fatal(line)
	}
	node.Restart()
	for {
		if line := timeless(t, ann.next()); strings.HasPrefix(line, `{"kind":"snapshot"`) {
			wantLine(t, line, `{"kind":"snapshot","joined":[],"left":[],"updated":[],"count":1}`)
			break
		} else {
			wantLine(t, line, `{"kind":"stale","joined":[],"left":[],"updated":[],"count":1}`)
		}
	}
	ann.signal(os.Interrupt)
	ann.want(130)
}
