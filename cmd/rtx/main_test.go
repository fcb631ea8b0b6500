package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/realtimex/realtimex-go/internal/race"
)

// patience bounds a test that hangs; no test waits for it.
const patience = 90 * time.Second

// binary is the command under test, built once.
var binary string

func TestMain(m *testing.M) {
	if dir := os.Getenv("RTX_TEST_NATS"); dir != "" {
		if err := serveNATS(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	dir, err := os.MkdirTemp("", "rtx")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "rtx")
	// With the race detector if the tests are.
	if out, err := exec.Command("go", "build", fmt.Sprintf("-race=%t", race.Enabled), "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building rtx: %v\n%s", err, out)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// A process is a command that runs, its output as lines.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err <-chan string // closed at the end of the stream
	code     chan int
	exited   int // what code gave; -1 before
}

// environ is the test's own environment without what rtx reads, and with what is given.
func environ(extra ...string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "RTX_") && !strings.HasPrefix(e, "NO_COLOR=") {
			env = append(env, e)
		}
	}
	env = append(env, "XDG_CONFIG_HOME="+filepath.Join(filepath.Dir(binary), "config")) // without contexts
	return append(append(env, "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH")), extra...)
}

// start starts rtx; it is killed at the end of the test if it still runs.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return startCommand(t, exec.Command(binary, args...), env)
}

func startCommand(t *testing.T, cmd *exec.Cmd, env []string) *process {
	t.Helper()
	cmd.Env = environ(env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, code: make(chan int, 1), exited: -1}
	var outDone, errDone <-chan struct{}
	if cmd.Stdout == nil {
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		p.out, outDone = lines(stdout)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.err, errDone = lines(stderr)
	go func() {
		if outDone != nil {
			<-outDone
		}
		<-errDone
		_ = cmd.Wait()
		code := cmd.ProcessState.ExitCode()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			code = 128 + int(status.Signal())
		}
		p.code <- code
	}()
	t.Cleanup(func() {
		if p.exited < 0 {
			_ = cmd.Process.Kill()
			drain(p.out)
			drain(p.err)
			<-p.code
		}
	})
	return p
}

// lines reads a stream as lines, however many.
func lines(r io.Reader) (<-chan string, <-chan struct{}) {
	c, done := make(chan string, 1<<18), make(chan struct{})
	go func() {
		defer close(done)
		defer close(c)
		in := bufio.NewReaderSize(r, 1<<16)
		for {
			line, err := in.ReadString('\n')
			if line != "" {
				c <- strings.TrimSuffix(line, "\n")
			}
			if err != nil {
				return
			}
		}
	}()
	return c, done
}

func drain(c <-chan string) {
	if c == nil {
		return
	}
	for range c {
	}
}

// next is the next line of standard output.
func (p *process) next() string {
	p.t.Helper()
	return p.line(p.out, "output")
}

func (p *process) line(c <-chan string, of string) string {
	p.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case line, ok := <-c:
		if !ok {
			rest := make([]string, 0)
			if of == "output" {
				for line := range p.err {
					rest = append(rest, line)
				}
			}
			p.t.Fatalf("%v has ended: no more %s; %q", p.cmd.Args, of, rest)
		}
		return line
	case <-timer.C:
		p.t.Fatalf("%v: no %s in %v", p.cmd.Args, of, patience)
	}
	panic("unreachable")
}

// told reads standard error up to a line with that text, and returns it.
func (p *process) told(text string) string {
	p.t.Helper()
	for {
		if line := p.line(p.err, fmt.Sprintf("note with %q", text)); strings.Contains(line, text) {
			return line
		}
	}
}

// toldAll reads standard error until a line with each of the texts has come, in any order: states
// and gaps are reported by goroutines of their own.
func (p *process) toldAll(texts ...string) {
	p.t.Helper()
	for len(texts) > 0 {
		line := p.line(p.err, fmt.Sprintf("notes with %q", texts))
		if i := slices.IndexFunc(texts, func(text string) bool { return strings.Contains(line, text) }); i >= 0 {
			texts = slices.Delete(texts, i, i+1)
		}
	}
}

// wait waits for the end, and returns the exit code and what was not read of either stream.
func (p *process) wait() (code int, out, err []string) {
	p.t.Helper()
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	if p.out != nil {
		for line := range p.out {
			out = append(out, line)
		}
	}
	for line := range p.err {
		err = append(err, line)
	}
	p.exited = <-p.code
	return p.exited, out, err
}

// want waits for the end with that code.
func (p *process) want(code int) (out, err []string) {
	p.t.Helper()
	got, out, err := p.wait()
	if got != code {
		p.t.Fatalf("%v: exit code %d, want %d\n%s\n%s", p.cmd.Args, got, code, strings.Join(out, "\n"), strings.Join(err, "\n"))
	}
	return out, err
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// once runs rtx to its end.
func once(t *testing.T, env []string, code int, args ...string) (out, err []string) {
	t.Helper()
	return start(t, env, args...).want(code)
}

// A served is rtx serve that runs, and the environment of its clients.
type served struct {
	*process
	ws, http string
	auth     string // the server's own auth endpoint, with its token
	env      []string
}

const secret = "a-secret-of-our-own"

// startServe starts rtx serve at an address, 127.0.0.1:0 for a free port.
func startServe(t *testing.T, addr string, args ...string) served {
	t.Helper()
	p := start(t, []string{"RTX_KEY=our-key", "RTX_SECRET=" + secret}, append([]string{"serve", "--json", "--addr", addr}, args...)...)
	var line struct {
		URL  string `json:"url"`
		Auth string `json:"auth_endpoint"`
	}
	if err := json.Unmarshal([]byte(p.next()), &line); err != nil {
		t.Fatal(err)
	}
	http := "http" + strings.TrimPrefix(line.URL, "ws")
	return served{p, line.URL, http, line.Auth, []string{"RTX_URL=" + line.URL, "RTX_KEY=our-key"}}
}

// signing is the environment of clients that sign for themselves.
func (s served) signing() []string { return append([]string{"RTX_SECRET=" + secret}, s.env...) }

// endpoint is the environment of clients that have the server's own auth endpoint sign.
func (s served) endpoint() []string {
	return append([]string{"RTX_AUTH_ENDPOINT=" + s.auth}, s.env...)
}

func (s served) publish(channel, event, data string) {
	s.t.Helper()
	once(s.t, s.signing(), 0, "trigger", channel, event, data, "--dev")
}

var timeField = regexp.MustCompile(`^\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",`)

// timeless checks that a line begins with a time, and returns it without.
func timeless(t *testing.T, line string) string {
	t.Helper()
	if !timeField.MatchString(line) {
		t.Fatalf("no time at the beginning of %q", line)
	}
	return timeField.ReplaceAllString(line, "{")
}

func wantLine(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// within runs the command in this process, so that what it leaves behind would be seen.
func within(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	read := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(r)
		read <- b
	}()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("test took too long"))
	defer cancel()
	code = run(ctx, args, null, w, null)
	w.Close()
	out = string(bytes.TrimSpace(<-read))
	r.Close()
	return code, out
}
