package interop_test

import (
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

const window = time.Minute

func TestRecovery(t *testing.T) {
	s := nodetest.StartServer(t, nodetest.Recovery(window))
	proxy := nodetest.StartProxy(t, s.Addr())
	// The delay before the client returns leaves time for the event to be missed; the test does not
	// depend on it.
	c := startSocket(t, proxy.URL(), "--key", s.Key(), "--transports", "websocket", "--delay", "1000")
	id := c.connected().ID
	c.subscribe(s, id, "orders")
	c.want(established(id))
	if line := c.event(); len(line.Args) != 2 {
		t.Fatalf("want an offset after the payload, got %s", line.Args)
	}

	proxy.Cut()
	s.WaitConnections(0)
	s.Publish("orders", "e", 1)
	// The missed event stands before the CONNECT answer, in its place among what is told.
	if line := c.Expect("event"); !matches(t, line, `server-event {"channel":"orders","event":"e","data":1}`) {
		t.Fatalf("got %s", line)
	}
	back := c.connected()
	if !back.Recovered || back.ID != id {
		t.Fatalf("%+v, want %s recovered", back, id)
	}
	c.want(established(id))
	st := s.WaitSubscribed("orders", 1)
	if len(st.Sockets) != 2 || !st.Sockets[1].Recovered || len(st.Sockets[1].Subscribes) != 0 {
		t.Fatalf("%+v", st.Sockets)
	}
	s.Publish("orders", "e", 2)
	c.want(`server-event {"channel":"orders","event":"e","data":2}`)
}

func matches(t *testing.T, line nodetest.Line, want string) bool {
	t.Helper()
	var e eventLine
	if err := line.Decode(&e); err != nil {
		t.Fatal(err)
	}
	return e.Name+" "+string(e.Args[0]) == want
}

func TestNoRecoveryAfterADisconnectPacketOrTheWindow(t *testing.T) {
	t.Run("packet", func(t *testing.T) {
		s := nodetest.StartServer(t, nodetest.Recovery(window))
		c, id := connectSocket(t, s, "--transports", "websocket")
		c.want(established(id))
		c.Send("disconnect", nil)
		c.Expect("disconnect")
		c.Send("connect", nil)
		if again := c.connected(); again.Recovered || again.ID == id {
			t.Fatalf("%+v", again)
		}
	})
	t.Run("window", func(t *testing.T) {
		s := nodetest.StartServer(t, nodetest.Recovery(0))
		c, id := connectSocket(t, s, "--transports", "websocket")
		c.want(established(id))
		s.Disconnect(id, nodetest.TCPReset)
		if again := c.connected(); again.Recovered || again.ID == id {
			t.Fatalf("%+v", again)
		}
	})
}

func TestDropRoomsMakesTheConnectionDeaf(t *testing.T) {
	s := nodetest.StartServer(t, nodetest.Recovery(window), nodetest.Heartbeat(200*time.Millisecond, 10*time.Second))
	c, id := connectSocket(t, s, "--transports", "websocket")
	c.subscribe(s, id, "orders")
	c.want(established(id), succeeded("orders"))
	s.DropRooms(id)
	s.Publish("orders", "e", 1)
	deaf(t, s, c)
}

// Found on a real server: a client that has recovered once returns while the server still holds its
// old, half-open link. It counts as recovered; when the old link times out, the server empties the
// rooms of the new socket, which has the same id.
func TestHalfOpenLinkMakesTheRecoveredConnectionDeaf(t *testing.T) {
	s := nodetest.StartServer(t, nodetest.Recovery(window), nodetest.Heartbeat(300*time.Millisecond, 2*time.Second))
	proxy := nodetest.StartProxy(t, s.Addr())
	c := startSocket(t, proxy.URL(), "--key", s.Key(), "--transports", "websocket", "--delay", "1")
	id := c.connected().ID
	c.subscribe(s, id, "orders")
	c.want(established(id), succeeded("orders"))

	proxy.Cut()
	if back := c.connected(); !back.Recovered {
		t.Fatal("the first return did not recover")
	}
	c.want(established(id))
	proxy.Freeze()
	c.Send("close-engine", nil)
	if back := c.connected(); !back.Recovered || back.ID != id {
		t.Fatalf("the second return: %+v", back)
	}
	c.want(established(id))
	s.WaitFor("the old link to time out", func(st nodetest.Stats) bool {
		return len(st.Sockets) == 3 && !st.Sockets[1].Connected
	})
	deaf(t, s, c)
}

// deaf fails the test unless the client's link lives on its heartbeats while not even a pong
// reaches it. The client is heard all the same, so what is not answered within some heartbeats will
// not be answered.
func deaf(t *testing.T, s *nodetest.Server, c socketClient) {
	t.Helper()
	c.emit("realtimex:ping", fields{})
	s.WaitFor("the ping", func(st nodetest.Stats) bool {
		return len(st.Live()) == 1 && st.Live()[0].Pings == 1
	})
	s.Publish("orders", "e", 2)
	c.Send("heartbeats", fields{"count": 3})
	if line := nextBut(c, "sent"); line.Event != "heartbeats" {
		t.Fatalf("not deaf: %s", line)
	}
}

func nextBut(c socketClient, passed string) nodetest.Line {
	c.t.Helper()
	for {
		if line := c.Next(); line.Event != passed {
			return line
		}
	}
}
