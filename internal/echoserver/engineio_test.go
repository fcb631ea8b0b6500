package main

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const enginePath = "/engine.io/"

func TestHandshakeHasExactlyItsFiveKeys(t *testing.T) {
	for _, path := range []string{enginePath, "/socket.io/"} {
		s := newSuite(t)
		_, polling, err := s.do(t.Context(), http.MethodGet, path+"?EIO=4&transport=polling", "")
		if err != nil {
			t.Fatal(err)
		}
		checkHandshake(t, polling, []any{"websocket"})
		ws := s.socket(path + "?EIO=4&transport=websocket")
		checkHandshake(t, ws.expectPrefix("0"), []any{})
	}
}

func checkHandshake(t *testing.T, open string, upgrades []any) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(open, "0")), &got); err != nil {
		t.Fatalf("open packet %q: %v", open, err)
	}
	if sid, _ := got["sid"].(string); sid == "" {
		t.Errorf("no sid in %q", open)
	}
	want := map[string]any{
		"sid":          got["sid"],
		"upgrades":     upgrades,
		"pingInterval": 300.0,
		"pingTimeout":  200.0,
		"maxPayload":   1000000.0,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestBadRequests(t *testing.T) {
	s := newSuite(t)
	for _, c := range []struct{ method, query, body string }{
		{http.MethodGet, "transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		{http.MethodGet, "EIO=abc&transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		{http.MethodGet, "EIO=3&transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		{http.MethodGet, "EIO=4", `{"code":0,"message":"Transport unknown"}`},
		{http.MethodGet, "EIO=4&transport=abc", `{"code":0,"message":"Transport unknown"}`},
		{http.MethodPost, "EIO=4&transport=polling", `{"code":2,"message":"Bad handshake method"}`},
		{http.MethodPut, "EIO=4&transport=polling", `{"code":2,"message":"Bad handshake method"}`},
		{http.MethodGet, "EIO=4&transport=polling&sid=nobody", `{"code":1,"message":"Session ID unknown"}`},
		{http.MethodPost, "EIO=4&transport=polling&sid=nobody", `{"code":1,"message":"Session ID unknown"}`},
		{http.MethodGet, "EIO=4&transport=websocket", `{"code":3,"message":"Bad request"}`},
	} {
		s.want(c.method, enginePath+"?"+c.query, "", http.StatusBadRequest, c.body)
	}
}

func TestPollingEchoes(t *testing.T) {
	s := newSuite(t)
	for _, body := range []string{"4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA=="} {
		target := s.poll(enginePath)
		s.want(http.MethodPost, target, body, http.StatusOK, "ok")
		s.want(http.MethodGet, target, "", http.StatusOK, body)
	}
}

func TestPollingInvalidPacketEndsTheSession(t *testing.T) {
	s := newSuite(t)
	target := s.poll(enginePath)
	s.want(http.MethodPost, target, "abc", http.StatusBadRequest, "")
	s.want(http.MethodGet, target, "", http.StatusBadRequest, "")
}

func TestSecondPollEndsTheSession(t *testing.T) {
	s := newSuite(t)
	target := s.poll(enginePath)
	type answer struct {
		status int
		body   string
	}
	// Which of the two comes first is open; one gets the close packet and the other the refusal.
	answers := make(chan answer, 2)
	for range 2 {
		go func() {
			status, body, _ := s.do(s.Context(), http.MethodGet, target, "")
			answers <- answer{status, body}
		}()
	}
	a, b := <-answers, <-answers
	if a.status != http.StatusOK {
		a, b = b, a
	}
	if a != (answer{http.StatusOK, "1"}) || b.status != http.StatusBadRequest {
		t.Errorf("answers %v and %v", a, b)
	}
	s.want(http.MethodGet, target, "", http.StatusBadRequest, "")
}

func TestPollingHeartbeat(t *testing.T) {
	s := newSuite(t)
	target := s.poll(enginePath)
	for range 3 {
		s.want(http.MethodGet, target, "", http.StatusOK, "2")
		s.want(http.MethodPost, target, "3", http.StatusOK, "ok")
	}
	s.want(http.MethodGet, target, "", http.StatusOK, "2")
	s.want(http.MethodGet, target, "", http.StatusOK, "1") // no pong: the end, told to the poll that is open
	s.want(http.MethodGet, target, "", http.StatusBadRequest, "")
}

func TestPollingClosePacket(t *testing.T) {
	s := newSuite(t)
	target := s.poll(enginePath)
	got := make(chan string, 1)
	go func() {
		_, body, _ := s.do(s.Context(), http.MethodGet, target, "")
		got <- body
	}()
	s.want(http.MethodPost, target, "1", http.StatusOK, "ok")
	if body := <-got; body != "6" {
		t.Errorf("open poll got %q", body)
	}
	s.want(http.MethodGet, target, "", http.StatusBadRequest, "")
}

func TestPostOverTheLimit(t *testing.T) {
	s := newSuite(t)
	target := s.poll(enginePath)
	s.want(http.MethodPost, target, "4"+strings.Repeat("x", 1_000_000), http.StatusRequestEntityTooLarge, "")
}

func TestWebSocketEchoes(t *testing.T) {
	s := newSuite(t)
	ws := s.socket(enginePath + "?EIO=4&transport=websocket")
	ws.expectPrefix("0")
	ws.send("4hello")
	ws.expect("4hello")
	ws.sendBinary(1, 2, 3, 4)
	ws.expectBinary(1, 2, 3, 4)
}

func TestWebSocketHeartbeat(t *testing.T) {
	s := newSuite(t)
	ws := s.socket(enginePath + "?EIO=4&transport=websocket")
	ws.expectPrefix("0")
	for range 3 {
		ws.expect("2")
		ws.send("3")
	}
	ws.expect("2")
	ws.expectClose()
}

func TestWebSocketEnds(t *testing.T) {
	s := newSuite(t)
	for _, frame := range []string{"abc", "1", "2"} { // an invalid packet, a close, a ping from a client
		ws := s.socket(enginePath + "?EIO=4&transport=websocket")
		ws.expectPrefix("0")
		ws.send(frame)
		ws.expectClose()
	}
}

func TestUpgrade(t *testing.T) {
	s := newSuite(t)
	target := s.poll(enginePath)
	ws := s.socket(target)
	ws.send("2probe")
	ws.expect("3probe")
	s.want(http.MethodGet, target, "", http.StatusOK, "6") // a poll after the probe is let go
	s.want(http.MethodPost, target, "4before", http.StatusOK, "ok")
	ws.send("5")
	ws.expect("4before")
	ws.send("4after")
	ws.expect("4after")
	s.want(http.MethodGet, target, "", http.StatusBadRequest, "")
	s.want(http.MethodPost, target, "4x", http.StatusBadRequest, "")
}

func TestPollSentAfterTheUpgradeIsRefused(t *testing.T) {
	s := newSuite(t)
	for range 20 { // the two travel on different connections
		target := s.poll(enginePath)
		ws := s.socket(target)
		ws.send("2probe")
		ws.send("5")
		s.want(http.MethodGet, target, "", http.StatusBadRequest, "")
	}
}

func TestOpenPollIsLetGoByTheProbe(t *testing.T) {
	s := newSuite(t)
	target := s.poll(enginePath)
	got := make(chan string, 1)
	go func() {
		_, body, _ := s.do(s.Context(), http.MethodGet, target, "")
		got <- body
	}()
	ws := s.socket(target)
	ws.send("2probe")
	ws.expect("3probe")
	if body := <-got; body != "6" {
		t.Errorf("open poll got %q", body)
	}
}

func TestSecondWebSocketIsClosed(t *testing.T) {
	s := newSuite(t)
	target := s.poll(enginePath)
	first := s.socket(target)
	first.send("2probe")
	first.expect("3probe")
	s.socket(target).expectClose() // while the first is probing
	first.send("5")
	s.socket(target).expectClose() // and when it has taken over
	first.send("4hello")
	first.expect("4hello")
}

func TestProbeThatIsNoneIsClosed(t *testing.T) {
	s := newSuite(t)
	target := s.poll(enginePath)
	ws := s.socket(target)
	ws.send("4hello")
	ws.expectClose()
	s.want(http.MethodPost, target, "4still", http.StatusOK, "ok")
	s.want(http.MethodGet, target, "", http.StatusOK, "4still")
}
