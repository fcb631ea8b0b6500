package main

import (
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
)

// Every example in a help runs as it is printed, but for the server's port. Those that go on until
// they are interrupted are, once they have shown something.
func TestHelpExamples(t *testing.T) {
	var examples []string
	for cmd := range commands(newRoot(newConsole(os.Stdin, os.Stdout, os.Stderr))) {
		if cmd.Example == "" {
			t.Errorf("%s has no example", cmd.Name())
		}
		for line := range strings.Lines(cmd.Example) {
			if line = strings.TrimSpace(line); !slices.Contains(examples, line) {
				examples = append(examples, line)
			}
		}
	}
	for _, example := range examples {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(example, "--ui") {
				example += " --ui-addr 127.0.0.1:0"
			}
			addr, serves := "127.0.0.1:0", strings.Contains(example, "rtx serve") || strings.Contains(example, "rtx auth-server")
			if serves {
				if !strings.Contains(example, "--addr") {
					example += " --addr 127.0.0.1:6001"
				}
			} else {
				p := start(t, nil, "serve", "--addr", addr)
				url, _, _ := strings.Cut(strings.TrimPrefix(p.next(), "serving ws://"), ",")
				addr = url
				feed(t, addr, example)
			}
			script := strings.NewReplacer("127.0.0.1:6001", addr, "127.0.0.1:6002", addr).Replace(example)
			if i := strings.Index(script, "rtx "); !strings.Contains(script, "|") {
				script = script[:i] + "exec " + script[i:] // so that the signal reaches rtx
			}
			cmd := exec.Command("sh", "-c", script)
			cmd.Dir = workplace(t, example)
			bridges := strings.Contains(example, "rtx bridge nats") && !ends(example)
			env := []string{"XDG_CONFIG_HOME=" + cmd.Dir}
			if bridges {
				env = append(env, "RTX_NATS="+startNATS(t))
			}
			p := startCommand(t, cmd, env)
			if ends(example) {
				p.want(0)
				return
			}
			if bridges {
				p.told("bringing")
			} else {
				p.next()
			}
			p.signal(syscall.SIGINT)
			p.want(130)
		})
	}
}

// commands are all commands of the program, itself among them, but for those that cobra adds.
func commands(root *cobra.Command) iter.Seq[*cobra.Command] {
	return func(yield func(*cobra.Command) bool) {
		all := []*cobra.Command{root}
		for len(all) > 0 {
			if !yield(all[0]) {
				return
			}
			all = append(all[1:], all[0].Commands()...)
		}
	}
}

// workplace is a directory with the files that an example has, which is one for configuration too. The
// recording that some read is what rtx record writes.
func workplace(t *testing.T, example string) string {
	t.Helper()
	dir := t.TempDir()
	recording, err := os.ReadFile("testdata/outage.jsonl")
	if err == nil && !strings.Contains(example, "rtx record") {
		err = os.WriteFile(filepath.Join(dir, "session.jsonl"), recording, 0o600)
	}
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "rtx"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "rtx", "contexts.json"), []byte(`{"version":1,"contexts":{"local":{"url":"ws://127.0.0.1:1","key":"k"}}}`), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// ends reports whether an example comes to an end by itself.
func ends(example string) bool {
	for _, sign := range []string{"--count", "--for", "-n ", "rtx trigger", "rtx sign", "rtx doctor", "rtx replay", "rtx context", "rtx bench", "rtx version", "--check"} {
		if strings.Contains(example, sign) {
			return true
		}
	}
	return false
}

// feed publishes until the test's end what a listening example waits for.
func feed(t *testing.T, addr, example string) {
	if !strings.Contains(example, "rtx listen") {
		return
	}
	channel := "orders"
	if strings.Contains(example, "private-orders") {
		channel = "private-orders"
	}
	// One trigger after the other, until the listener is there and has ended, or the test has.
	script := fmt.Sprintf(`while rtx trigger %s created '{"id":1}' --dev --url ws://%s; do :; done`, channel, addr)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Env = environ()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		out, _ := once(t, nil, 0, "completion", shell)
		if len(out) < 20 {
			t.Errorf("%s: %q", shell, out)
		}
		path, err := exec.LookPath(shell)
		if err != nil || shell == "powershell" {
			continue
		}
		cmd := exec.Command(path, "-n")
		cmd.Stdin = strings.NewReader(strings.Join(out, "\n"))
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s does not take it: %v %s", shell, err, said)
		}
	}
	out, _ := once(t, nil, 0, cobra.ShellCompRequestCmd, "li")
	if len(out) == 0 || !strings.HasPrefix(out[0], "listen\t") {
		t.Errorf("%q", out)
	}
	out, _ = once(t, nil, 0, cobra.ShellCompRequestCmd, "listen", "--auth")
	if len(out) == 0 || !strings.HasPrefix(out[0], "--auth-endpoint\t") {
		t.Errorf("%q", out)
	}
}
