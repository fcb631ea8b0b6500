package testserver

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// These tests run the real socket.io-client against this package's server.

func startSocketIO(t *testing.T, s *Server, args ...string) *nodetest.Script {
	t.Helper()
	nodetest.Skip(t)
	return nodetest.RunScript(t, "socketio.mjs", nil, append([]string{"--url", s.URL(), "--key", s.Key()}, args...)...)
}

type scriptEvent struct {
	Name string
	Args []json.RawMessage
}

func nextEvent(t *testing.T, c *nodetest.Script) string {
	t.Helper()
	var e scriptEvent
	c.ExpectInto("event", &e)
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = string(a)
	}
	return e.Name + " " + strings.Join(args, ",")
}

func expectEvent(t *testing.T, c *nodetest.Script, want string) {
	t.Helper()
	if got := nextEvent(t, c); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func scriptSubscribes(t *testing.T, c *nodetest.Script, channel string) {
	t.Helper()
	c.Send("emit", map[string]any{"name": eventSubscribe, "args": []any{map[string]any{"channel": channel}}})
	for !strings.HasPrefix(nextEvent(t, c), eventSucceeded) {
	}
}

func TestSocketIOClientOnEachTransport(t *testing.T) {
	for transports, upgrades := range map[string]bool{"polling": false, "websocket": false, "polling,websocket": true} {
		t.Run(transports, func(t *testing.T) {
			s := NewServer(t)
			c := startSocketIO(t, s, "--transports", transports)
			var hello struct{ ID, Transport string }
			c.ExpectInto("connect", &hello)
			// The upgrade and the first event come in either order.
			for established := false; !established || (upgrades && hello.Transport == "polling"); {
				switch line := c.Next(); line.Event {
				case "event":
					established = strings.Contains(line.String(), eventEstablished)
				case "upgrade":
					if err := line.Decode(&hello); err != nil {
						t.Fatal(err)
					}
				}
			}
			scriptSubscribes(t, c, "orders")
			last := transports[strings.LastIndex(transports, ",")+1:]
			if got := s.Connections()[0].Transport(); got != last || hello.Transport != last {
				t.Errorf("on %s, which the client calls %s", got, hello.Transport)
			}
			for n := range 1000 {
				s.Publish("orders", "new", n)
			}
			for n := range 1000 {
				expectEvent(t, c, fmt.Sprintf(`server-event {"channel":"orders","event":"new","data":%d}`, n))
			}
			big := strings.Repeat("ž", 450_000)
			s.Publish("orders", "big", big)
			expectEvent(t, c, `server-event {"channel":"orders","event":"big","data":"`+big+`"}`)
			for n := range 200 {
				c.Send("emit", map[string]any{"name": "count", "args": []any{n}})
			}
			var got []string
			s.WaitStats(func(st Stats) bool { return st.Received == 201 })
			for _, r := range s.Received() {
				if r.Kind == KindOther {
					got = append(got, string(r.Data))
				}
			}
			for n := range 200 {
				if got[n] != fmt.Sprintf("[%d]", n) {
					t.Fatalf("event %d is %s", n, got[n])
				}
			}
			c.Send("disconnect", nil)
			s.WaitConnections(0)
		})
	}
}

func TestSocketIOClientBinary(t *testing.T) {
	for _, transport := range []string{"polling", "websocket"} {
		t.Run(transport, func(t *testing.T) {
			s := NewServer(t)
			var clients [2]*nodetest.Script
			for i := range clients {
				clients[i] = startSocketIO(t, s, "--transports", transport)
				var hello struct{ ID string }
				clients[i].ExpectInto("connect", &hello)
				g, err := s.Signer().Private(hello.ID, "private-files")
				if err != nil {
					t.Fatal(err)
				}
				clients[i].Send("emit", map[string]any{"name": eventSubscribe, "args": []any{
					map[string]any{"channel": "private-files", "auth": g.Auth},
				}})
			}
			s.WaitSubscribers("private-files", 2)
			for _, c := range clients {
				for !strings.HasPrefix(nextEvent(t, c), eventSucceeded) {
				}
			}
			s.PublishBinary("private-files", "new", map[string]any{"a": Attachment(1), "b": Attachment(0)}, []byte("zero"), []byte{0, 255})
			for _, c := range clients {
				expectEvent(t, c, `server-event {"channel":"private-files","event":"new","data":{"a":{"$binary":"AP8="},"b":{"$binary":"emVybw=="}}}`)
			}
			clients[0].Send("emit", map[string]any{"name": eventClient, "args": []any{map[string]any{
				"channel": "private-files", "event": "client-file", "data": map[string]any{"$binary": "AQID"},
			}}})
			expectEvent(t, clients[1], `server-event {"channel":"private-files","event":"client-file","data":{"$binary":"AQID"}}`)
		})
	}
}

func TestSocketIOClientHeartbeats(t *testing.T) {
	s := NewServer(t, WithPing(50*time.Millisecond, 5*time.Second))
	c := startSocketIO(t, s)
	c.Expect("connect")
	c.Send("heartbeats", map[string]any{"count": 5})
	c.Expect("heartbeats")
	if st := s.Stats(); st.Disconnects != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestSocketIOClientRefused(t *testing.T) {
	s := NewServer(t)
	nodetest.Skip(t)
	c := nodetest.RunScript(t, "socketio.mjs", nil, "--url", s.URL(), "--key", "wrong")
	var refused struct {
		Message string
		Data    struct{ Code int }
	}
	c.ExpectInto("connect_error", &refused)
	if refused.Message != "Invalid API key" || refused.Data.Code != 4001 {
		t.Errorf("refused with %+v", refused)
	}
}

func TestSocketIOClientRecovers(t *testing.T) {
	s := NewServer(t, WithRecovery(time.Minute))
	c := startSocketIO(t, s, "--transports", "websocket", "--delay", "20")
	var first, again struct {
		ID        string
		Recovered bool
	}
	c.ExpectInto("connect", &first)
	scriptSubscribes(t, c, "orders")
	s.Stop()
	for n := range 3 {
		s.Publish("orders", "missed", n)
	}
	s.Resume(Remember)
	missed := 0 // the client hands out what it missed before it tells of the connection
	for missed < 3 {
		if e := nextEvent(t, c); strings.HasPrefix(e, "server-event") {
			want := fmt.Sprintf(`server-event {"channel":"orders","event":"missed","data":%d}`, missed)
			if !strings.HasPrefix(e, want) {
				t.Fatalf("got %s, want %s", e, want)
			}
			missed++
		}
	}
	c.ExpectInto("connect", &again)
	if !again.Recovered || again.ID != first.ID {
		t.Errorf("connected again as %+v, first as %+v", again, first)
	}
	if !s.Connections()[0].Recovered() || s.Stats().Recoveries != 1 {
		t.Error("the server does not know of a recovery")
	}

	s.Restart(Forget)
	c.ExpectInto("connect", &again)
	if again.Recovered || again.ID == first.ID {
		t.Errorf("recovered from a server that has forgotten: %+v", again)
	}
}
