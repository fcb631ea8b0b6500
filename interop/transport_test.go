package interop_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

func TestTransports(t *testing.T) {
	s := nodetest.StartServer(t)
	for _, tc := range []struct{ name, transports, at, last string }{
		{"polling only", "polling", "polling", "polling"},
		{"websocket only", "websocket", "websocket", "websocket"},
		{"upgrade", "polling,websocket", "polling", "websocket"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := startSocket(t, s.URL(), "--key", s.Key(), "--transports", tc.transports)
			if tc.at != tc.last {
				var upgrade struct{ Transport string }
				c.ExpectInto("upgrade", &upgrade)
				if upgrade.Transport != tc.last {
					t.Fatalf("upgraded to %q", upgrade.Transport)
				}
			}
			c.emit("realtimex:ping", fields{})
			for c.event().Name != "realtimex:pong" {
			}
			live := s.WaitConnections(1).Live()
			if live[0].Transport != tc.last || live[0].Pings != 1 {
				t.Fatalf("the server sees %+v", live[0])
			}
			c.Stop()
			s.WaitConnections(0)
		})
	}
}

func TestBinaryAndAcknowledgements(t *testing.T) {
	s := nodetest.StartServer(t)
	attachment := fields{"$binary": base64.StdEncoding.EncodeToString([]byte{0, 1, 2, 0xff})}
	for _, transport := range []string{"polling", "websocket"} {
		t.Run(transport, func(t *testing.T) {
			c := startSocket(t, s.URL(), "--namespace", "/custom", "--transports", transport, "--payload", `{"token":"x"}`)
			c.want(`auth {"token":"x"}`)
			c.emit("message", 1, "é", fields{"file": attachment})
			echo := c.event()
			if len(echo.Args) != 3 || string(echo.Args[1]) != `"é"` || string(echo.Args[2]) != `{"file":{"$binary":"AAEC/w=="}}` {
				t.Fatalf("message-back: %s", echo.Args)
			}
			c.Send("emit", fields{"name": "message-with-ack", "args": []any{"a", attachment}, "ack": 7})
			line := c.Expect("ack")
			if want := `{"event":"ack","id":7,"args":["a",{"$binary":"AAEC/w=="}]}`; line.String() != want {
				t.Fatalf("got %s, want %s", line, want)
			}
		})
	}
}

func TestMaxPayloadEndsTheLink(t *testing.T) {
	s := nodetest.StartServer(t, nodetest.MaxPayload(5000))
	c, _ := connectSocket(t, s, "--transports", "websocket", "--no-reconnect")
	c.emit("client-event", fields{"channel": "private-x", "event": "client-e", "data": strings.Repeat("x", 5000)})
	c.Expect("disconnect")
	if st := s.WaitConnections(0); st.ClientEventTotal != 0 {
		t.Fatalf("the server took it: %+v", st.ClientEvents)
	}
}

func TestWrongKeyIsRefused(t *testing.T) {
	t.Run("connect-error", func(t *testing.T) {
		s := nodetest.StartServer(t)
		c := startSocket(t, s.URL(), "--key", "wrong", "--no-reconnect")
		line := c.Expect("connect_error")
		if want := `{"event":"connect_error","message":"Invalid API key","data":{"code":4001}}`; line.String() != want {
			t.Fatalf("got %s, want %s", line, want)
		}
		if st := s.Stats(); st.Refused != 1 || st.TotalConnections != 0 {
			t.Fatalf("%+v", st)
		}
	})
	t.Run("http", func(t *testing.T) {
		s := nodetest.StartServer(t, nodetest.BadKey("http"))
		c := startSocket(t, s.URL(), "--key", "wrong", "--no-reconnect", "--transports", "polling")
		var line struct {
			Status   int
			Response string
		}
		c.ExpectInto("connect_error", &line)
		if line.Status != 401 || line.Response != `{"code":4001,"message":"Invalid API key"}` {
			t.Fatalf("%+v", line)
		}
		// An upgrade is answered in the same way. socket.io-client would not show the answer.
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/socket.io/?EIO=4&transport=websocket&api_key=wrong", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 401 || string(body) != `{"code":4001,"message":"Invalid API key"}` {
			t.Fatalf("%s %s, %v", resp.Status, body, err)
		}
		good, _ := connectSocket(t, s, "--transports", "websocket")
		good.Stop()
	})
	t.Run("disconnect", func(t *testing.T) {
		s := nodetest.StartServer(t, nodetest.BadKey("disconnect"))
		c := startSocket(t, s.URL(), "--key", "wrong", "--no-reconnect")
		c.Expect("connect")
		var line struct{ Reason string }
		c.ExpectInto("disconnect", &line)
		if line.Reason != "io server disconnect" {
			t.Fatal(line.Reason)
		}
	})
}

func TestServerEndsLinks(t *testing.T) {
	s := nodetest.StartServer(t)
	for _, tc := range []struct {
		how    nodetest.How
		client string // the reason that socket.io-client gives
	}{
		{nodetest.DisconnectPacket, "io server disconnect"},
		{nodetest.DisconnectClose, "io server disconnect"},
		{nodetest.EngineClose, "transport close"},
		{nodetest.TCPClose, "transport close"},
		{nodetest.TCPReset, "transport close"},
	} {
		t.Run(string(tc.how), func(t *testing.T) {
			c, id := connectSocket(t, s, "--transports", "websocket", "--no-reconnect")
			if n := s.Disconnect(id, tc.how); n != 1 {
				t.Fatalf("%d sockets", n)
			}
			var line struct{ Reason string }
			c.ExpectInto("disconnect", &line)
			if line.Reason != tc.client {
				t.Fatalf("the client says %q, want %q", line.Reason, tc.client)
			}
			s.WaitConnections(0)
		})
	}
}

func TestRestartKeepsAddressAndForgets(t *testing.T) {
	s := nodetest.StartServer(t)
	c, id := connectSocket(t, s, "--transports", "websocket")
	c.subscribe(s, id, "orders")
	s.WaitSubscribed("orders", 1)
	s.Restart()
	if again := c.connected(); again.ID == id {
		t.Fatal("the same socket id after a restart")
	}
	if st := s.WaitConnections(1); st.TotalConnections != 1 || len(st.Channels) != 0 {
		t.Fatalf("%+v", st)
	}
}

// A child whose parent has died sees the end of its standard input.
func TestServerExitsWithoutItsParent(t *testing.T) {
	s := nodetest.StartServer(t)
	c, _ := connectSocket(t, s, "--transports", "websocket", "--no-reconnect")
	s.Stop()
	c.Expect("disconnect")
}
