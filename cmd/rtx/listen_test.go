package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

func TestListenJSON(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	l := start(t, s.env, "listen", "orders", "stock", "--json", "-n", "4")
	l.told("listening on orders, stock")
	s.publish("orders", "created", `{"id":1,"text":"<ž 🐎>","big":12345678901234567890,"f":1.0}`)
	s.publish("stock", "sold", `null`)
	s.publish("elsewhere", "created", `1`)
	s.publish("orders", "a \"name\"\n", `[1,"x"]`)
	s.publish("stock", "sold", `"text"`)
	out, _ := l.want(0)
	for i, want := range []string{
		`{"channel":"orders","event":"created","data":{"id":1,"text":"<ž 🐎>","big":12345678901234567890,"f":1.0}}`,
		`{"channel":"stock","event":"sold","data":null}`,
		`{"channel":"orders","event":"a \"name\"\n","data":[1,"x"]}`,
		`{"channel":"stock","event":"sold","data":"text"}`,
	} {
		if got := unescapeHTML(timeless(t, out[i])); got != want {
			t.Errorf("line %d: got  %s\nwant %s", i, got, want)
		}
	}
	if len(out) != 4 {
		t.Errorf("%d lines", len(out))
	}
}

// unescapeHTML undoes what a server may do to these characters.
func unescapeHTML(s string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(s)
}

func TestListenEventsByName(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	l := start(t, s.env, "listen", "orders", "--event", "a", "-e", "c", "--json", "--count", "2")
	l.told("listening")
	for _, event := range []string{"a", "b", "c"} {
		s.publish("orders", event, "1")
	}
	wantLine(t, timeless(t, l.next()), `{"channel":"orders","event":"a","data":1}`)
	wantLine(t, timeless(t, l.next()), `{"channel":"orders","event":"c","data":1}`)
	l.want(0)
}

func TestListenForAWhile(t *testing.T) {
	t.Parallel()
	s := startServe(t, "127.0.0.1:0")
	out, _ := once(t, s.env, 0, "listen", "orders", "--json", "--for", "3s")
	if len(out) != 0 {
		t.Fatalf("%q", out)
	}
}

func TestListenPlainText(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	l := start(t, s.env, "listen", "orders", "a-longer-name", "-n", "2")
	l.told("listening")
	s.publish("orders", "created", `{"id":1}`)
	s.publish("a-longer-name", "c\u001b[2J", `"\u001b]0;title\u0007 \u009b1m"`)
	first, second := l.next(), l.next()
	wantLine(t, first[len(clock):], `  orders         created         {"id":1}`)
	if strings.ContainsFunc(second, unprintable) || !strings.Contains(second, `a-longer-name  c\u001b[2J      "`) {
		t.Fatalf("%q", second)
	}
	l.want(0)
}

func TestListenPrivateEitherWay(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	for _, env := range [][]string{s.signing(), s.endpoint()} {
		l := start(t, env, "listen", "private-orders", "presence-lobby", "--json", "-n", "1")
		l.told("listening")
		s.publish("private-orders", "e", "1")
		l.next()
		l.want(0)
	}
}

func TestListenOverARestart(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	l := start(t, s.signing(), "listen", "orders", "private-orders", "--json", "-n", "3")
	l.told("listening")
	s.publish("orders", "e", "1")
	l.next()
	s.signal(syscall.SIGKILL)
	s.wait()
	l.told("to connect again")
	s = startServe(t, strings.TrimPrefix(s.ws, "ws://"))
	l.toldAll("connected again to "+s.ws, // and each channel, once it is subscribed again
		`channel "orders": the connection was down from `,
		`channel "private-orders": the connection was down from `)
	s.publish("private-orders", "e", "2")
	s.publish("orders", "e", "3")
	wantLine(t, timeless(t, l.next()), `{"channel":"private-orders","event":"e","data":2}`)
	wantLine(t, timeless(t, l.next()), `{"channel":"orders","event":"e","data":3}`)
	l.want(0)
}

const (
	flood = 100_000
	surge = 20_000
)

// burst has rtx trigger send that many numbers on private-load.
func (s served) burst(n int) *process {
	s.t.Helper()
	r, w := io.Pipe()
	cmd := exec.Command(binary, "trigger", "private-load", "client-n", "-")
	cmd.Stdin = r
	go func() {
		for i := range n {
			if _, err := io.WriteString(w, numbered(i)+"\n"); err != nil {
				return
			}
		}
		w.Close()
	}()
	p := startCommand(s.t, cmd, s.signing())
	s.t.Cleanup(func() { r.Close() })
	return p
}

func TestListenLosesNothingInAPipe(t *testing.T) {
	s := startServe(t, "127.0.0.1:0", "--quiet")
	l := startCommand(t, exec.Command("sh", "-c", fmt.Sprintf("rtx listen private-load --json --count %d | wc -l", flood)), s.signing())
	l.told("listening")
	s.burst(flood).want(0)
	wantLine(t, strings.TrimSpace(l.next()), fmt.Sprint(flood))
	l.want(0)
}

func TestListenWaitsForASlowReader(t *testing.T) {
	s := startServe(t, "127.0.0.1:0", "--quiet")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(binary, "listen", "private-load", "--json", "--count", fmt.Sprint(surge))
	cmd.Stdout = w
	l := startCommand(t, cmd, s.signing())
	w.Close()
	l.told("listening")
	s.burst(surge).want(0) // nobody has read anything until here
	out, _ := lines(r)
	if n := consecutive(t, out); n != surge {
		t.Fatalf("%d events", n)
	}
	l.want(0)
}

// numbered is the payload of an event, long enough for a few thousand of them to be a burden.
func numbered(n int) string { return fmt.Sprintf(`{"pad":%q,"n":%d}`, strings.Repeat("x", 100), n) }

// consecutive counts events, each of which must have its own number.
func consecutive(t *testing.T, out <-chan string) (n int) {
	t.Helper()
	for line := range out {
		if !strings.Contains(line, `"event":"client-n","data":{`) || !strings.HasSuffix(line, fmt.Sprintf(`"n":%d}}`, n)) {
			t.Fatalf("event %d is %s", n, line)
		}
		n++
	}
	return n
}

func TestListenSaysWhatItLost(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(binary, "listen", "private-load", "--json", "--buffer", "1")
	cmd.Stdout = w
	l := startCommand(t, cmd, s.signing())
	w.Close()
	l.told("listening")
	s.burst(surge).want(0)
	s.told("unsubscribed") // the stream has ended for want of room
	out, _ := lines(r)
	n := consecutive(t, out)
	if n == 0 || n >= surge {
		t.Fatalf("%d events", n)
	}
	l.told(`channel "private-load": events lost: 1`)
	l.told("standard output was read too slowly: more than 1 MiB of events waited, and later ones were lost; read faster, or raise --buffer")
	l.want(1)
}

func TestListenBrokenPipe(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "listen", "orders", "--json")
	cmd.Stdout = w
	l := startCommand(t, cmd, s.env)
	w.Close()
	l.told("listening")
	r.Close()
	s.publish("orders", "e", "1")
	if _, err := l.want(0); len(err) != 0 {
		t.Fatalf("it did not end quietly: %q", err)
	}
	s.told("disconnected") // politely: the server need not wait for a heartbeat
}

func TestListenInterruptedWhileNobodyReads(t *testing.T) {
	s := startServe(t, "127.0.0.1:0", "--quiet")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(binary, "listen", "private-load", "--json")
	cmd.Stdout = w
	l := startCommand(t, cmd, s.signing())
	w.Close()
	l.told("listening")
	s.burst(10_000).want(0) // several times what a pipe holds
	l.signal(syscall.SIGTERM)
	l.want(130)
}

func TestListenOnTheRealSocketIO(t *testing.T) {
	nodetest.Skip(t)
	node := nodetest.StartServer(t)
	env := []string{"RTX_URL=" + node.URL(), "RTX_KEY=" + node.Key(), "RTX_AUTH_ENDPOINT=" + node.AuthEndpoint()}
	l := start(t, env, "listen", "private-load", "--json", "--count", fmt.Sprint(flood))
	l.told("listening")
	node.Burst("private-load", "client-n", 0, flood)
	if n := consecutive(t, l.out); n != flood {
		t.Fatalf("%d events", n)
	}
	l.want(0)

	l = start(t, env, "listen", "orders", "--json", "--count", "1")
	l.told("listening")
	node.Restart()
	l.toldAll("connected again", "the connection was down")
	node.Publish("orders", "e", map[string]any{"id": 7})
	wantLine(t, timeless(t, l.next()), `{"channel":"orders","event":"e","data":{"id":7}}`)
	l.want(0)
}
