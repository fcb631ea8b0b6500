package interop_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtxtest"
)

const wrongKey = "another-key"

// A wireServer is what a scene needs of a server.
type wireServer struct {
	url, key, secret string
	publish          func(channel, event string, data any)
	deny             func(channel string)
	waitSubscribers  func(channel string, n int)
}

// A wireScene is what a client does while a tap writes down what passes.
type wireScene struct {
	name, about string
	recovery    bool
	ping        time.Duration // between heartbeats; 0: the default
	play        func(t *testing.T, s wireServer, p *tap)
}

// client is behind the tap; other is not, so that its packets are not in the trace.
func (s wireServer) client(t *testing.T, p *tap, opts ...rtx.Option) *rtx.Client {
	t.Helper()
	return dial(t, p.URL(), s.key, append([]rtx.Option{quick(), rtx.WithAuth(s.member(t, "ann"))}, opts...)...)
}

func (s wireServer) other(t *testing.T) *rtx.Client {
	t.Helper()
	return dial(t, s.url, s.key, quick(), rtx.WithAuth(s.member(t, "bob")))
}

func (s wireServer) member(t *testing.T, id string) auth.Authorizer {
	t.Helper()
	signer, err := auth.NewSigner(s.key, s.secret)
	if err != nil {
		t.Fatal(err)
	}
	return signer.Authorizer(auth.Member{ID: id, Info: person{strings.ToUpper(id[:1]) + id[1:]}})
}

var wireScenes = []wireScene{
	{name: "connect", about: "A client connects by a WebSocket and leaves.",
		play: func(t *testing.T, s wireServer, p *tap) { _ = s.client(t, p).Close() }},
	{name: "heartbeat", about: "The server's heartbeat, and an application's ping.", ping: time.Second,
		play: func(t *testing.T, s wireServer, p *tap) {
			c := s.client(t, p)
			p.wait("C>S ws 3", 1)
			if _, err := c.Ping(within(t)); err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
		}},
	{name: "public", about: "A public channel: an event, and the channel is left.",
		play: func(t *testing.T, s wireServer, p *tap) {
			c := s.client(t, p)
			orders := readyOn[order](t, c.Channel("orders"), "created")
			s.publish("orders", "created", order{1, "tea"})
			next(t, orders)
			orders.Close()
			p.wait("unsubscribe", 1)
			_ = c.Close()
		}},
	{name: "private", about: "A private channel: a signature, a client event to others, and one from another.",
		play: func(t *testing.T, s wireServer, p *tap) {
			other := s.other(t)
			theirs := readyOn[order](t, other.Channel("private-desk"), "client-seen")
			c := s.client(t, p)
			ours := readyOn[order](t, c.Channel("private-desk"), "client-seen")
			if err := c.Channel("private-desk").Trigger(within(t), "client-seen", order{ID: 1}); err != nil {
				t.Fatal(err)
			}
			next(t, theirs)
			if err := other.Channel("private-desk").Trigger(within(t), "client-seen", order{ID: 2}); err != nil {
				t.Fatal(err)
			}
			next(t, ours)
			_ = c.Close()
		}},
	{name: "presence", about: "A presence channel: who is there, and one who comes and goes.",
		play: func(t *testing.T, s wireServer, p *tap) {
			c := s.client(t, p)
			room := watchRoom(t, c, "presence-lobby")
			room.next()
			other := s.other(t)
			theirs := presence.Watch[person](t.Context(), other.Channel("presence-lobby"))
			room.next()
			if err := theirs.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
			theirs.Close()
			p.wait("presence:member_removed", 1)
			_ = c.Close()
		}},
	{name: "refused", about: "A channel that the service refuses.",
		play: func(t *testing.T, s wireServer, p *tap) {
			s.deny("private-vault")
			c := s.client(t, p)
			var refused *rtx.SubscribeError
			if _, err := c.Channel("private-vault").Subscribe(within(t)); !errors.As(err, &refused) {
				t.Errorf("got %v", err)
			}
			_ = c.Close()
		}},
	{name: "wrong-key", about: "A wrong API key: CONNECT is refused.",
		play: func(t *testing.T, s wireServer, p *tap) {
			var refused *rtx.ConnectError
			c, err := rtx.New(wrongKey, rtx.WithURL(p.URL()))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Connect(within(t)); !errors.As(err, &refused) {
				t.Errorf("got %v", err)
			}
			_ = c.Close()
		}},
	{name: "recovered", about: "Connection state recovery: the link is cut, an event is missed, the session is restored.", recovery: true,
		play: func(t *testing.T, s wireServer, p *tap) {
			c := s.client(t, p)
			orders := readyOn[order](t, c.Channel("orders"), "created")
			s.publish("orders", "created", order{1, "tea"})
			next(t, orders)
			open := p.cut()
			s.waitSubscribers("orders", 0)
			s.publish("orders", "created", order{2, "cake"})
			open()
			next(t, orders)
			p.wait("subscription_succeeded", 2)
			_ = c.Close()
		}},
	{name: "reconnected", about: "The link is cut, and nothing is recovered: a new session, and the channel is subscribed again.",
		play: func(t *testing.T, s wireServer, p *tap) {
			c := s.client(t, p)
			orders := readyOn[order](t, c.Channel("orders"), "created")
			open := p.cut()
			s.waitSubscribers("orders", 0)
			s.publish("orders", "created", order{1, "tea"})
			open()
			p.wait("subscription_succeeded", 2)
			s.publish("orders", "created", order{2, "cake"})
			next(t, orders)
			_ = c.Close()
		}},
	{name: "polling", about: "HTTP long-polling alone.",
		play: func(t *testing.T, s wireServer, p *tap) {
			c := s.client(t, p, rtx.WithTransports(rtx.Polling))
			orders := readyOn[order](t, c.Channel("orders"), "created")
			s.publish("orders", "created", order{1, "tea"})
			next(t, orders)
			_ = c.Close()
		}},
	{name: "upgrade", about: "HTTP long-polling, and the upgrade to a WebSocket.",
		play: func(t *testing.T, s wireServer, p *tap) {
			c := s.client(t, p, rtx.WithTransports(rtx.Polling, rtx.WebSocket))
			p.wait("C>S ws 5", 1)
			readyOn[order](t, c.Channel("orders"), "created")
			_ = c.Close()
		}},
}

// onTest is a server of rtxtest, and onNode one on the real socket.io.
func (sc wireScene) onTest(t *testing.T) wireServer {
	var opts []rtxtest.Option
	if sc.recovery {
		opts = append(opts, rtxtest.WithRecovery(time.Minute))
	}
	if sc.ping > 0 {
		opts = append(opts, rtxtest.WithPing(sc.ping, 20*time.Second))
	}
	const secret = "a-secret"
	srv := rtxtest.NewServer(t, append(opts, rtxtest.WithSecret(secret), rtxtest.WithWait(patience))...)
	return wireServer{url: srv.URL(), key: srv.Key(), secret: secret, waitSubscribers: srv.WaitSubscribers,
		publish: func(channel, event string, data any) { srv.Publish(channel, event, data) },
		deny:    func(channel string) { srv.Deny(channel, "Access denied", 4003) }}
}

func (sc wireScene) onNode(t *testing.T) wireServer {
	var opts []nodetest.Option
	if sc.recovery {
		opts = append(opts, nodetest.Recovery(time.Minute))
	}
	if sc.ping > 0 {
		opts = append(opts, nodetest.Heartbeat(sc.ping, 20*time.Second))
	}
	srv := startServer(t, opts...)
	return wireServer{url: srv.URL(), key: srv.Key(), secret: srv.Secret(), publish: srv.Publish, deny: srv.Deny,
		waitSubscribers: func(channel string, n int) { srv.WaitSubscribed(channel, n) }}
}

// The traces in docs/wire are what passes, on the server of rtxtest and on the real socket.io: the
// same packets in each direction, in the same order. What the two directions have at the same time has
// no order. With -update they are written anew, from the former.
func TestTraces(t *testing.T) {
	for _, sc := range wireScenes {
		file := filepath.Join("..", "docs", "wire", sc.name+".txt")
		for _, server := range []struct {
			name  string
			start func(*testing.T) wireServer
		}{{"rtxtest", sc.onTest}, {"socket.io", sc.onNode}} {
			t.Run(sc.name+"/"+server.name, func(t *testing.T) {
				s := server.start(t)
				address, err := url.Parse(s.url)
				if err != nil {
					t.Fatal(err)
				}
				p := startTap(t, address.Host)
				sc.play(t, s, p)
				got := shownTrace(p.end(), s)
				same := func(text []byte) bool {
					want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
					return want[0] == "# "+sc.about && slices.Equal(byDirection(got), byDirection(want[1:]))
				}
				text, err := os.ReadFile(file)
				if *updateFlag && server.name == "rtxtest" && (err != nil || !same(text)) {
					text = []byte("# " + sc.about + "\n" + strings.Join(got, "\n") + "\n")
					err = os.WriteFile(file, text, 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
				if !same(text) {
					t.Errorf("%s is not what passes:\n%s", file, strings.Join(got, "\n"))
				}
				for _, secret := range []string{s.key, s.secret} {
					if strings.Contains(string(text), secret) {
						t.Errorf("%s has the secret %q", file, secret)
					}
				}
			})
		}
	}
}

// byDirection sorts lines by who sent them and over what, and keeps the order of each. The noop that ends
// a waiting GET is left out: whether one waits when the probe comes is chance.
func byDirection(lines []string) []string {
	lane := func(line string) string {
		word := strings.SplitN(line, " ", 3)
		if len(word) == 3 && slices.Contains([]string{"ws", "poll", "post"}, word[1]) {
			return word[0] + word[1]
		}
		return word[0]
	}
	sorted := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return line == "S>C poll 6" })
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(lane(a), lane(b)) })
	return sorted
}

// What differs from run to run, each text with its stand-in.
var ids = []struct {
	stand string
	in    *regexp.Regexp
}{
	{"ENGINE-%d", regexp.MustCompile(`^S>C \w+ 0\{"sid":"([^"]+)"`)},
	{"SOCKET-%d", regexp.MustCompile(`^S>C \w+ 40\{"sid":"([^"]+)"`)},
	{"PID-%d", regexp.MustCompile(`^S>C \w+ 40\{.*"pid":"([^"]+)"`)},
	{"OFFSET-%d", regexp.MustCompile(`^S>C \w+ 42\[.*\},"([^"]+)"\]$`)},
	{"SIGNATURE-%d", regexp.MustCompile(`"auth":"[^":]*:([0-9a-f]{64})"`)},
}

// shownTrace is a trace with stand-ins for ids, signatures and keys. A heartbeat counts once, and
// what a server answers to the polls of a session that the client has ended is left out: servers
// differ there.
func shownTrace(lines []string, s wireServer) []string {
	stand := map[string]string{s.key: "KEY", wrongKey: "WRONG-KEY"}
	for _, id := range ids {
		n := 0
		for _, line := range lines {
			if m := id.in.FindStringSubmatch(line); m != nil && stand[m[1]] == "" {
				n++
				stand[m[1]] = fmt.Sprintf(id.stand, n)
			}
		}
	}
	// The longest first: an id may begin with another one.
	texts := slices.SortedFunc(maps.Keys(stand), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, text := range texts {
		pairs = append(pairs, text, stand[text])
	}
	replace := strings.NewReplacer(pairs...)
	var shown []string
	for _, line := range lines {
		if (strings.HasSuffix(line, " ws 2") || strings.HasSuffix(line, " ws 3")) && slices.Contains(shown, line) {
			continue
		}
		shown = append(shown, replace.Replace(line))
		if line == "C>S post 1" {
			break
		}
	}
	return shown
}

var traceBlock = regexp.MustCompile("(?ms)^```text\n(.*?)^```")

// Each block of docs/wire.md is a part of a trace, and each trace is named there.
func TestWirePageShowsTraces(t *testing.T) {
	page, err := os.ReadFile("../docs/wire.md")
	if err != nil {
		t.Fatal(err)
	}
	var traces []string
	for _, sc := range wireScenes {
		text, err := os.ReadFile(filepath.Join("..", "docs", "wire", sc.name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		traces = append(traces, string(text))
		if !strings.Contains(string(page), "(wire/"+sc.name+".txt)") {
			t.Errorf("the page does not link the trace %s", sc.name)
		}
	}
	blocks := traceBlock.FindAllSubmatch(page, -1)
	if len(blocks) < 8 {
		t.Errorf("%d blocks", len(blocks))
	}
	for _, block := range blocks {
		if !slices.ContainsFunc(traces, func(trace string) bool { return strings.Contains(trace, string(block[1])) }) {
			t.Errorf("no trace has\n%s", block[1])
		}
	}
}
