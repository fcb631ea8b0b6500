package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// binaries are the programs under test, each built once.
var binaries string

func TestMain(m *testing.M) {
	var err error
	if binaries, err = os.MkdirTemp("", "browser"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(binaries)
		os.Exit(code)
	}))
}

// build builds a program of this repository, such as "cmd/rtx".
func build(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(binaries, filepath.Base(dir))
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Dir = filepath.Join("..", "..", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", dir, err, out)
	}
	return binary
}

// launch runs a program until the test's end, and returns its first line of output, and a function
// that interrupts it and returns the rest.
func launch(t *testing.T, env []string, binary string, args ...string) (first string, end func() string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	var rest []byte
	ended := false
	end = func() string {
		if !ended {
			ended = true
			_ = cmd.Process.Signal(os.Interrupt) // it may have ended by itself
			rest, _ = io.ReadAll(out)
			_ = cmd.Wait() // interrupted is no success
		}
		return string(rest)
	}
	t.Cleanup(func() { end() })
	first, err = out.ReadString('\n')
	if err != nil {
		end()
		t.Fatalf("%s: %v: %s", binary, err, complaints.String())
	}
	return first, end
}

// A console is rtx serve --ui, and its API.
type console struct {
	*testing.T
	URL, UI, API, Token string
	Auth                string `json:"auth_endpoint"`
}

// serveConsole runs rtx serve with its console until the test's end.
func serveConsole(t *testing.T, args ...string) *console {
	t.Helper()
	line, _ := launch(t, nil, build(t, "cmd/rtx"),
		append([]string{"serve", "--ui", "--ui-addr", "127.0.0.1:0", "--addr", "127.0.0.1:0", "--json", "--quiet"}, args...)...)
	c := &console{T: t}
	if err := json.Unmarshal([]byte(line), c); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return c
}

// call asks the API, and fails the test unless the answer is 200.
func (c *console) call(method, path string, body any) map[string]any {
	c.Helper()
	answer, err := c.try(method, path, body)
	if err != nil {
		c.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

func (c *console) try(method, path string, body any) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(c.Context(), method, c.API+"/"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		text, _ := json.Marshal(answer)
		return nil, errors.New(string(text))
	}
	return answer, nil
}

// client keeps no connection, which a leak check would find.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
