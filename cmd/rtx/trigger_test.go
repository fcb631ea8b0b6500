package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

func TestTriggerReachesTheOthers(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	l := start(t, s.signing(), "listen", "private-room", "--json", "-n", "4")
	l.told("listening")
	out, _ := once(t, s.signing(), 0, "trigger", "private-room", "client-a", `{ "n": 1,
		"text":"<b>" }`, "--json")
	if len(out) != 1 || timeless(t, out[0]) != `{"channel":"private-room","event":"client-a","data":{"n":1,"text":"<b>"}}` {
		t.Fatalf("%q", out)
	}
	once(t, s.endpoint(), 0, "trigger", "private-room", "client-b")

	cmd := exec.Command(binary, "trigger", "private-room", "client-c", "-")
	cmd.Stdin = strings.NewReader("[1]\n\n \"two\"")
	if out, _ := startCommand(t, cmd, s.signing()).want(0); len(out) != 2 {
		t.Fatalf("%q", out)
	}
	for _, want := range []string{`"event":"client-a","data":{"n":1,"text":"<b>"}}`, `"event":"client-b","data":null}`,
		`"event":"client-c","data":[1]}`, `"event":"client-c","data":"two"}`} {
		if got := unescapeHTML(l.next()); !strings.HasSuffix(got, want) {
			t.Errorf("got %s, want …%s", got, want)
		}
	}
	l.want(0)
}

func TestTriggerDev(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	l := start(t, s.env, "listen", "orders", "--json", "-n", "1")
	l.told("listening")
	out, _ := once(t, []string{"RTX_URL=" + s.ws, "RTX_SECRET=" + secret}, 0, "trigger", "orders", "any name", `7`, "--dev", "--json")
	if len(out) != 1 || timeless(t, out[0]) != `{"channel":"orders","event":"any name","data":7,"subscribers":1}` {
		t.Fatalf("%q", out)
	}
	l.want(0)
}

func TestTriggerStopsAtBadInput(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	cmd := exec.Command(binary, "trigger", "private-room", "client-c", "-")
	cmd.Stdin = strings.NewReader("1 nonsense 2")
	out, err := startCommand(t, cmd, s.signing()).want(1)
	if len(out) != 1 || err[len(err)-1] != `rtx: value 2 on standard input is not JSON: a text needs quotes, "like this" (sent before: 1); see rtx trigger --help` {
		t.Fatalf("%q %q", out, err)
	}
}

func TestTriggerOnTheRealSocketIO(t *testing.T) {
	nodetest.Skip(t)
	node := nodetest.StartServer(t)
	env := []string{"RTX_URL=" + node.URL(), "RTX_KEY=" + node.Key(), "RTX_SECRET=" + node.Secret()}
	once(t, env, 0, "trigger", "private-room", "client-a", `{"n":1}`)
	once(t, env, 0, "trigger", "presence-room", "client-b", `{"n":2}`)
	st := node.WaitFor("two client events", func(st nodetest.Stats) bool { return st.ClientEventTotal == 2 })
	if e := st.ClientEvents[0]; e.Channel != "private-room" || e.Event != "client-a" || string(e.Data) != `{"n":1}` {
		t.Fatalf("%+v", e)
	}
	_, err := once(t, env, 1, "trigger", "private-room", "client-a", "1", "--dev")
	if !strings.HasSuffix(err[0], "--dev works with rtx serve only; try rtx serve") {
		t.Fatalf("%q", err)
	}
}

func TestTriggerTooLarge(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	cmd := exec.Command(binary, "trigger", "private-room", "client-c", "-")
	cmd.Stdin = strings.NewReader(`"` + strings.Repeat("x", 1_000_000) + `"`)
	_, err := startCommand(t, cmd, s.signing()).want(1)
	wantLine(t, err[len(err)-1], "rtx: the event is larger than the service accepts; it was not sent; see rtx trigger --help")
}
