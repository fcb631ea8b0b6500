package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

func TestPing(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	out, err := once(t, s.env, 0, "ping", "-n", "3", "-i", "1ms")
	for i, line := range out {
		if !regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{3}  seq=` + string(rune('1'+i)) + `  time=\d+\.\d\d ms$`).MatchString(line) {
			t.Errorf("%q", line)
		}
	}
	summary := regexp.MustCompile(`^rtx: 3 sent, 3 answered, 0% lost; min/avg/max/mdev \d+\.\d\d/\d+\.\d\d/\d+\.\d\d/\d+\.\d\d ms$`)
	if len(out) != 3 || !summary.MatchString(err[len(err)-1]) {
		t.Errorf("%q %q", out, err)
	}
	p := start(t, s.env, "ping", "--json", "-i", "1ms")
	for seq := range 2 {
		if line := timeless(t, p.next()); !regexp.MustCompile(`^\{"seq":` + string(rune('1'+seq)) + `,"ms":\d+(\.\d+)?\}$`).MatchString(line) {
			t.Errorf("%q", line)
		}
	}
	p.signal(os.Interrupt)
	p.told("0% lost")
	p.want(130)
	once(t, s.env, 0, "ping", "--for", "3s", "-i", "100ms")
}

func TestPingOnTheRealSocketIO(t *testing.T) {
	nodetest.Skip(t)
	node := nodetest.StartServer(t)
	once(t, []string{"RTX_URL=" + node.URL(), "RTX_KEY=" + node.Key()}, 0, "ping", "-n", "2", "-i", "1ms")

	silent := nodetest.StartServer(t, nodetest.WithoutPong())
	out, err := once(t, []string{"RTX_URL=" + silent.URL(), "RTX_KEY=" + silent.Key()}, 1, "ping", "-n", "1", "--timeout", "20ms", "--json")
	wantLine(t, timeless(t, out[0]), `{"seq":1,"error":"no answer within 20ms"}`)
	if !strings.HasPrefix(err[len(err)-1], "rtx: no ping was answered") {
		t.Fatalf("%q", err)
	}
}
