package console

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

func testMember(i int) auth.Member { return auth.Member{ID: fmt.Sprint("user-", i)} }

// A wait ends as soon as what it waits for is so.
func TestWaitEndsWhenItIsSo(t *testing.T) {
	bubble(t, func(t *testing.T, c *Console, server *testserver.Server) {
		for _, w := range []struct {
			body string
			do   func()
		}{
			{`{"condition":"members","channel":"presence-a","n":2}`, func() { server.Join("presence-a", testMember(1)); server.Join("presence-a", testMember(2)) }},
		} {
			began := time.Now()
			answered := make(chan int, 1)
			go func() { answered <- serveBare(t, c, "wait", w.body) }()
			time.Sleep(5 * time.Second)
			w.do()
			if status := <-answered; status != http.StatusOK || time.Since(began) != 5*time.Second {
				t.Errorf("%s: %d after %v", w.body, status, time.Since(began))
			}
		}
	})
}

// A wait ends by its own time, by default after ten seconds, and at the end of the console.
func TestWaitIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, c *Console, _ *testserver.Server) {
		for body, want := range map[string]time.Duration{
			`{"condition":"connected"}`:                      10 * time.Second,
			`{"condition":"connected","timeout_ms":60000}`:   60 * time.Second,
			`{"condition":"connected","timeout_ms":0}`:       0,
			`{"condition":"received","n":1}`:                 10 * time.Second,
			`{"condition":"subscribed","channel":"o","n":3}`: 10 * time.Second,
		} {
			began := time.Now()
			if status := serveBare(t, c, "wait", body); status != http.StatusGatewayTimeout || time.Since(began) != want {
				t.Errorf("%s: %d after %v, want %v", body, status, time.Since(began), want)
			}
		}
		for body := range map[string]bool{`{"condition":"disconnected"}`: true, `{"condition":"unsubscribed","channel":"o"}`: true, `{"condition":"connected","n":0}`: true} {
			if status := serveBare(t, c, "wait", body); status != http.StatusOK {
				t.Errorf("%s: %d", body, status)
			}
		}
		began := time.Now()
		answered := make(chan int, 1)
		go func() { answered <- serveBare(t, c, "wait", `{"condition":"connected"}`) }()
		time.Sleep(time.Second)
		c.end()
		if <-answered; time.Since(began) != time.Second {
			t.Errorf("a wait outlives the console by %v", time.Since(began)-time.Second)
		}
	})
}

// What is published is seen by who is subscribed, and what clients send by the test.
func TestPublishTriggerReceived(t *testing.T) {
	b := newBed(t)
	ann := b.connect("ann", "orders", "private-desk")
	answer := b.call("POST", "publish", `{"channel":"orders","event":"created","data":{"id":1}}`, http.StatusOK)
	if answer["recipients"] != 1.0 || answer["id"] == "" {
		t.Errorf("published: %v", answer)
	}
	if err := ann.Channel("private-desk").Trigger(t.Context(), "client-typing", map[string]int{"n": 1}); err != nil {
		t.Fatal(err)
	}
	b.call("POST", "wait", `{"condition":"received","channel":"private-desk","event":"client-typing"}`, http.StatusOK)
	answer = b.call("GET", "received?kind=client_event", "", http.StatusOK)
	got := answer["received"].([]any)
	if len(got) != 1 || answer["total"] != 1.0 || fmt.Sprint(got[0].(map[string]any)["data"]) != "map[n:1]" || got[0].(map[string]any)["relayed"] != true {
		t.Errorf("received: %v", answer)
	}
	socket := b.server.Connections()[0].SocketID()
	if answer := b.call("POST", "trigger", `{"channel":"private-desk","event":"client-e","socket_id":"`+socket+`"}`, http.StatusOK); answer["recipients"] != 0.0 {
		t.Errorf("the sender gets its own event: %v", answer)
	}
	if answer := b.call("POST", "trigger", `{"channel":"private-desk","event":"client-e"}`, http.StatusOK); answer["recipients"] != 1.0 {
		t.Errorf("from a member without a connection: %v", answer)
	}
}

// After a reset nothing is left for the next test.
func TestReset(t *testing.T) {
	b := newBed(t)
	b.connect("ann", "presence-lobby")
	b.call("POST", "members", `{"channel":"presence-lobby","user_id":"zoe"}`, http.StatusOK)
	for _, fault := range []string{`"deny","channel":"a"`, `"lose_next","n":9`, `"slow_link","latency_ms":1`, `"block_websockets"`, `"hold_confirmations"`, `"refuse_next"`, `"fail_auth"`} {
		b.call("POST", "faults", `{"fault":`+fault+`}`, http.StatusOK)
	}
	if b.call("POST", "reset", `{}`, http.StatusOK)["disconnected"] != 0.0 {
		t.Error("connections were ended")
	}
	if a := b.server.ActiveFaults(); fmt.Sprint(a) != fmt.Sprint(testserver.ActiveFaults{}) {
		t.Errorf("faults are left: %+v", a)
	}
	if m := b.server.Members("presence-lobby"); len(m) != 1 || m[0] != "ann" {
		t.Errorf("members: %q", m)
	}
	if answer := b.call("GET", "received", "", http.StatusOK); answer["total"] != 0.0 {
		t.Errorf("received: %v", answer)
	}
	if list := b.call("GET", "activity?kind=fault", "", http.StatusOK)["activity"].([]any); len(list) != 0 {
		t.Errorf("activity: %v", list)
	}
	if b.call("POST", "reset", `{"connections":true}`, http.StatusOK)["disconnected"] != 1.0 {
		t.Error("the connection stays")
	}
}

// Each common mistake with a signature is named, and no answer has a right one in it.
func TestSignatureMistakesAreNamed(t *testing.T) {
	b := newBed(t)
	b.connect("ann", "orders")
	socket := b.server.Connections()[0].SocketID()
	sign := func(text string) string { return testKey + ":" + hmacOf(testSecret, text) }
	const room, data = "presence-lobby", `{"user_id": "ann"}`
	for _, c := range []struct{ socket, channel, data, auth, reason string }{
		{socket, "private-a", "", sign(socket + ":private-a"), ""},
		{socket, room, data, sign(socket + ":" + room + ":" + data), ""},
		{socket, "private-a", "", "nocolon", "no colon"},
		{socket, "private-a", "", "other-key:" + hmacOf(testSecret, socket+":private-a"), "another API key"},
		{socket, "private-a", "", testKey + ":xyz", "hexadecimal"},
		{socket, room, "", sign(socket + ":" + room), "channel_data is missing"},
		{socket, room, "{", sign(socket + ":" + room), "not JSON"},
		{socket, room, data, sign(socket + ":" + room), "leaves channel_data out"},
		{socket, room, data, sign(socket + ":" + room + `:{"user_id":"ann"}`), "other bytes"},
		{socket, "private-a", data, sign(socket + ":private-a:" + data), "presence channels only"},
		{"other.1", "private-a", "", sign(socket + ":private-a"), "another connection: " + socket},
		{socket, "private-a", "", testKey + ":" + hmacOf("another secret", socket+":private-a"), "another secret"},
	} {
		body := fmt.Sprintf(`{"socket_id":%q,"channel":%q,"channel_data":%q,"auth":%q}`, c.socket, c.channel, c.data, c.auth)
		answer := b.call("POST", "signatures/check", body, http.StatusOK)
		reason := answer["reason"].(string)
		if answer["valid"] != (c.reason == "") || !strings.Contains(reason, c.reason) || answer["connected"] != (c.socket == socket) {
			t.Errorf("%s: %v, want %q", body, answer, c.reason)
		}
		want := c.socket + ":" + c.channel
		if c.channel == room {
			want += ":" + c.data
		}
		if answer["signed_text"] != want {
			t.Errorf("signed text %q, want %q", answer["signed_text"], want)
		}
	}
}

// Lists are cut, and everything is counted.
func TestListsAreBounded(t *testing.T) {
	b := newBed(t)
	for i := range maxListed + 50 {
		b.server.Join("presence-full", testMember(i))
		b.server.Join(fmt.Sprint("presence-", i), testMember(0))
	}
	room := b.call("GET", "channels/presence-full", "", http.StatusOK)
	if n := len(room["members"].([]any)); n != maxListed || room["member_count"] != 250.0 {
		t.Errorf("%d members of %v", n, room["member_count"])
	}
	state := b.call("GET", "state", "", http.StatusOK)
	if n := len(state["channels"].([]any)); n != maxListed || state["channel_count"] != 251.0 {
		t.Errorf("%d channels of %v", n, state["channel_count"])
	}
	if text := words(strings.Repeat("é\n", 200)); len(text) > maxWords || strings.ContainsAny(text, "\né") {
		t.Errorf("words of a request: %q", text)
	}
}

// Of what clients have sent an answer has the newest, so many and of so many bytes.
func TestReceivedIsBounded(t *testing.T) {
	b := newBed(t)
	ann := b.connect("ann", "private-desk")
	large := strings.Repeat("x", 900_000)
	for range 12 {
		if err := ann.Channel("private-desk").Trigger(t.Context(), "client-large", large); err != nil {
			t.Fatal(err)
		}
	}
	if err := ann.Channel("private-desk").Trigger(t.Context(), "client-last", 1); err != nil {
		t.Fatal(err)
	}
	b.call("POST", "wait", `{"condition":"received","event":"client-last"}`, http.StatusOK)
	answer := b.call("GET", "received?kind=client_event", "", http.StatusOK)
	got := answer["received"].([]any)
	if len(got) != 1+maxReceivedBytes/len(large) || answer["total"] != 13.0 || got[len(got)-1].(map[string]any)["event"] != "client-last" {
		t.Errorf("%d of %v", len(got), answer["total"])
	}
	if got := b.call("GET", "received?kind=client_event&limit=2", "", http.StatusOK)["received"].([]any); len(got) != 2 {
		t.Errorf("%d of a limit of 2", len(got))
	}
}

// A body that comes more slowly than 1 KiB a second is cut off, and one that is there late is not.
func TestSlowBodiesAreCut(t *testing.T) {
	bubble(t, func(t *testing.T, c *Console, server *testserver.Server) {
		here, there := net.Pipe()
		listener := &oneListener{conns: make(chan net.Conn, 1), done: make(chan struct{})}
		listener.conns <- there
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- c.Serve(ctx, listener, time.Second) }()
		began := time.Now()
		go func() { _, _ = io.Copy(io.Discard, here); here.Close() }()
		_, err := io.WriteString(here, "POST /api/v1/publish HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+testToken+"\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
		for err == nil && time.Since(began) < time.Hour {
			time.Sleep(time.Second)
			_, err = io.WriteString(here, " ")
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("a body that drips is borne for %v", took)
		}
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if n := server.Stats().Published; n != 0 {
			t.Errorf("%d events", n)
		}
	})
}

// oneListener has one connection, a pipe.
type oneListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *oneListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *oneListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *oneListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
