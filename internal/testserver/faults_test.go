package testserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

func TestDrop(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		for how, code := range map[Drop]websocket.StatusCode{
			Reset:      -1,
			CloseFrame: websocket.StatusServiceRestart,
			Disconnect: websocket.StatusNoStatusRcvd,
		} {
			c := connect(t, s)
			if n := s.DropAll(how); n != 1 {
				t.Errorf("dropped %d", n)
			}
			if how == Disconnect {
				c.expect("41")
			}
			if err := c.expectEnd(); websocket.CloseStatus(err) != code {
				t.Errorf("drop %d ended by %v", how, err)
			}
			s.WaitConnections(0)
		}
	})
}

func TestResetOverTCP(t *testing.T) {
	s := NewServer(t)
	c := connect(t, s)
	s.DropAll(Reset)
	if err := c.expectEnd(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("ended by %v, want a reset", err)
	}
}

func TestRefuseNext(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		s.RefuseNext(2)
		for range 2 {
			_, res, err := tryDial(s, s.Key())
			if err == nil || res == nil || res.StatusCode != http.StatusServiceUnavailable {
				t.Fatalf("dial: %v %v", res, err)
			}
		}
		s.RefuseNextWith(1, http.StatusTooManyRequests)
		if _, res, err := tryDial(s, s.Key()); err == nil || res.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("dial: %v %v", res, err)
		}
		connect(t, s)
	})
}

func TestStopAndResume(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		c := connect(t, s)
		s.Join("presence-room", auth.Member{ID: "ann"})
		s.Stop()
		if err := c.expectEnd(); websocket.CloseStatus(err) != -1 {
			t.Errorf("ended by %v", err)
		}
		if _, _, err := tryDial(s, s.Key()); err == nil {
			t.Error("dialled a stopped server")
		}
		s.Resume(Remember)
		connect(t, s)
		if m := s.Members("presence-room"); len(m) != 1 {
			t.Errorf("members %v after a restart with memory", m)
		}
		s.Restart(Forget)
		connect(t, s)
		if m := s.Members("presence-room"); len(m) != 0 {
			t.Errorf("members %v after a restart without memory", m)
		}
	})
}

func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		c := connect(t, s)
		c.subscribe(s, "orders")
		c.expectPrefix(succeeded)
		s.HalfOpenAll()
		s.Publish("orders", "e", 1)
		c.send(`42["realtimex:ping",{}]`) // goes nowhere, and does not block
		ctx, cancel := context.WithTimeout(t.Context(), 44*time.Second)
		defer cancel()
		if _, frame, err := c.ws.Read(ctx); err == nil {
			t.Errorf("got %s", frame)
		}
		synctest.Wait()
		if len(s.Received()) != 1 || len(s.Connections()) != 1 {
			t.Errorf("received %v, %d connections", s.Received(), len(s.Connections()))
		}
		other := connect(t, s) // new links work
		time.Sleep(time.Second)
		synctest.Wait()
		if up := s.Connections(); len(up) != 1 || up[0].SocketID() != other.socketID {
			t.Errorf("%d connections after the heartbeat's time", len(up))
		}
		other.ws.CloseNow()
		s.Close()
	})
}

func TestHangNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		silent := func(c *rawClient) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, frame, err := c.ws.Read(ctx); err == nil {
				t.Errorf("got %s", frame)
			}
			c.ws.CloseNow()
		}
		s.HangNext(StepHandshake, 1)
		start := time.Now()
		if _, _, err := tryDial(s, s.Key()); err == nil || time.Since(start) != 10*time.Second {
			t.Errorf("dialled after %v: %v", time.Since(start), err)
		}
		s.HangNext(StepOpen, 1)
		c, _, err := tryDial(s, s.Key())
		if err != nil {
			t.Fatal(err)
		}
		silent(c)
		s.HangNext(StepConnect, 1)
		c = dialRaw(t, s)
		c.send("40")
		silent(c)
		s.HangNext(StepSubscribe, 1)
		c = connect(t, s)
		c.subscribe(s, "orders")
		silent(c)
		c = connect(t, s)
		c.subscribe(s, "orders")
		c.expectPrefix(succeeded)
		c.ws.CloseNow()
		s.Close()
		time.Sleep(time.Minute)
	})
}

// What a real socket.io server does: a client that recovered comes back over a new link while the
// server still holds the old one. That counts as recovered, and when the old link times out it
// takes the rooms of the new one with it.
func TestDeafAfterHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t, WithRecovery(time.Hour))
		c := dialRaw(t, s)
		c.join("40")
		c.readOffset(`["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}`)
		c.subscribe(s, "orders")
		offset := c.readOffset(`["realtimex_internal:subscription_succeeded",{"channel":"orders","initial_state":{}}`)
		back := func() *rawClient {
			t.Helper()
			again := dialRaw(t, s)
			again.join(`40{"pid":"` + c.pid + `","offset":"` + offset + `"}`)
			if again.socketID != c.socketID {
				t.Fatal("not recovered")
			}
			offset = again.readOffset(`["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}`)
			return again
		}
		s.DropAll(Reset)
		back()
		s.HalfOpenAll()
		time.Sleep(20 * time.Second)
		second := back()
		s.Publish("orders", "e", 1)
		second.readOffset(`["server-event",{"channel":"orders","event":"e","data":1}`)
		ping := func() string {
			_, frame, err := second.ws.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return string(frame)
		}
		for range 3 { // the old link ends at 45 s, five before the second's own second ping
			if frame := ping(); frame != "2" {
				t.Fatalf("got %s", frame)
			}
			second.send("3")
			s.Publish("orders", "e", 2)
			if len(s.Connections()) == 2 {
				second.readOffset(`["server-event",{"channel":"orders","event":"e","data":2}`)
			}
		}
		second.send(`42["realtimex:ping",{}]`)
		if frame := ping(); frame != "2" { // heartbeats, and nothing else
			t.Errorf("got %s on a deaf connection", frame)
		}
		second.ws.CloseNow()
		s.Close()
		time.Sleep(time.Minute)
	})
}

// A restoration renews nothing: the window begins with the last end that the server has noticed.
func TestRestorationDoesNotRenewTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t, WithRecovery(time.Minute))
		c := dialRaw(t, s)
		c.join("40")
		offset := c.readOffset(`["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}`)
		s.DropAll(Reset)
		s.SetHeartbeats(false) // no further end is noticed
		back := func() (recovered bool) {
			t.Helper()
			again := dialRaw(t, s)
			again.send(`40{"pid":"` + c.pid + `","offset":"` + offset + `"}`)
			for {
				if answer := again.read(); strings.HasPrefix(answer, "40") {
					return strings.Contains(answer, `"sid":"`+c.socketID+`"`)
				}
			}
		}
		time.Sleep(40 * time.Second)
		if !back() {
			t.Fatal("not recovered within the window")
		}
		s.HalfOpenAll()
		time.Sleep(20 * time.Second)
		if !back() {
			t.Fatal("not recovered when the window ends")
		}
		s.HalfOpenAll()
		time.Sleep(time.Nanosecond)
		if back() {
			t.Error("recovered past the window, which a restoration must not renew")
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}

func TestHalfOpenOverPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		b := &bench{T: t, subject: &own{Server: s}, http: s.HTTPClient()}
		var h struct{ Sid string }
		if err := json.Unmarshal([]byte(b.get("&transport=polling")[1:]), &h); err != nil {
			t.Fatal(err)
		}
		query := "api_key=" + s.Key() + "&EIO=4&transport=polling&sid=" + h.Sid
		b.request(http.MethodPost, query, "40")
		b.request(http.MethodGet, query, "")
		s.HalfOpenAll()
		for method, body := range map[string]io.Reader{http.MethodGet: http.NoBody, http.MethodPost: strings.NewReader("3")} {
			ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
			req, err := http.NewRequestWithContext(ctx, method, s.URL()+"/socket.io/?"+query, body)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.HTTPClient().Do(req); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s ended by %v", method, err)
			}
			cancel()
		}
		if len(s.Connections()) != 0 { // the second request was past the 45 s
			t.Error("the session outlived its heartbeat")
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}

func TestLoseNext(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		c := connect(t, s)
		c.subscribe(s, "orders")
		c.expectPrefix(succeeded)
		s.LoseNext(2)
		for n := range 3 {
			s.Publish("orders", "e", n)
		}
		c.expect(`42["server-event",{"channel":"orders","event":"e","data":2}]`)
		if st := s.Stats(); st.Lost != 2 || st.Published != 3 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestInject(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		c := connect(t, s)
		s.Inject("42not json")
		c.expect("42not json")
		conn := s.Connections()[0]
		conn.InjectOversized("orders", 1<<20)
		if frame := c.read(); len(frame) < 1<<20 {
			t.Errorf("%d bytes", len(frame))
		}
		conn.InjectBinary([]byte{1})
		if typ, b, err := c.ws.Read(t.Context()); err != nil || typ != websocket.MessageBinary || len(b) != 1 {
			t.Errorf("got %v %v %v", typ, b, err)
		}
	})
}

func TestPresenceFaults(t *testing.T) {
	s := NewServer(t, WithPresenceNames(InternalNames))
	c := connect(t, s)
	c.subscribeAs(s, "presence-room", memberJSON("me"))
	c.expectAll(told(PresenceWrapped, allNames[:1], "presence-room", "subscription_succeeded", arrayRoster("me")))
	added := func(id string) {
		t.Helper()
		c.expectAll(wrapped(allNames[:1], "presence-room", "member_added", fieldsOf(id)))
	}
	join := func(id string) { s.Join("presence-room", auth.Member{ID: id, Info: map[string]any{"name": id}}) }
	s.DuplicatePresence(true)
	join("a")
	added("a")
	added("a")
	s.DuplicatePresence(false)
	s.ReorderPresence(true)
	join("b")
	join("c")
	added("c")
	added("b")
	join("d")
	s.ReorderPresence(false)
	added("d")
}

func TestSlowLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		c := connect(t, s)
		c.subscribe(s, "orders")
		c.expectPrefix(succeeded)
		s.SetLink(Link{Latency: 300 * time.Millisecond})
		start := time.Now()
		for n := range 10 {
			s.Publish("orders", "e", n)
		}
		for range 10 {
			c.expectPrefix(`42["server-event"`)
		}
		if d := time.Since(start); d != 300*time.Millisecond {
			t.Errorf("ten events took %v over a link of 300 ms", d)
		}
		s.SetLink(Link{BytesPerSecond: 10_000})
		start = time.Now()
		s.Publish("orders", "e", strings.Repeat("x", 100_000))
		c.expectPrefix(`42["server-event"`)
		if d := time.Since(start); d < 10*time.Second || d > 11*time.Second {
			t.Errorf("100 KB took %v at 10 KB/s", d)
		}
		s.SetLink(Link{})
		s.Publish("orders", "e", 0)
		c.expectPrefix(`42["server-event"`)
		c.ws.CloseNow()
		s.Close()
		time.Sleep(time.Minute)
	})
}

func TestHeartbeatsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		connect(t, s)
		s.SetHeartbeats(false)
		time.Sleep(time.Hour) // nobody reads, so a ping would end it
		if len(s.Connections()) != 1 {
			t.Errorf("stats %+v", s.Stats())
		}
		s.SetHeartbeats(true)
		time.Sleep(70*time.Second - 1)
		synctest.Wait()
		if len(s.Connections()) != 0 {
			t.Error("still up when the heartbeats are back")
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}

func TestStuckClientIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t, WithQueueLimit(100_000))
		stuck, fine := connect(t, s), connect(t, s)
		for _, c := range []*rawClient{stuck, fine} {
			c.subscribe(s, "orders")
			c.expectPrefix(succeeded)
		}
		payload := strings.Repeat("x", 1000)
		for range 200 { // nobody reads for stuck; Publish waits for no one
			s.Publish("orders", "e", payload)
			fine.expectPrefix(`42["server-event"`)
		}
		synctest.Wait()
		if up := s.Connections(); len(up) != 1 || up[0].SocketID() != fine.socketID {
			t.Errorf("%d connections up", len(up))
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}

func TestAuthBackend(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		ask := func(body string) (int, auth.Grant, error) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.AuthEndpoint(), strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			res, err := s.HTTPClient().Do(req)
			if err != nil {
				return 0, auth.Grant{}, err
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if err != nil {
				return 0, auth.Grant{}, err
			}
			var g struct {
				Auth        string
				ChannelData string `json:"channel_data"`
			}
			err = json.Unmarshal(b, &g)
			return res.StatusCode, auth.Grant{Auth: g.Auth, ChannelData: g.ChannelData}, err
		}
		const private = `{"socket_id":"s1","channel_name":"private-a"}`
		if status, g, err := ask(private); status != 200 || err != nil || !s.Signer().Verify("s1", "private-a", g) {
			t.Errorf("private: %d %v", status, err)
		}
		status, g, err := ask(`{"socket_id":"s1","channel_name":"presence-a","user_data":{"user_id":"7"}}`)
		if status != 200 || err != nil || !s.Signer().Verify("s1", "presence-a", g) || g.ChannelData != `{"user_id":"7"}` {
			t.Errorf("presence: %d %v %s", status, err, g.ChannelData)
		}
		if status, g, err = ask(`{"socket_id":"s1","channel_name":"presence-a"}`); err != nil || !strings.Contains(g.ChannelData, `"user_id":"s1"`) {
			t.Errorf("presence without user data: %d %v %s", status, err, g.ChannelData)
		}
		if status, _, _ = ask(`{"socket_id":"s1","channel_name":"public"}`); status != http.StatusBadRequest {
			t.Errorf("public: %d", status)
		}
		s.Auth().Deny("private-a")
		if status, _, _ = ask(private); status != http.StatusForbidden {
			t.Errorf("denied: %d", status)
		}
		s.Auth().Allow("private-a")
		s.Auth().FailNext(1, http.StatusBadGateway)
		if status, _, _ = ask(private); status != http.StatusBadGateway {
			t.Errorf("failed: %d", status)
		}
		s.Auth().MangleNext(1)
		if status, _, err = ask(private); status != 200 || err == nil {
			t.Errorf("mangled: %d %v", status, err)
		}
		s.Auth().DenyNext(1)
		if status, _, _ = ask(private); status != http.StatusForbidden {
			t.Errorf("denied once: %d", status)
		}
		if status, _, err = ask(private); status != 200 || err != nil {
			t.Errorf("at last: %d %v", status, err)
		}
		if n := len(s.Auth().Requests()); n != 9 {
			t.Errorf("%d requests", n)
		}
		if bytes.Contains(encode(s.Auth().Requests()), []byte(g.Auth)) {
			t.Error("signatures are kept")
		}
	})
}

func TestAuthBackendDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		s.Auth().Delay(3 * time.Second)
		start := time.Now()
		res, err := s.HTTPClient().Post(s.AuthEndpoint(), "application/json", strings.NewReader(`{"socket_id":"s","channel_name":"private-a"}`))
		if err != nil || res.StatusCode != 200 || time.Since(start) != 3*time.Second {
			t.Errorf("after %v: %v %v", time.Since(start), res, err)
		}
		res.Body.Close()
		s.Auth().HangNext(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.AuthEndpoint(), strings.NewReader(`{"socket_id":"s","channel_name":"private-a"}`))
		if _, err := s.HTTPClient().Do(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a hung request ended by %v", err)
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}
