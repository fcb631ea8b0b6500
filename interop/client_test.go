package interop_test

import (
	"encoding/json"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// fields are those of a command.
type fields = map[string]any

// startSDK runs the official SDK; an empty endpoint is none.
func startSDK(t *testing.T, url, key, endpoint string, more ...string) *nodetest.Script {
	t.Helper()
	args := append([]string{"--url", url, "--key", key}, more...)
	if endpoint != "" {
		args = append(args, "--auth-endpoint", endpoint)
	}
	return nodetest.RunScript(t, "realtimex.mjs", nil, args...)
}

// socketClient is a script on the real socket.io-client.
type socketClient struct {
	*nodetest.Script
	t *testing.T
}

func startSocket(t *testing.T, url string, args ...string) socketClient {
	t.Helper()
	return socketClient{nodetest.RunScript(t, "socketio.mjs", nil, append([]string{"--url", url}, args...)...), t}
}

// connectSocket runs a client with the server's key and gives its socket id once it is connected.
func connectSocket(t *testing.T, s *nodetest.Server, args ...string) (socketClient, string) {
	t.Helper()
	c := startSocket(t, s.URL(), append([]string{"--key", s.Key()}, args...)...)
	return c, c.connected().ID
}

type connectLine struct {
	ID        string
	Recovered bool
	Transport string
}

func (c socketClient) connected() connectLine {
	c.t.Helper()
	var line connectLine
	c.ExpectInto("connect", &line)
	return line
}

func (c socketClient) emit(name string, args ...any) {
	c.t.Helper()
	c.Send("emit", fields{"name": name, "args": args})
}

type eventLine struct {
	Name string
	Args []json.RawMessage
}

// event gives the next event, of whatever name.
func (c socketClient) event() eventLine {
	c.t.Helper()
	var line eventLine
	c.ExpectInto("event", &line)
	return line
}

// first gives the next event's name and first argument as JSON text, to be compared at one look.
func (c socketClient) first() string {
	c.t.Helper()
	line := c.event()
	if len(line.Args) == 0 {
		return line.Name
	}
	return line.Name + " " + string(line.Args[0])
}

// want fails the test unless the next events are exactly these.
func (c socketClient) want(events ...string) {
	c.t.Helper()
	for i, want := range events {
		if got := c.first(); got != want {
			c.t.Fatalf("event %d:\n got %s\nwant %s", i, got, want)
		}
	}
}

func established(id string) string {
	return `realtimex:connection_established {"socket_id":"` + id + `"}`
}

func succeeded(channel string) string {
	return `realtimex_internal:subscription_succeeded {"channel":"` + channel + `","initial_state":{}}`
}

// subscribe asks for a public or private channel, signed as it needs.
func (c socketClient) subscribe(s *nodetest.Server, id, channel string) {
	c.t.Helper()
	c.emit("realtimex:subscribe", fields{"channel": channel, "auth": s.Sign(id, channel, "")})
}
