package testserver

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/sioserver"
)

// A Conn is one client's connection, from its CONNECT on. Its methods may be called concurrently,
// and after its end too.
type Conn struct {
	server    *Server
	socket    *sioserver.Socket
	id        string
	recovered bool
	since     time.Time
	greeting  *time.Timer // to a delayed connection_established

	// These belong to server.mu.
	gone     bool
	channels *ordered[struct{}]
	members  *ordered[member] // by channel
}

// SocketID is the Socket.IO id, which signatures are made for. A recovered connection has that of
// the one it took up.
func (c *Conn) SocketID() string { return c.id }

// Recovered reports whether the client took up a lost connection.
func (c *Conn) Recovered() bool { return c.recovered }

// Transport is "polling" or "websocket".
func (c *Conn) Transport() string { return c.socket.Session().Transport() }

// Up reports whether the server still has the connection.
func (c *Conn) Up() bool {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return !c.gone
}

// Channels returns what the connection is subscribed to, sorted.
func (c *Conn) Channels() []string {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return slices.Sorted(slices.Values(c.channels.keys()))
}

// Emit sends this connection a Socket.IO event of any name, each of args as JSON. It reports a
// value that can't be encoded, and an empty name.
func (c *Conn) Emit(event string, args ...any) error {
	if event == "" || strings.ContainsFunc(event, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return errors.New("rtxtest: Emit: want a name of plain ASCII")
	}
	encoded := make([][]byte, len(args))
	for i, a := range args {
		b, err := marshal(a)
		if err != nil {
			return err
		}
		encoded[i] = b
	}
	c.socket.Emit(event, encoded...)
	return nil
}

// confirmed notes that the client was told of its subscription. server.mu is held.
func (c *Conn) confirmed(name string) {
	c.server.channel(name).confirmed[c] = struct{}{}
}
