package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spf13/cobra"
)

// The shell is offered the channels of the server in use.
func TestCompletionHasTheChannelsInUse(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	l := start(t, s.signing(), "listen", "orders", "private-orders", "stock")
	l.told("listening")
	room := start(t, s.signing(), "presence", "presence-lobby", "--user-id", "ann")
	room.next()
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"listen", ""}, []string{"orders", "presence-lobby", "private-orders", "stock"}},
		{[]string{"listen", "o"}, []string{"orders"}},
		{[]string{"listen", "orders", "o"}, nil},
		{[]string{"record", "file", "pri"}, []string{"private-orders"}},
		{[]string{"trigger", "st"}, []string{"stock"}},
		{[]string{"trigger", "stock", ""}, nil},
		{[]string{"presence", ""}, []string{"presence-lobby"}},
	} {
		out, _ := once(t, s.signing(), 0, append([]string{cobra.ShellCompRequestCmd}, test.args...)...)
		got := out[:len(out)-1] // without the directive
		slices.Sort(got)
		if !slices.Equal(got, test.want) && len(got)+len(test.want) > 0 {
			t.Errorf("%q: %q, want %q", test.args, got, test.want)
		}
	}
	// Without the secret there is no token, and so nothing to offer.
	if out, _ := once(t, s.env, 0, cobra.ShellCompRequestCmd, "listen", ""); len(out) != 1 {
		t.Errorf("%q", out)
	}
}

// A shell that waits for a completion runs no command of a context: it may ask somebody.
func TestCompletionRunsNoCommand(t *testing.T) {
	h := newHome(t)
	ran := filepath.Join(h.dir, "ran")
	h.run(0, "add", "asks", "--url", "ws://127.0.0.1:1", "--key-command", ": >"+ran+"; echo k", "--secret-command", ": >"+ran+"; echo s")
	once(t, h.env, 0, cobra.ShellCompRequestCmd, "listen", "")
	if exists(ran) {
		t.Error("it was run")
	}
	out, _ := once(t, h.env, 0, cobra.ShellCompRequestCmd, "listen", "--context", "")
	if out[0] != "asks" {
		t.Errorf("%q", out)
	}
	once(t, h.env, 1, "ping") // which needs the key
	if !exists(ran) {
		t.Error("it was never run")
	}
}

// What a server says is not believed: names that a terminal would obey are left out, and a server
// elsewhere is not asked.
func TestCompletionBelievesNobody(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Write([]byte(`{"channels":[{"name":"good"},{"name":"bad\u001b[2J"},{"name":"a\nb"},{"name":7}]}`))
	}))
	defer server.Close()
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"channels":[{"name":"good"},{"name":"bad\u001b[2J"},{"name":"a\nb"}]}`))
	}))
	defer bad.Close()
	for url, want := range map[string]int{server.URL: 0, bad.URL: 1} {
		out, _ := once(t, []string{"RTX_URL=" + url, "RTX_KEY=k"}, 0, cobra.ShellCompRequestCmd, "listen", "")
		if len(out) != 1+want || want == 1 && out[0] != "good" {
			t.Errorf("%q", out)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	for host, is := range map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true, "127.9.9.9": true, "localhost.example": false, "10.0.0.1": false, "": false, "0.0.0.0": false} {
		if isLoopback(host) != is {
			t.Errorf("%q", host)
		}
	}
}
