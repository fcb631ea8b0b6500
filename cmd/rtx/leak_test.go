package main

import (
	"sync"
	"testing"
)

// In this process, where TestMain sees whatever a command leaves running.
func TestCommandsLeaveNothingBehind(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	common := []string{"--url", s.ws, "--key", "our-key"}
	var commands sync.WaitGroup
	for _, args := range [][]string{
		{"listen", "orders", "--for", "3s"},
		{"listen", "private-x", "--secret", secret, "--for", "3s"},
		{"listen", "private-x", "--auth-endpoint", s.auth, "--for", "3s"},
		{"trigger", "private-x", "client-e", "1", "--secret", secret},
		{"trigger", "orders", "e", "1", "--dev", "--secret", secret},
		{"presence", "presence-x", "--user-id", "ann", "--secret", secret, "--count", "1"},
		{"presence", "presence-x", "--user-id", "ann", "--secret", secret, "--for", "3s"},
		{"ping", "-n", "1"},
	} {
		commands.Go(func() {
			if code, out := within(t, append(args, common...)...); code != exitDone {
				t.Errorf("%q: exit code %d: %s", args, code, out)
			}
		})
	}
	commands.Wait()
	if code, _ := within(t, "serve", "--addr", "127.0.0.1:0", "--for", "1ms"); code != exitDone {
		t.Errorf("serve: exit code %d", code)
	}
	if code, _ := within(t, "listen", "orders", "--url", s.ws, "--key", "wrong"); code != exitFailed {
		t.Errorf("wrong key: exit code %d", code)
	}
}
