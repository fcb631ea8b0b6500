package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// Each failure is one line that says what to do, and shows nothing that is secret.
func TestFailures(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/deny" {
			http.Error(w, `{"error":"no"}`, http.StatusForbidden)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(web.Close)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	webWS := "ws" + strings.TrimPrefix(web.URL, "http")

	const hidden = "hunter2-is-hidden"
	url, key := []string{"--url", s.ws}, []string{"--key", "our-key"}
	both := append(url, key...)
	for _, test := range []struct {
		name string
		args []string
		code int
		line string
	}{
		{"wrong key", append([]string{"listen", "orders", "--key", hidden}, url...), 1,
			"rtx: the service refused the API key: check --key (RTX_KEY), and that --url (RTX_URL) is the service it is for"},
		{"no key", append([]string{"ping"}, url...), 2, "rtx: there is no API key: give --key, or set RTX_KEY; see rtx ping --help"},
		{"nobody there", append([]string{"ping", "--url", "ws://127.0.0.1:1"}, key...), 1,
			"rtx: nothing listens at ws://127.0.0.1:1: check --url (RTX_URL), and that the server is up"},
		{"no such host", append([]string{"ping", "--url", "ws://no-such-host.invalid"}, key...), 1,
			`rtx: there is no host "no-such-host.invalid": check --url (RTX_URL)`},
		{"TLS where there is none", append([]string{"ping", "--url", "wss" + strings.TrimPrefix(s.ws, "ws")}, key...), 1,
			"rtx: wss" + strings.TrimPrefix(s.ws, "ws") + " does not speak TLS: give --url (RTX_URL) with ws:// in place of wss://"},
		{"a web server", append([]string{"ping", "--url", webWS}, key...), 1,
			"rtx: " + webWS + " is no RealtimeX server (HTTP 404): check --url (RTX_URL)"},
		{"no URL", append([]string{"ping", "--url", "https//x:" + hidden}, key...), 2,
			"rtx: --url (RTX_URL) is not a URL such as wss://ws.realtimex.net or ws://127.0.0.1:6001; see rtx ping --help"},
		{"another scheme", append([]string{"ping", "--url", "ftp://x"}, key...), 2,
			"rtx: --url (RTX_URL) must begin with ws://, wss://, http:// or https://; see rtx ping --help"},
		{"user in the URL", append([]string{"ping", "--url", "ws://ann:" + hidden + "@127.0.0.1"}, key...), 2,
			"rtx: --url (RTX_URL) must not have a user or a fragment; see rtx ping --help"},
		{"refused channel", append([]string{"listen", "private-x", "--secret", hidden}, both...), 1,
			`rtx: channel "private-x" was refused by the service: "Invalid signature" (code 4003): check RTX_SECRET and RTX_KEY`},
		{"refused among others", append([]string{"listen", "orders", "private-x", "--secret=" + hidden}, both...), 1,
			`rtx: channel "private-x" was refused by the service: "Invalid signature" (code 4003): check RTX_SECRET and RTX_KEY`},
		{"refused presence", append([]string{"presence", "presence-x", "--user-id", "ann", "--secret", hidden}, both...), 1,
			`rtx: channel "presence-x" was refused by the service: "Invalid signature" (code 4003): check RTX_SECRET and RTX_KEY`},
		{"nobody signs", append([]string{"listen", "private-x"}, both...), 2,
			"rtx: the channel needs a signature: give --auth-endpoint (RTX_AUTH_ENDPOINT), your backend's URL, or set RTX_SECRET to sign here; see rtx listen --help"},
		{"the endpoint denies", append([]string{"listen", "private-x", "--auth-endpoint", web.URL + "/deny?" + hidden}, both...), 1,
			`rtx: channel "private-x": the auth endpoint refused it (HTTP 403: forbidden): is this user allowed there?`},
		{"the endpoint is elsewhere", append([]string{"trigger", "private-x", "client-e", "--auth-endpoint", web.URL + "/" + hidden}, both...), 1,
			`rtx: channel "private-x": the auth endpoint has nothing there (HTTP 404: not found): check --auth-endpoint (RTX_AUTH_ENDPOINT)`},
		{"the endpoint is down", append([]string{"listen", "private-x", "--auth-endpoint", "http://127.0.0.1:1/" + hidden, "--for", "3s"}, both...), 1,
			"rtx: there was no subscription within 3s"},
		{"the endpoint hangs", append([]string{"listen", "private-x", "--auth-endpoint", "http" + strings.TrimPrefix(hanging(t), "ws"), "--for", "3s"}, both...), 1,
			"rtx: there was no subscription within 3s"},
		{"the service hangs", append([]string{"ping", "--url", hanging(t), "--for", "100ms"}, key...), 1,
			"rtx: there was no connection within 100ms"},
		{"the endpoint is down for a room", append([]string{"presence", "presence-x", "--user-id", "ann", "--auth-endpoint", "http://127.0.0.1:1/" + hidden, "--for", "3s"}, both...), 1,
			"rtx: there was no subscription within 3s"},
		{"another path", append([]string{"ping", "--url", webWS + "/elsewhere/"}, key...), 1,
			"rtx: " + webWS + ` is no RealtimeX server (HTTP 404): check --url (RTX_URL), and its path "/elsewhere/": the usual one is /socket.io/`},
		{"no TLS where there is some", append([]string{"ping", "--url", "ws" + strings.TrimPrefix(secure.URL, "https")}, key...), 1,
			"rtx: ws" + strings.TrimPrefix(secure.URL, "https") + " is no RealtimeX server (HTTP 400): check --url (RTX_URL); if it speaks TLS, give --url (RTX_URL) with wss:// in place of ws://"},
		{"--dev without the secret", append([]string{"trigger", "orders", "e", "--dev"}, both...), 1,
			"rtx: " + s.ws + " did not take the event: set RTX_SECRET to the secret that rtx serve was given"},
		{"no origin", []string{"serve", "--origin", "localhost:5173"}, 2,
			`rtx: --origin: "localhost:5173" is no origin: want one such as "https://app.example", or "*"; see rtx serve --help`},
		{"no host", []string{"serve", "--host", "http://dev"}, 2,
			`rtx: --host: "http://dev" is no host name: want one without scheme, port and path; see rtx serve --help`},
		{"rtx serve's endpoint without its token", append([]string{"listen", "private-x", "--auth-endpoint", s.http + "/dev/auth"}, both...), 1,
			`rtx: channel "private-x": the auth endpoint refused it (HTTP 401: unauthorized): it is on the RealtimeX server itself: give your own backend, or the URL that rtx serve prints`},
		{"endpoint without TLS", append([]string{"listen", "private-x", "--auth-endpoint", "http://example.com/" + hidden}, both...), 2, ""},
		{"two signers", append([]string{"listen", "private-x", "--auth-endpoint", "https://x", "--secret", hidden}, both...), 2,
			"rtx: --auth-endpoint and --secret are two ways to sign: give one; see rtx listen --help"},
		{"bad channel name", append([]string{"listen", "or\tders"}, both...), 2,
			"rtx: the channel's name is empty, longer than 200 bytes, or holds control characters; see rtx listen --help"},
		{"bad JSON", append([]string{"trigger", "private-x", "client-e", "{" + hidden, "--secret", hidden}, both...), 2,
			`rtx: DATA is not JSON: a text needs quotes of its own, '"like this"'; see rtx trigger --help`},
		{"bad user info", append([]string{"presence", "presence-x", "--user-id", "ann", "--user-info", "{" + hidden, "--secret", hidden}, both...), 2,
			`rtx: --user-info is not JSON, such as '{"name":"Ann"}' or '"Ann"'; see rtx presence --help`},
		{"no user", append([]string{"presence", "presence-x", "--secret", hidden}, both...), 2, "rtx: --user-id is missing: who to join as; see rtx presence --help"},
		{"no presence channel", append([]string{"presence", "private-x", "--user-id", "ann", "--secret", hidden}, both...), 2,
			`rtx: the channel's name must begin with "presence-"; see rtx presence --help`},
		{"public channel", append([]string{"trigger", "orders", "client-e", "--secret", hidden}, both...), 2,
			"rtx: client events need a private- or presence- channel, others are dropped by the service; with rtx serve, --dev sends to any channel; see rtx trigger --help"},
		{"event name", append([]string{"trigger", "private-x", "e", "--secret", hidden}, both...), 2,
			`rtx: the event's name must begin with "client-" and be at most 200 bytes; with rtx serve, --dev sends any event; see rtx trigger --help`},
		{"sign without channel data", append([]string{"sign", "1.2", "presence-x", "--secret", hidden}, key...), 2,
			`rtx: CHANNEL_DATA is missing: a presence channel is signed with the user who joins, such as '{"user_id":"ann"}'; see rtx sign --help`},
		{"sign what is no JSON", append([]string{"sign", "1.2", "presence-x", "ann", "--secret", hidden}, key...), 2,
			`rtx: CHANNEL_DATA is not JSON, such as '{"user_id":"ann"}'; see rtx sign --help`},
		{"sign a public channel", append([]string{"sign", "1.2", "x", "--secret", hidden}, key...), 2,
			"rtx: CHANNEL must begin with private- or presence-: others need no signature; see rtx sign --help"},
		{"sign a bad socket id", append([]string{"sign", "1:2", "private-x", "--secret", hidden}, key...), 2, ""},
		{"sign with nobody to ask", append([]string{"sign", "1.2", "private-x"}, key...), 2,
			"rtx: there is no secret, and no terminal to ask for it: set RTX_SECRET; see rtx sign --help"},
		{"a channel missing", append([]string{"listen"}, both...), 2, "rtx: CHANNEL is missing; see rtx listen --help"},
		{"an event missing", append([]string{"trigger", "x"}, both...), 2, "rtx: EVENT is missing; see rtx trigger --help"},
		{"too much", append([]string{"ping", hidden}, both...), 2, "rtx: too many arguments: want none; see rtx ping --help"},
		{"a command misspelt", []string{"lissen"}, 2, "rtx: no such command; did you mean listen?; see rtx --help"},
		{"a secret for a command", []string{hidden}, 2, "rtx: no such command; see rtx --help"},
		{"an unknown shell", []string{"completion", "csh"}, 2, "rtx: no such shell: want bash, fish, powershell or zsh; see rtx completion --help"},
		{"a flag misspelt", []string{"listen", "x", "--sceret=" + hidden}, 2, "rtx: unknown flag --sceret; see rtx listen --help"},
		{"one dash too few", []string{"listen", "x", "-secret=" + hidden}, 2, "rtx: unknown flag -s (long flags begin with two dashes); see rtx listen --help"},
		{"one dash too many", []string{"listen", "x", "---secret=" + hidden}, 2, "rtx: a flag is misspelt; see rtx listen --help"},
		{"a flag without value", []string{"listen", "x", "--secret"}, 2, "rtx: flag --secret needs a value; see rtx listen --help"},
		{"a bad duration", []string{"listen", "x", "--for", hidden}, 2, "rtx: flag --for: not a duration, such as 500ms, 10s or 2m; see rtx listen --help"},
		{"a bad count", []string{"listen", "x", "--count", "-1"}, 2, "rtx: flag --count: not a number that fits; see rtx listen --help"},
		{"nothing to count", append([]string{"listen", "x", "--count", "0"}, both...), 2, "rtx: --count must be at least 1; see rtx listen --help"},
		{"a bad address", []string{"serve", "--addr", "nonsense"}, 2, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, lines := once(t, nil, test.code, test.args...)
			if len(out) != 0 {
				t.Errorf("on standard output: %q", out)
			}
			if len(lines) == 0 {
				t.Fatal("not one line")
			}
			last := lines[len(lines)-1]
			if next := nextOf(t, last); test.code == exitFailed && test.line != "" {
				test.line += next
			}
			if test.line != "" && last != test.line {
				t.Errorf("got  %s\nwant %s", last, test.line)
			}
			for _, line := range lines[:len(lines)-1] {
				if !strings.HasPrefix(line, "rtx: connected to ") && !strings.HasPrefix(line, "rtx: the auth endpoint can't be reached, asking again") {
					t.Errorf("another line: %s", line)
				}
			}
			if text := strings.Join(lines, "\n"); strings.Contains(text, hidden) {
				t.Errorf("it shows the secret: %s", text)
			}
		})
	}
}

// nextOf is the end of a failure's line, with the command that is to be run next, which must be one
// that the program has, with flags that it takes.
func nextOf(t *testing.T, line string) string {
	t.Helper()
	at := max(strings.LastIndex(line, "; see rtx"), strings.LastIndex(line, "; try rtx"))
	if at < 0 {
		t.Errorf("no next command: %s", line)
		return ""
	}
	words := strings.Fields(line[at+len("; see "):])
	cmd, args, err := newRoot(newConsole(os.Stdin, os.Stdout, os.Stderr)).Find(words[1:])
	if err == nil {
		err = cmd.ParseFlags(args)
	}
	if err == nil && cmd.Args != nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil && !errors.Is(err, pflag.ErrHelp) && cmd.Flags().NArg() > 0 {
		t.Errorf("the next command can't be run: %v: %s", err, line)
	}
	return line[at:]
}

func TestWrongKeyOnTheRealSocketIO(t *testing.T) {
	for _, how := range []string{"connect-error", "http", "disconnect"} {
		t.Run(how, func(t *testing.T) {
			nodetest.Skip(t)
			node := nodetest.StartServer(t, nodetest.BadKey(how))
			_, err := once(t, nil, 1, "listen", "orders", "--url", node.URL(), "--key", "not-the-key")
			if last := err[len(err)-1]; !strings.Contains(last, "--key (RTX_KEY)") || strings.Contains(last, "not-the-key") {
				t.Fatalf("%q", err)
			}
		})
	}
}

func TestRefusedOnTheRealSocketIO(t *testing.T) {
	nodetest.Skip(t)
	node := nodetest.StartServer(t)
	_, err := once(t, nil, 1, "listen", "private-x", "--url", node.URL(), "--key", node.Key(), "--secret", "not-the-secret")
	if last := err[len(err)-1]; !strings.HasPrefix(last, `rtx: channel "private-x" was refused by the service`) || strings.Contains(last, "not-the-secret") {
		t.Fatalf("%q", err)
	}
}

// hanging is the URL of a server that takes connections, and says nothing.
func hanging(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // what nobody accepts is in the backlog
	return "ws://" + listener.Addr().String()
}

// The environment's secret is in no help either, and neither is a flag's.
func TestHelpShowsNoSecret(t *testing.T) {
	env := []string{"RTX_SECRET=from-the-environment", "RTX_KEY=from-the-environment", "RTX_AUTH_ENDPOINT=http://from-the-environment"}
	for _, cmd := range []string{"serve", "listen", "trigger", "presence", "sign", "record", "bench", "ping"} {
		args := []string{cmd, "--help", "--key", "from-a-flag"}
		if cmd != "ping" {
			args = append(args, "--secret", "from-a-flag")
		}
		out, err := once(t, env, 0, args...)
		if text := strings.Join(append(out, err...), "\n"); strings.Contains(text, "from-") || !strings.Contains(text, "Usage:") {
			t.Errorf("%s: %s", cmd, text)
		}
	}
}

func TestServeShowsNoSecret(t *testing.T) {
	const hidden = "hunter2-is-hidden"
	p := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--key", "k-"+hidden, "--secret", hidden)
	var text []string
	for range 4 {
		text = append(text, p.next())
	}
	url, _, _ := strings.Cut(strings.TrimPrefix(text[0], "serving "), ",")
	once(t, nil, 0, "listen", "private-x", "--url", url, "--key", "k-"+hidden, "--secret", hidden, "--for", "3s")
	if os.PathSeparator == '/' {
		if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.cmd.Process.Pid)); err == nil {
			if !bytes.Contains(line, []byte("--secret\x00"+strings.Repeat("x", len(hidden)))) {
				t.Errorf("in the list of processes: %q", line)
			}
		}
	}
	p.signal(os.Interrupt)
	out, err := p.want(130)
	if all := strings.Join(append(append(text, out...), err...), "\n"); strings.Contains(all, hidden) {
		t.Errorf("it shows the secret: %s", all)
	}
}

// What is said of a lost connection names the doctor, with what the command itself was told.
func TestTheNextCommandIsForThisService(t *testing.T) {
	h := newHome(t)
	h.run(0, "add", "down", "--url", "ws://127.0.0.1:1/ws/", "--key", "k")
	for want, test := range map[string]struct{ env, args []string }{
		"; try rtx doctor ws://127.0.0.1:1":     {nil, []string{"ping", "--url", "ws://127.0.0.1:1", "--key", "k", "--context", ""}},
		"; try rtx doctor ws://127.0.0.1:1/ws/": {nil, []string{"ping", "--url", "ws://127.0.0.1:1/ws/?token=hunter2", "--key", "k", "--context", ""}},
		"; try rtx doctor --context down":       {nil, []string{"ping"}},
		"; try rtx doctor":                      {[]string{"RTX_URL=ws://127.0.0.1:1", "RTX_KEY=k"}, []string{"ping"}},
	} {
		_, said := once(t, append(h.env, test.env...), 1, test.args...)
		if last := said[len(said)-1]; !strings.HasSuffix(last, want) || nextOf(t, last) != want {
			t.Errorf("%q, want %q", last, want)
		}
	}
}

// Whatever an error is, its line ends with a command.
func TestEveryErrorHasItsNextCommand(t *testing.T) {
	for cmd := range commands(newRoot(newConsole(os.Stdin, os.Stdout, os.Stderr))) {
		for _, err := range []error{
			errors.New("something else"), usage("wrong"), &outputError{io.ErrShortWrite}, &lateError{missing: "connection"},
			new(connection).examined(errors.New("down")), fmt.Errorf("sent before: %w", new(connection).examined(errors.New("down"))),
		} {
			if line := withNext(err, cmd); !strings.HasPrefix(line, err.Error()+"; ") || nextOf(t, line) == "" {
				t.Errorf("%s: %s", cmd.Name(), line)
			}
		}
	}
}
