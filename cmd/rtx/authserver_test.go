package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// startAuthServer starts rtx auth-server on a free port, with the key and the secret of
// startServe.
func startAuthServer(t *testing.T, args ...string) served {
	t.Helper()
	p := start(t, []string{"RTX_KEY=our-key", "RTX_SECRET=" + secret}, append([]string{"auth-server", "--json", "--addr", "127.0.0.1:0"}, args...)...)
	var line struct {
		Auth string `json:"auth_endpoint"`
	}
	if err := json.Unmarshal([]byte(p.next()), &line); err != nil {
		t.Fatal(err)
	}
	base, _, _ := strings.Cut(line.Auth, "/auth")
	return served{process: p, http: base, auth: line.Auth}
}

// clients is the environment of clients of s that have a has sign.
func clients(s, a served) []string { return append([]string{"RTX_AUTH_ENDPOINT=" + a.auth}, s.env...) }

func TestAuthServerLetsClientsIn(t *testing.T) {
	s, a := startServe(t, "127.0.0.1:0"), startAuthServer(t, "--allow", "private-*", "--allow", "presence-lobby")
	once(t, clients(s, a), 0, "trigger", "private-orders", "client-hi", "1")
	wantLine(t, timeless(t, a.next()), `{"verdict":"allowed","status":200,"channel":"private-orders"}`)
	out, _ := once(t, clients(s, a), 0, "presence", "presence-lobby", "--user-id", "ann", "--user-info", `{"name":"Ann"}`, "--json", "--count", "1")
	if len(out) != 1 || !strings.Contains(out[0], `"user_id":"ann","user_info":{"name":"Ann"}`) {
		t.Errorf("%q", out)
	}
	wantLine(t, timeless(t, a.next()), `{"verdict":"allowed","status":200,"channel":"presence-lobby","user_id":"ann"}`)
	_, err := once(t, clients(s, a), 1, "presence", "presence-office", "--user-id", "ann", "--count", "1")
	if len(err) == 0 || !strings.Contains(err[len(err)-1], "the auth endpoint refused it (HTTP 403: forbidden)") {
		t.Errorf("%q", err)
	}
	wantLine(t, timeless(t, a.next()), `{"verdict":"denied","status":403,"channel":"presence-office","user_id":"ann","reason":"no --allow matches"}`)
	a.signal(os.Interrupt)
	a.want(130)
}

// The signatures are right by the library's own word, for one channel and for several.
func TestAuthServerSigns(t *testing.T) {
	a := startAuthServer(t)
	signer, err := auth.NewSigner("our-key", secret)
	if err != nil {
		t.Fatal(err)
	}
	status, _, body := a.ask(ask{method: "POST", path: "/some/path" + a.token(), body: `{"socket_id":"7","channel_name":"presence-a"}`, header: map[string]string{"Content-Type": asJSON}})
	var grant auth.Grant
	if err := json.Unmarshal([]byte(body), &grant); status != 200 || err != nil || !signer.Verify("7", "presence-a", grant) {
		t.Errorf("%d %s", status, body)
	}
	if strings.Contains(grant.ChannelData, `"7"`) || !strings.Contains(grant.ChannelData, `"user_id":"user-`) {
		t.Errorf("a user without a name is %s", grant.ChannelData)
	}
	status, _, body = a.ask(ask{method: "POST", path: "/auth" + a.token() + "&user_id=ann&name=Ann", body: `{"socket_id":"7","channel_name":["private-a","presence-b","orders"]}`, header: map[string]string{"Content-Type": asJSON}})
	var batch map[string]struct {
		Status int
		Data   auth.Grant
	}
	if err := json.Unmarshal([]byte(body), &batch); status != 200 || err != nil {
		t.Fatalf("%d %s", status, body)
	}
	for channel, want := range map[string]int{"private-a": 200, "presence-b": 200, "orders": 400} {
		if got := batch[channel]; got.Status != want || signer.Verify("7", channel, got.Data) != (want == 200) {
			t.Errorf("%s: %+v", channel, got)
		}
	}
	if data := batch["presence-b"].Data.ChannelData; data != `{"user_id":"ann","user_info":{"name":"Ann"}}` {
		t.Errorf("%s", data)
	}
}

// Whoever is on a page of another origin, or has not the token, gets no signature.
func TestAuthServerKeepsOthersOut(t *testing.T) {
	a := startAuthServer(t, "--origin", "http://localhost:5173")
	body := `{"socket_id":"7","channel_name":"private-a"}`
	for name, c := range map[string]struct {
		ask
		status  int
		verdict string
	}{
		"no token":            {ask{path: "/auth", header: map[string]string{"Content-Type": asJSON}}, 401, "unauthenticated"},
		"a wrong token":       {ask{path: "/auth?token=x", header: map[string]string{"Content-Type": asJSON}}, 401, "unauthenticated"},
		"another page":        {ask{path: "/auth" + a.token(), header: map[string]string{"Content-Type": asJSON, "Origin": "https://evil.example"}}, 403, "cross-origin"},
		"a rebound name":      {ask{path: "/auth" + a.token(), host: "evil.example", header: map[string]string{"Content-Type": asJSON}}, 403, "cross-origin"},
		"an allowed page":     {ask{path: "/auth" + a.token(), header: map[string]string{"Content-Type": asJSON, "Origin": "http://localhost:5173"}}, 200, "allowed"},
		"the token as bearer": {ask{path: "/auth", header: map[string]string{"Content-Type": asJSON, "Authorization": "Bearer " + strings.TrimPrefix(a.token(), "?token=")}}, 200, "allowed"},
	} {
		c.method, c.body = "POST", body
		status, header, text := a.ask(c.ask)
		if status != c.status || (status == 200) != strings.Contains(text, `"auth"`) {
			t.Errorf("%s: %d %s", name, status, text)
		}
		if origin := c.header["Origin"]; (status == 200 && origin != "") != (header.Get("Access-Control-Allow-Origin") == origin && origin != "") {
			t.Errorf("%s: %v", name, header)
		}
		if line := a.next(); !strings.Contains(line, `"verdict":"`+c.verdict+`"`) {
			t.Errorf("%s: %s", name, line)
		}
	}
	status, header, _ := a.ask(ask{method: "OPTIONS", path: "/auth" + a.token(), header: map[string]string{
		"Origin": "http://localhost:5173", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type",
	}})
	if status != http.StatusNoContent || header.Get("Access-Control-Allow-Origin") != "http://localhost:5173" || header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("preflight: %d %v", status, header)
	}
}

func TestAuthServerUsage(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	missing, empty := filepath.Join(dir, "none"), file("empty", "\n", 0o600)
	two, long := file("two", "s3cret\ns3cret\n", 0o600), file("long", strings.Repeat("s3cret", 1000), 0o600)
	const see = "; see rtx auth-server --help"
	for _, c := range []struct {
		env  []string
		args string
		want string
	}{
		{nil, "--addr 0.0.0.0:0", "--addr: other machines could reach 0.0.0.0:0, and whoever does gets signatures: give --remote if that is meant" + see},
		{nil, "--addr :0", "--addr: other machines could reach :0, and whoever does gets signatures: give --remote if that is meant" + see},
		{nil, "--secret s3cret", "the secret is no argument here: set RTX_SECRET, or give --secret-file" + see},
		{nil, "--secret=s3cret", "the secret is no argument here: set RTX_SECRET, or give --secret-file" + see},
		{nil, "--key my-key", "there is no secret for that key: set RTX_SECRET, or give --secret-file" + see},
		{nil, "--secret-file " + missing, "--secret-file: can't open " + missing + ": no such file or directory" + see},
		{nil, "--secret-file " + empty, "--secret-file: " + empty + " is empty" + see},
		{nil, "--secret-file " + two, "--secret-file: " + two + " has more than one line" + see},
		{nil, "--secret-file " + long, "--secret-file: " + long + " is longer than 4096 bytes: it is no secret" + see},
		{nil, "--allow private-[", "--allow: \"private-[\" is no pattern, such as 'private-orders*'" + see},
		{nil, "--origin x", `--origin: "x" is no origin: want one such as "https://app.example", or "*"` + see},
		{nil, "--host a/b", `--host: "a/b" is no host name: want one without scheme, port and path` + see},
		{nil, "--for 0s", "--for must be more than 0" + see},
		{[]string{"RTX_KEY=a:b", "RTX_SECRET=s3cret"}, "", "key: one with a colon" + see},
	} {
		_, err := once(t, c.env, exitUsage, append([]string{"auth-server"}, strings.Fields(c.args)...)...)
		if !slices.Equal(err, []string{"rtx: " + c.want}) {
			t.Errorf("%s: %q", c.args, err)
		}
	}

	// A file's secret counts before the environment's, and a file that others can read is told.
	open := file("open", "s3cret\n", 0o644)
	out, err := once(t, []string{"RTX_KEY=my-key", "RTX_SECRET=another"}, 0, "auth-server", "--addr", "127.0.0.1:0", "--for", "1ms", "--secret-file", open)
	if !slices.Equal(err, []string{"rtx: other users of this machine may read " + open + ": chmod 600"}) {
		t.Errorf("%q", err)
	}
	if len(out) != 2 || !strings.Contains(out[0], "/auth?token="+devToken("s3cret")+", key as given, for everybody on every channel") {
		t.Errorf("%q", out)
	}
	out, err = once(t, nil, 0, "auth-server", "--addr", "127.0.0.1:0", "--for", "1ms", "--quiet")
	if len(out) != 0 || len(err) != 0 {
		t.Errorf("quiet: %q %q", out, err)
	}
}

// What a secret is must not be seen: not in the list of processes, nor in anything that is printed.
func TestAuthServerHidesItsSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("s3cret-of-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, nil, "auth-server", "--key", "my-key", "--secret-file", path, "--addr", "127.0.0.1:0")
	shown := p.next() + p.next()
	if ps, err := exec.Command("ps", "-eo", "args").Output(); err == nil {
		shown += string(ps)
	}
	p.signal(os.Interrupt)
	out, err := p.want(130)
	if shown += strings.Join(append(out, err...), ""); strings.Contains(shown, "s3cret") {
		t.Errorf("the secret is shown: %s", shown)
	}
}

// The official SDK, unmodified, is let in, with the default key and secret of rtx serve.
func TestAuthServerOfficialSDK(t *testing.T) {
	nodetest.Skip(t)
	s := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--json")
	var line struct{ URL string }
	if err := json.Unmarshal([]byte(s.next()), &line); err != nil {
		t.Fatal(err)
	}
	p := start(t, nil, "auth-server", "--addr", "127.0.0.1:0")
	_, rest, _ := strings.Cut(p.next(), "signing at ")
	endpoint, _, _ := strings.Cut(rest, ",")
	sdk := nodetest.RunScript(t, "realtimex.mjs", nil, "--url", "http"+strings.TrimPrefix(line.URL, "ws"), "--key", testserver.DefaultKey, "--auth-endpoint", endpoint)
	sdk.Expect("connected")
	for _, channel := range []string{"private-a", "presence-a"} {
		sdk.Send("subscribe", fields{"channel": channel})
		sdk.Expect("succeeded")
		p.told("allowed  " + channel)
	}
}
