package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// A consoled is rtx serve --ui that runs, and what its --json line says.
type consoled struct {
	*process
	URL, UI, API, Token string
	Auth                string `json:"auth_endpoint"`
}

func startConsole(t *testing.T, env []string, args ...string) consoled {
	t.Helper()
	c := consoled{process: start(t, env, append([]string{"serve", "--json", "--ui", "--addr", "127.0.0.1:0", "--ui-addr", "127.0.0.1:0"}, args...)...)}
	if err := json.Unmarshal([]byte(c.next()), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// environ is what the tests in other languages, and the examples of docs/console.md, need.
func (c consoled) environ() []string {
	return environ("RTX_API="+c.API, "RTX_TOKEN="+c.Token, "RTX_URL="+c.URL, "RTX_KEY=app-key")
}

// The console's URL is printed once, with a token that is made anew each time, and no line says it
// again.
func TestServePrintsTheTokenOnce(t *testing.T) {
	p := start(t, nil, "serve", "--ui", "--addr", "127.0.0.1:0", "--ui-addr", "127.0.0.1:0", "--recovery", "1m")
	var token string
	for range 5 {
		if _, after, ok := strings.Cut(p.next(), "#token="); ok {
			token = after
		}
	}
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(token) {
		t.Fatalf("the token is %q", token)
	}
	p.signal(syscall.SIGINT)
	out, err := p.want(130)
	if said := strings.Join(append(out, err...), "\n"); strings.Contains(said, token) {
		t.Errorf("the token is said again: %s", said)
	}
	if again := startConsole(t, nil).Token; again == token || len(again) != 32 {
		t.Errorf("the tokens are %q and %q", token, again)
	}
}

func TestServeTakesTheTokenGiven(t *testing.T) {
	const given = "a-token-of-our-own"
	c := startConsole(t, []string{"RTX_UI_TOKEN=" + given})
	if c.Token != given || !strings.HasSuffix(c.UI, "/#token="+given) || !strings.HasSuffix(c.API, "/api/v1") {
		t.Errorf("%+v", c)
	}
	for _, bad := range []string{"short", "with spaces in between it", "with#a-fragment-in-it"} {
		_, err := once(t, []string{"RTX_UI_TOKEN=" + bad}, 2, "serve", "--ui", "--addr", "127.0.0.1:0", "--ui-addr", "127.0.0.1:0")
		if said := strings.Join(err, "\n"); !strings.Contains(said, "RTX_UI_TOKEN") || strings.Contains(said, bad) {
			t.Errorf("%q: %s", bad, said)
		}
	}
}

// Only this machine reaches the console, unless it is told otherwise.
func TestServeKeepsTheConsoleOnThisMachine(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		_, err := once(t, nil, 2, "serve", "--ui", "--addr", "127.0.0.1:0", "--ui-addr", addr)
		if said := strings.Join(err, "\n"); !strings.Contains(said, "--remote") {
			t.Errorf("%s: %s", addr, said)
		}
	}
	once(t, nil, 0, "serve", "--ui", "--remote", "--addr", "127.0.0.1:0", "--ui-addr", "0.0.0.0:0", "--for", "1ms")
	c := startConsole(t, nil)
	addr := strings.TrimSuffix(strings.TrimPrefix(c.API, "http://"), "/api/v1")
	_, err := once(t, nil, 1, "serve", "--ui", "--addr", "127.0.0.1:0", "--ui-addr", addr)
	if said := strings.Join(err, "\n"); !strings.Contains(said, addr+" is in use") || !strings.Contains(said, "--ui-addr") {
		t.Errorf("an address in use: %s", said)
	}
}

func TestServeUILeavesNothingBehind(t *testing.T) {
	if code, out := within(t, "serve", "--ui", "--addr", "127.0.0.1:0", "--ui-addr", "127.0.0.1:0", "--for", "1ms"); code != exitDone {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// needs skips the test where a program is missing, or fails it where the variable says that it is
// required, as in CI.
func needs(t *testing.T, program, variable string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv(variable) == "1" {
		t.Fatalf("%s=1, but %s is not on PATH", variable, program)
	}
	t.Skipf("skipped: %s is not on PATH", program)
}

// in runs a program of another language against the console.
func (c consoled) in(dir, program string, args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), program, args...)
	cmd.Dir, cmd.Env = filepath.Join("..", "..", dir), c.environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

func TestAPIFromPython(t *testing.T) {
	needs(t, "python3", "REALTIMEX_REQUIRE_PYTHON")
	if out := startConsole(t, nil).in("interop/rest", "python3", "orders_test.py"); !strings.Contains(out, "Ran 1 test") || !strings.Contains(out, "OK") {
		t.Error(out)
	}
}

func TestAPIFromJavaScript(t *testing.T) {
	nodetest.Skip(t)
	if out := startConsole(t, nil).in("interop/rest", "node", "--test", "--test-reporter=tap", "orders.test.mjs"); !strings.Contains(out, "# pass 1") {
		t.Error(out)
	}
}

// Each curl command of docs/console.md runs as it is printed, in order, and answers as is shown
// beneath it, but for what differs each time.
func TestConsoleDocumentation(t *testing.T) {
	needs(t, "curl", "REALTIMEX_REQUIRE_PYTHON")
	text, err := os.ReadFile("../../docs/console.md")
	if err != nil {
		t.Fatal(err)
	}
	c := startConsole(t, nil)
	l := start(t, []string{"RTX_URL=" + c.URL, "RTX_KEY=app-key"}, "listen", "orders", "--json")
	l.told("listening")
	differs := regexp.MustCompile(`"(id|time|socket_id|channel_data)":"[^"]*"|"(number|next|total)":\d+`)
	commands := 0
	for block := range strings.SplitSeq(string(text), "```") {
		block, ok := strings.CutPrefix(block, "console\n$ curl")
		if !ok {
			continue
		}
		command, shown := "curl"+block, ""
		if i := strings.Index(command, "\n{"); i >= 0 {
			command, shown = command[:i], strings.TrimSpace(command[i:])
		}
		commands++
		got := strings.TrimSpace(c.in(".", "sh", "-c", command))
		if want := differs.ReplaceAllString(shown, "-"); differs.ReplaceAllString(got, "-") != want {
			t.Errorf("%s\nanswers %s\nand not %s", command, got, shown)
		}
	}
	if commands < 6 {
		t.Errorf("%d commands", commands)
	}
}
