package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/interop/nodetest"
)

func TestServeSaysWhatToTry(t *testing.T) {
	p := start(t, nil, "serve", "--addr", "127.0.0.1:0")
	first := p.next()
	url, rest, _ := strings.Cut(strings.TrimPrefix(first, "serving "), ",")
	wantLine(t, rest, " key app-key, secret app-secret")
	wantLine(t, p.next(), "try     rtx listen orders --url "+url+" --key app-key")
	wantLine(t, p.next(), "and     rtx trigger orders created '{\"id\":1}' --dev --url "+url)
	p.next()
	once(t, nil, 0, "ping", "-n", "1", "--url", url, "--key", testserver.DefaultKey)
	p.told("connected")
	p.signal(os.Interrupt)
	p.want(130)
}

func TestServeEndsQuietly(t *testing.T) {
	out, err := once(t, nil, 0, "serve", "--addr", "127.0.0.1:0", "--for", "1ms", "--quiet")
	if len(out) != 0 || len(err) != 0 {
		t.Fatalf("out %q, err %q", out, err)
	}
}

func TestServeAddressInUse(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	addr := strings.TrimPrefix(s.ws, "ws://")
	_, err := once(t, nil, 1, "serve", "--addr", addr)
	if !slices.Equal(err, []string{"rtx: " + addr + " is in use: choose another address with --addr, or end what listens there; see rtx serve --help"}) {
		t.Fatalf("%q", err)
	}
}

type fields = map[string]any

// sdk starts the official client, and waits until it is connected.
func (s served) sdk(query string) *nodetest.Script {
	c := nodetest.RunScript(s.t, "realtimex.mjs", nil, "--url", s.http, "--key", "our-key", "--auth-endpoint", s.auth+query)
	c.Expect("connected")
	return c
}

type sdkEvent struct {
	Channel, Name string
	Data          any
}

func TestServeOfficialSDK(t *testing.T) {
	nodetest.Skip(t)
	s := startServe(t, "127.0.0.1:0")
	ann := s.sdk("&user_id=ann&name=Ann")
	for _, channel := range []string{"orders", "private-orders"} {
		ann.Send("subscribe", fields{"channel": channel})
		ann.Expect("succeeded")
		s.publish(channel, "created", `{"id":1}`)
		var e sdkEvent
		ann.ExpectInto("event", &e)
		if data, _ := e.Data.(fields); e.Channel != channel || e.Name != "created" || data["id"] != 1.0 {
			t.Fatalf("%+v", e)
		}
	}

	// Its client event reaches rtx listen, and that of rtx trigger reaches it.
	l := start(t, s.signing(), "listen", "private-orders", "--json", "--count", "1")
	l.told("listening")
	ann.Send("trigger", fields{"channel": "private-orders", "name": "client-hi", "data": fields{"from": "ann"}})
	wantLine(t, timeless(t, l.next()), `{"channel":"private-orders","event":"client-hi","data":{"from":"ann"}}`)
	l.want(0)
	once(t, s.endpoint(), 0, "trigger", "private-orders", "client-hi", `"from rtx"`)
	var e sdkEvent
	ann.ExpectInto("event", &e)
	if e.Name != "client-hi" || e.Data != "from rtx" {
		t.Fatalf("%+v", e)
	}
}

func TestServeOfficialSDKPresence(t *testing.T) {
	nodetest.Skip(t)
	s := startServe(t, "127.0.0.1:0")
	ann := s.sdk("&user_id=ann&name=Ann")
	ann.Send("subscribe", fields{"channel": "presence-lobby"})
	ann.Expect("succeeded")
	p := start(t, s.signing(), "presence", "presence-lobby", "--user-id", "rex", "--json")
	wantLine(t, timeless(t, p.next()), `{"kind":"snapshot","joined":[{"user_id":"ann","user_info":{"name":"Ann"}},{"user_id":"rex","user_info":{}}],"left":[],"updated":[],"count":2}`)
	for {
		var e sdkEvent
		ann.ExpectInto("event", &e)
		if data, _ := e.Data.(fields); strings.HasSuffix(e.Name, "member_added") && data["user_id"] == "rex" {
			break
		}
	}
	ann.Kill()
	wantLine(t, timeless(t, p.next()), `{"kind":"diff","joined":[],"left":[{"user_id":"ann","user_info":{"name":"Ann"}}],"updated":[],"count":1}`)
	p.signal(os.Interrupt)
	p.want(130)
}
