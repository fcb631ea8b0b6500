package main

import (
	"net/http"
	"strings"
	"testing"
)

const socketTarget = "/socket.io/?EIO=4&transport=websocket"

// joined is a socket in the default namespace.
func (s *suite) joined() *socket {
	s.Helper()
	ws := s.socket(socketTarget)
	ws.expectPrefix("0{")
	ws.send("40")
	ws.expectPrefix(`40{"sid":"`)
	ws.expect(`42["auth",{}]`)
	return ws
}

func TestConnect(t *testing.T) {
	s := newSuite(t)
	for _, c := range []struct{ send, answer, auth string }{
		{`40`, `40{"sid":"`, `42["auth",{}]`},
		{`40{"token":"123"}`, `40{"sid":"`, `42["auth",{"token":"123"}]`},
		{`40{ "b" : 1, "a" : [2] }`, `40{"sid":"`, `42["auth",{"b":1,"a":[2]}]`},
		{`40/custom,`, `40/custom,{"sid":"`, `42/custom,["auth",{}]`},
		{`40/custom`, `40/custom,{"sid":"`, `42/custom,["auth",{}]`},
		{`40/custom,{"token":"abc"}`, `40/custom,{"sid":"`, `42/custom,["auth",{"token":"abc"}]`},
	} {
		ws := s.socket(socketTarget)
		ws.expectPrefix("0{")
		ws.send(c.send)
		if answer := ws.expectPrefix(c.answer); strings.Count(answer, ":") != 1 {
			t.Errorf("%s answered with more than a sid: %s", c.send, answer)
		}
		ws.expect(c.auth)
	}
}

func TestUnknownNamespace(t *testing.T) {
	s := newSuite(t)
	ws := s.socket(socketTarget)
	ws.expectPrefix("0{")
	ws.send("40/random")
	ws.expect(`44/random,{"message":"Invalid namespace"}`)
	ws.send("40")
	ws.expectPrefix(`40{"sid":"`)
}

func TestInvalidSocketPacketsClose(t *testing.T) {
	s := newSuite(t)
	for _, frame := range []string{
		"4abc", "42{}", `42abc["message-with-ack",1]`, "42", "4", `42["connect"]`, `451-["x"]`,
		"40", // a second CONNECT
		`44{"message":"x"}`, "47",
	} {
		ws := s.joined()
		ws.send(frame)
		if frame == `451-["x"]` {
			ws.send(`42["message"]`) // text where an attachment is due
		}
		ws.expectClose()
	}
	for _, frame := range []string{"4abc", `42["message",1]`, "41", `43[1]`} { // before CONNECT
		ws := s.socket(socketTarget)
		ws.expectPrefix("0{")
		ws.send(frame)
		ws.expectClose()
	}
}

func TestBinaryThatNothingAnnouncedCloses(t *testing.T) {
	s := newSuite(t)
	ws := s.joined()
	ws.sendBinary(1)
	ws.expectClose()
}

func TestNoConnectClosesAfterASecond(t *testing.T) {
	s := newSuite(t)
	ws := s.socket(socketTarget)
	ws.expectPrefix("0{")
	for pings := 0; ; pings++ {
		_, frame, err := ws.read()
		if err != nil {
			if pings < 2 {
				t.Errorf("ended after %d pings by %v", pings, err)
			}
			return
		}
		if frame != "2" {
			t.Fatalf("got %q", frame)
		}
		ws.send("3")
	}
}

func TestDisconnectLeavesTheSessionUp(t *testing.T) {
	s := newSuite(t)
	ws := s.joined()
	ws.send("41")
	ws.expect("2")
}

func TestDisconnectFromOneNamespace(t *testing.T) {
	s := newSuite(t)
	ws := s.joined()
	ws.send("40/custom")
	ws.expectPrefix(`40/custom,{"sid":"`)
	ws.expect(`42/custom,["auth",{}]`)
	ws.send("41/custom")
	ws.send(`42["message","message to main namespace"]`)
	ws.expect(`42["message-back","message to main namespace"]`)
}

func TestMessages(t *testing.T) {
	s := newSuite(t)
	ws := s.joined()
	ws.send(`42["message",1,"2",{"3":[true]}]`)
	ws.expect(`42["message-back",1,"2",{"3":[true]}]`)
	ws.send(`42["message", "é" , { "z" : 1, "a" : null } ]`)
	ws.expect(`42["message-back","é",{"z":1,"a":null}]`)
	ws.send(`42["message"]`)
	ws.expect(`42["message-back"]`)
	ws.send(`42456["message-with-ack",1,"2",{"3":[false]}]`)
	ws.expect(`43456[1,"2",{"3":[false]}]`)
	ws.send(`420["message-with-ack"]`)
	ws.expect(`430[]`)
}

func TestBinaryMessages(t *testing.T) {
	s := newSuite(t)
	ws := s.joined()
	const two = `{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}`
	ws.send(`452-["message",` + two + `]`)
	ws.sendBinary(1, 2, 3)
	ws.sendBinary(4, 5, 6)
	ws.expect(`452-["message-back",` + two + `]`)
	ws.expectBinary(1, 2, 3)
	ws.expectBinary(4, 5, 6)
	ws.send(`452-789["message-with-ack",` + two + `]`)
	ws.sendBinary(1, 2, 3)
	ws.sendBinary(4, 5, 6)
	ws.expect(`462-789[` + two + `]`)
	ws.expectBinary(1, 2, 3)
	ws.expectBinary(4, 5, 6)
}

func TestBinaryOverPolling(t *testing.T) {
	s := newSuite(t)
	target := s.poll("/socket.io/")
	s.want(http.MethodPost, target, "40", http.StatusOK, "ok")
	if _, body, err := s.do(t.Context(), http.MethodGet, target, ""); err != nil || !strings.HasSuffix(body, "\x1e"+`42["auth",{}]`) {
		t.Fatalf("got %q %v", body, err)
	}
	s.want(http.MethodPost, target, `451-["message",{"_placeholder":true,"num":0}]`+"\x1ebAQID", http.StatusOK, "ok")
	s.want(http.MethodGet, target, "", http.StatusOK, `451-["message-back",{"_placeholder":true,"num":0}]`+"\x1ebAQID")
}
