//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// A screen is a terminal of its own with a command in it.
type screen struct {
	t    *testing.T
	pty  *os.File
	cmd  *exec.Cmd
	done chan struct{} // closed when the output has ended

	mu   sync.Mutex
	text []byte
	all  []byte        // text, and what was taken of it
	more chan struct{} // closed and made anew when there is more
}

func onTerminal(t *testing.T, env []string, args ...string) *screen {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = environ(append([]string{"TERM=xterm-256color"}, env...)...)
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, pty: file, cmd: cmd, done: make(chan struct{}), more: make(chan struct{})}
	go s.read()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended, as a rule
		<-s.done
		file.Close()
	})
	return s
}

func (s *screen) read() {
	defer close(s.done)
	buf := make([]byte, 4096)
	for {
		n, err := s.pty.Read(buf)
		s.mu.Lock()
		s.text = append(s.text, buf[:n]...)
		s.all = append(s.all, buf[:n]...)
		close(s.more)
		s.more = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			_ = s.cmd.Wait()
			return
		}
	}
}

// expect waits until the terminal has been sent what matches, and takes it and what was before it.
func (s *screen) expect(pattern string) string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		s.mu.Lock()
		if at := re.FindIndex(s.text); at != nil {
			got := string(s.text[at[0]:at[1]])
			s.text = s.text[at[1]:]
			s.mu.Unlock()
			return got
		}
		more := s.more
		s.mu.Unlock()
		select {
		case <-more:
		case <-s.done:
			s.t.Fatalf("ended before %s; got %q", pattern, s.text)
		case <-timer.C:
			s.t.Fatalf("no %s; got %q", pattern, s.rest())
		}
	}
}

func (s *screen) rest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(bytes.Clone(s.text))
}

func (s *screen) key(text string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) want(code int) {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Fatalf("it does not end; %q", s.rest())
	}
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.t.Fatalf("exit code %d, want %d: %q", got, code, s.rest())
	}
}

const ctrlC = "\x03"

func TestTerminalListen(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	l := onTerminal(t, s.env, "listen", "orders", "stock-levels")
	l.expect(`\x1b\[2mrtx:\x1b\[0m listening on orders, stock-levels\r\n`)
	l.expect(`\r\x1b\[K\x1b\[2mconnected  0/s  0 events  0 dropped  0 reconnects\x1b\[0m`)
	s.publish("orders", "created", `{"id":1}`)
	// The status line is erased, the event takes its place, in colours and columns, and the status
	// line is beneath it again.
	l.expect(`\r\x1b\[K\x1b\[2m\d\d:\d\d:\d\d\.\d{3}\x1b\[0m  \x1b\[36morders\x1b\[0m        \x1b\[1mcreated\x1b\[0m {9}\{"id":1\}\r\n`)
	l.expect(`\r\x1b\[K\x1b\[2mconnected  \d/s  1 events`)
	s.signal(syscall.SIGKILL)
	s.wait()
	l.expect(`rtx:\x1b\[0m attempt \d+ to connect again in`)
	l.expect(`reconnecting  \d/s  1 events`)
	startServe(t, strings.TrimPrefix(s.ws, "ws://"))
	l.expect(`channel "orders": the connection was down from`)
	l.expect(`connected  \d/s  1 events  0 dropped  1 reconnects`)
	l.key(ctrlC)
	l.want(130)
	if rest := l.rest(); !strings.HasSuffix(rest, "\r\x1b[K") {
		t.Errorf("the status line is left: %q", rest)
	}
}

func TestTerminalWithoutColours(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		l := onTerminal(t, append([]string{env}, s.env...), "listen", "orders", "--count", "1")
		l.expect(`rtx: listening on orders\r\n`)
		s.publish("orders", "created", "1")
		l.expect(`\d  orders  created {9}1\r\n`)
		l.want(0)
		if rest := l.rest(); strings.Contains(rest, "m") {
			t.Errorf("%s: %q", env, rest)
		}
	}
}

func TestTerminalNarrow(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	l := onTerminal(t, s.env, "listen", "orders")
	l.expect("listening")
	if err := pty.Setsize(l.pty, &pty.Winsize{Rows: 24, Cols: 20}); err != nil {
		t.Fatal(err)
	}
	l.expect(`\r\x1b\[K\x1b\[2mconnected  0/s  0 e\x1b\[0m`) // 19 characters: a line that wraps could not be erased
	l.key(ctrlC)
	l.want(130)
}

func TestTerminalJSONInAPipe(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	file := t.TempDir() + "/out"
	cmd := []string{"-c", "rtx listen orders --json --count 1 > " + file}
	l := &screen{t: t, cmd: exec.Command("sh", cmd...), done: make(chan struct{}), more: make(chan struct{})}
	l.cmd.Env = environ(append([]string{"TERM=xterm"}, s.env...)...)
	var err error
	if l.pty, err = pty.Start(l.cmd); err != nil {
		t.Fatal(err)
	}
	go l.read()
	defer l.pty.Close()
	l.expect(`connected  0/s`) // the status line is there for whoever watches
	s.publish("orders", "e", "1")
	l.want(0)
	out, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wantLine(t, timeless(t, string(out)), `{"channel":"orders","event":"e","data":1}`+"\n")
}

func TestTerminalPresence(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	p := onTerminal(t, s.signing(), "presence", "presence-lobby", "--user-id", "ann")
	p.expect(`1 here  \x1b\[2msnapshot\x1b\[0m\r\n +\x1b\[32m\+\x1b\[0m \x1b\[36mann\x1b\[0m.*\(me\)`)
	p.expect(`connected  1 here  0 reconnects`)
	p.key(ctrlC)
	p.want(130)
}

func TestTerminalAsksForTheSecret(t *testing.T) {
	const private = "app-key:2d1e5109f17c93a347d0a52f060df3a517761ce1ddcd7bce2998c4f1925a7cab"
	p := onTerminal(t, nil, "sign", "1234.5678", "private-orders", "--key", "app-key")
	p.expect("App secret: ")
	waitNoEcho(t, p)
	p.key("app-secret\n")
	got := p.expect(`app-key:[0-9a-f]{64}`)
	wantLine(t, got, private)
	p.want(0)
	if strings.Contains(p.rest(), "app-secret") {
		t.Error("the secret is echoed")
	}

	p = onTerminal(t, nil, "sign", "1234.5678", "private-orders", "--key", "app-key")
	p.expect("App secret: ")
	waitNoEcho(t, p)
	p.key(ctrlC)
	p.want(130)
	if !echoes(t, p) {
		t.Error("the terminal is left without echo")
	}
}

// echoes reports whether the terminal shows what is typed.
func echoes(t *testing.T, s *screen) (on bool) {
	t.Helper()
	raw, err := s.pty.SyscallConn() // Fd would make it a blocking file
	if err != nil {
		t.Fatal(err)
	}
	var state *unix.Termios
	if failed := raw.Control(func(fd uintptr) { state, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	return state.Lflag&unix.ECHO != 0
}

// waitNoEcho waits until what is typed is not shown. A terminal does not tell, so it is asked again
// and again.
func waitNoEcho(t *testing.T, s *screen) {
	t.Helper()
	for deadline := time.Now().Add(patience); echoes(t, s); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the secret would be echoed")
		}
	}
}
