package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A home is a directory for configuration of its own.
type home struct {
	t   *testing.T
	dir string
	env []string
}

func newHome(t *testing.T) home {
	t.Helper()
	dir := t.TempDir()
	return home{t, dir, []string{"XDG_CONFIG_HOME=" + dir}}
}

func (h home) file(name, text string, mode os.FileMode) string {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		h.t.Fatal(err)
	}
	return path
}

func (h home) contexts() string { return filepath.Join(h.dir, "rtx", "contexts.json") }

// run runs a command of rtx context.
func (h home) run(code int, args ...string) (out, err []string) {
	h.t.Helper()
	return once(h.t, h.env, code, append([]string{"context"}, args...)...)
}

func TestContexts(t *testing.T) {
	h := newHome(t)
	_, said := h.run(0, "list")
	wantLine(t, said[0], "rtx: there is no context yet: rtx context add adds one")
	_, said = h.run(0, "add", "local", "--url", "ws://127.0.0.1:6001", "--key", "stored-key-in-the-file")
	wantLine(t, said[0], "rtx: context local is added, and in use")
	h.run(0, "add", "staging", "--url", "wss://ws.example?token=hunter2", "--key-command", "echo key", "--auth-endpoint", "https://app.example/auth")
	h.run(0, "add", "production", "--url", "wss://ws.realtimex.net", "--key-file", h.file("key", "k\n", 0o600), "--secret-file", h.file("secret", "s\n", 0o600))
	_, said = h.run(2, "add", "local", "--url", "ws://127.0.0.1:1")
	wantLine(t, said[0], `rtx: there is a context "local": remove it first, or give --force; see rtx context add --help`)
	out, _ := h.run(0, "list")
	goldenFile(t, "context-list.golden", out)
	out, _ = h.run(0, "list", "--json")
	for i := range out {
		out[i] = timeless(t, out[i])
	}
	goldenFile(t, "context-list-json.golden", out)

	h.run(0, "use", "staging")
	if out, _ = h.run(0, "list"); !strings.HasPrefix(out[3], "*  staging") {
		t.Errorf("%q", out)
	}
	_, said = h.run(0, "remove", "staging")
	wantLine(t, said[0], "rtx: staging was in use: no context is now")
	_, said = h.run(2, "use", "staging")
	wantLine(t, said[0], `rtx: there is no context "staging": rtx context list shows those that there are; see rtx context use --help`)
	h.run(0, "use", "local")
	h.run(0, "use", "--none")
	if info, err := os.Stat(h.contexts()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if info, err := os.Stat(filepath.Dir(h.contexts())); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info, err)
	}
}

// What is said where beats what: flags, then a context that is named, then the environment, then the
// context in use; and nothing of one service goes to another.
func TestContextPrecedence(t *testing.T) {
	s, other := startServe(t, "127.0.0.1:0"), startServe(t, "127.0.0.1:0")
	h := newHome(t)
	h.run(0, "add", "here", "--url", s.ws, "--key", "our-key", "--secret-file", h.file("secret", secret+"\n", 0o600))
	h.run(0, "add", "wrong", "--url", s.ws, "--key", "not-the-key-of-ours")
	h.run(0, "add", "asks", "--url", s.ws, "--key-command", "echo our-key", "--secret-command", "printf '"+secret+"\n'")
	ping := []string{"ping", "-n", "1"}
	for name, test := range map[string]struct {
		env  []string
		args []string
		code int
		says string // in the last line
	}{
		"in use":                      {nil, ping, 0, "1 answered"},
		"named by a flag":             {nil, append(ping, "--context", "wrong"), 1, "refused the API key"},
		"named by the environment":    {[]string{"RTX_CONTEXT=wrong"}, ping, 1, "refused the API key"},
		"the flag first":              {[]string{"RTX_CONTEXT=wrong"}, append(ping, "--context", "here"), 0, "1 answered"},
		"a key beats it":              {nil, append(ping, "--context", "wrong", "--key", "our-key"), 0, "1 answered"},
		"the environment, not in use": {[]string{"RTX_URL=" + s.ws, "RTX_KEY=not-the-key-of-ours"}, ping, 1, "refused the API key"},
		"named, not the environment":  {[]string{"RTX_URL=ws://127.0.0.1:1", "RTX_KEY=x"}, append(ping, "--context", "here"), 0, "1 answered"},
		"none":                        {nil, append(ping, "--context", "", "--url", s.ws), 2, "there is no API key"},
		"another URL gets no key":     {nil, append(ping, "--context", "here", "--url", other.ws), 2, "there is no API key"},
		"nor by the doctor":           {nil, []string{"doctor", other.ws, "--timeout", "5s"}, 2, "there is no API key"},
		"by commands":                 {nil, []string{"listen", "private-x", "--context", "asks", "--for", "1s"}, 0, "listening on private-x"},
		"unknown":                     {nil, append(ping, "--context", "nowhere"), 2, `there is no context "nowhere": rtx context list`},
		"a server is not concerned":   {nil, []string{"serve", "--addr", "127.0.0.1:0", "--for", "1ms"}, 0, ""},
		"but if it is named":          {nil, []string{"sign", "1.2", "private-x", "--context", "here"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			out, said := once(t, append(h.env, test.env...), test.code, test.args...)
			all := strings.Join(append(out, said...), "\n")
			if !strings.Contains(all, test.says) {
				t.Errorf("got %s\nwant %q", all, test.says)
			}
			if name == "a server is not concerned" && !strings.Contains(all, "key app-key") {
				t.Errorf("%s", all)
			}
			if name == "but if it is named" && !strings.HasPrefix(all, "our-key:") {
				t.Errorf("%s", all)
			}
			for _, hidden := range []string{secret, "not-the-key-of-ours"} {
				if strings.Contains(all, hidden) {
					t.Errorf("it shows %q: %s", hidden, all)
				}
			}
		})
	}
}

// What others can read or change is not used, and what gives no secret says why. No message shows
// what a file or a command has.
func TestContextsKeepSecrets(t *testing.T) {
	h := newHome(t)
	open := h.file("open", "hunter2-is-hidden\n", 0o644)
	two := h.file("two", "hunter2-is-hidden\nhunter2-is-hidden\n", 0o600)
	long := h.file("long", strings.Repeat("hunter2", 1000), 0o600)
	const url = "ws://127.0.0.1:1"
	_, said := h.run(2, "add", "a", "--url", url, "--key-file", open)
	if !strings.Contains(said[0], "other users of this machine may read or change "+open+": chmod 600") {
		t.Errorf("%q", said)
	}
	for name, args := range map[string][]string{
		"two lines":     {"--key-file", two},
		"too long":      {"--key-command", "cat " + long},
		"fails":         {"--key-command", "echo hunter2-is-hidden; exit 3"},
		"prints none":   {"--key-command", "true"},
		"an open file":  {"--key", "k", "--secret-file", h.file("later-open", "s", 0o600)},
		"a file gone":   {"--key", "k", "--secret-file", h.file("later-gone", "s", 0o600)},
		"no file's key": {"--key", "k", "--secret-command", "printf 'a\\nb'"},
	} {
		h.run(0, append([]string{"add", "c", "--force", "--url", url}, args...)...)
		switch name {
		case "an open file":
			os.Chmod(args[3], 0o640)
		case "a file gone":
			os.Remove(args[3])
		}
		_, said := once(t, h.env, 2, "listen", "private-x", "--context", "c")
		want := map[string]string{
			"two lines": "has more than one line", "too long": "", "fails": "the context's command failed (exit status 3)",
			"prints none": "what the context's command prints is empty", "an open file": "chmod 600", "a file gone": "does not exist",
			"no file's key": "has more than one line",
		}[name]
		if name == "too long" {
			want = "prints more than 4096 bytes"
		}
		if last := said[len(said)-1]; !strings.Contains(last, want) || strings.Contains(strings.Join(said, " "), "hunter2") {
			t.Errorf("%s: %q, want %q", name, said, want)
		}
	}

	for name, text := range map[string]string{"is damaged": "{", "has version 9": `{"version":9}`, "is longer than": strings.Repeat(" ", maxContextsFile+1)} {
		if err := os.WriteFile(h.contexts(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, said := h.run(2, "list"); !strings.Contains(said[0], name) {
			t.Errorf("%s: %q", name, said)
		}
	}
	if err := os.Chmod(h.contexts(), 0o644); err != nil {
		t.Fatal(err)
	}
	_, said = h.run(2, "list")
	if !strings.Contains(said[0], "other users of this machine may read or change") {
		t.Errorf("%q", said)
	}
	// Who says everything by flags needs no file.
	_, said = once(t, h.env, 1, "ping", "--url", url, "--key", "k")
	if !strings.Contains(said[0], "nothing listens") {
		t.Errorf("%q", said)
	}
}

func TestContextsAreChecked(t *testing.T) {
	h := newHome(t)
	const url = "ws://127.0.0.1:1"
	for want, args := range map[string][]string{
		"NAME is missing": {}, "NAME must be 1 to 64": {"a b", "--url", url}, "--url is missing": {"a"},
		"must begin with ws://": {"a", "--url", "ftp://x"}, "three ways to give the key": {"a", "--url", url, "--key", "k", "--key-file", "f"},
		"three ways to sign": {"a", "--url", url, "--secret-file", "f", "--secret-command", "c"}, "nofile does not exist": {"a", "--url", url, "--key-file", "nofile"},
		"too many arguments": {"a", "b"},
	} {
		if _, said := h.run(2, append([]string{"add"}, args...)...); !strings.Contains(said[0], want) {
			t.Errorf("%q: %q", args, said)
		}
	}
	for want, args := range map[string][]string{
		"give the NAME of a context, or --none": {"use"}, "no such command: want add, use, list or remove": {"ad"},
		"there is no context": {"remove", "x"},
	} {
		if _, said := h.run(2, args...); !strings.Contains(said[0], want) {
			t.Errorf("%q: %q", args, said)
		}
	}
}
