package nodetest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

const (
	// startTimeout bounds every wait for a child or for an answer of its. It is far above what a
	// loaded machine needs.
	startTimeout = 30 * time.Second
	// exitGrace is what a child gets to exit after its standard input ended.
	exitGrace = 3 * time.Second
	// maxLine bounds one line of a child's output.
	maxLine = 32 << 20
)

// child is a process that lives as long as its standard input is open. One goroutine reads its
// output and reaps it.
type child struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr tail
	lines  chan []byte // closed when the output has ended
	quit   chan struct{}
	exited chan struct{} // closed once the process is reaped
	once   sync.Once
}

func startChild(env []string, name string, args ...string) (*child, error) {
	c := &child{
		cmd:    exec.Command(name, args...),
		lines:  make(chan []byte, 4096),
		quit:   make(chan struct{}),
		exited: make(chan struct{}),
	}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stderr = &c.stderr
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go c.read(stdout)
	return c, nil
}

func (c *child) read(stdout io.Reader) {
	defer close(c.exited)
	scanner := bufio.NewScanner(stdout)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		line := append([]byte(nil), scanner.Bytes()...)
		select {
		case c.lines <- line:
		case <-c.quit: // nobody reads any more; read on, so that the child is not stuck in a write
		}
	}
	close(c.lines)
	_, _ = io.Copy(io.Discard, stdout) // what followed a line over the limit
	_ = c.cmd.Wait()                   // its outcome is in stderr, or was our kill
}

// stop ends the standard input, waits for the exit, and kills what stays.
func (c *child) stop() {
	c.once.Do(func() { close(c.quit) })
	_ = c.stdin.Close()
	timer := time.NewTimer(exitGrace)
	defer timer.Stop()
	select {
	case <-c.exited:
	case <-timer.C:
		c.kill()
	}
}

// kill is a SIGKILL: no close frame, no farewell.
func (c *child) kill() {
	c.once.Do(func() { close(c.quit) })
	_ = c.cmd.Process.Kill()
	<-c.exited
	_ = c.stdin.Close()
}

// logOnFailure shows what the child wrote to its standard error when the test has failed.
func (c *child) logOnFailure(t testing.TB, name string) {
	if text := c.stderr.String(); t.Failed() && text != "" {
		t.Logf("%s wrote to stderr:\n%s", name, text)
	}
}

// tail keeps the last bytes written to it.
type tail struct {
	mu   sync.Mutex
	data []byte
}

const maxTail = 32 << 10

func (b *tail) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data = append(b.data, p...)
	if over := len(b.data) - maxTail; over > 0 {
		b.data = append(b.data[:0], b.data[over:]...)
	}
	return len(p), nil
}

func (b *tail) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.data)
}
