package testserver

import "github.com/realtimex/realtimex-go/internal/sioserver"

// Drop is how a connection ends.
type Drop int

// The ways in which a connection ends.
const (
	Reset      Drop = iota // the link breaks, over TCP by a reset
	CloseFrame             // a WebSocket close frame of 1012 (service restart), or a close packet
	Disconnect             // a Socket.IO DISCONNECT (41), then a close; it is not recovered
)

// DropAll ends every connection, and returns how many there were.
func (s *Server) DropAll(how Drop) int {
	conns := s.Connections()
	for _, c := range conns {
		c.Drop(how)
	}
	return len(conns)
}

// Drop ends the connection.
func (c *Conn) Drop(how Drop) {
	session := c.socket.Session()
	switch how {
	case CloseFrame:
		session.CloseFrame(1012)
	case Disconnect:
		c.socket.Disconnect()
		session.Close()
	default:
		session.Reset(sioserver.TransportClose)
		if l, ok := session.NetConn().(*link); ok {
			l.cut(true) // both ends, also of a muted one
		}
	}
}

// HalfOpenAll makes every connection half-open, and returns how many there were.
func (s *Server) HalfOpenAll() int {
	conns := s.Connections()
	for _, c := range conns {
		c.HalfOpen()
	}
	return len(conns)
}

// HalfOpen makes the link go dead without a close: what either side sends vanishes, and neither
// hears of the other's end. The server keeps the connection until its own heartbeat times out. New
// connections are not affected.
func (c *Conn) HalfOpen() {
	session := c.socket.Session()
	session.Mute()
	if l, ok := session.NetConn().(*link); ok {
		l.mute()
	}
}

// Deafen takes the connection out of all rooms while its heartbeats go on: nothing else reaches it,
// with recovery not even realtimex:pong. It is what a server with recovery does to a client that
// came back over a half-open link when the old connection times out.
func (c *Conn) Deafen() { c.socket.LoseRooms() }
