package testserver

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// These tests run the official realtimex-js, as npm delivers it, against this package's server.

func startSDK(t *testing.T, s *Server, user string) *nodetest.Script {
	t.Helper()
	nodetest.Skip(t)
	return nodetest.RunScript(t, "realtimex.mjs", nil,
		"--url", s.URL(), "--key", s.Key(), "--auth-endpoint", s.AuthEndpoint()+"?user_id="+user+"&name="+user)
}

func sdkOn(t *testing.T, s *Server, user string, channels ...string) *nodetest.Script {
	t.Helper()
	c := startSDK(t, s, user)
	c.Expect("connected")
	for _, channel := range channels {
		c.Send("subscribe", map[string]any{"channel": channel})
		c.Expect("succeeded")
	}
	return c
}

func expectSDKEvent(t *testing.T, c *nodetest.Script, channel, name, data string) {
	t.Helper()
	var e struct {
		Channel, Name string
		Data          json.RawMessage
	}
	c.ExpectInto("event", &e)
	if e.Channel != channel || e.Name != name || !sameJSON(string(e.Data), data) {
		t.Fatalf("got  %s %s %s\nwant %s %s %s", e.Channel, e.Name, e.Data, channel, name, data)
	}
}

func TestSDKPublicAndPrivate(t *testing.T) {
	s := NewServer(t)
	c := sdkOn(t, s, "ann", "orders", "private-orders")
	s.Publish("orders", "created", map[string]any{"name": "Ž"})
	expectSDKEvent(t, c, "orders", "created", `{"name":"Ž"}`)
	s.Publish("private-orders", "created", 2)
	expectSDKEvent(t, c, "private-orders", "created", `2`)
	asked := s.Auth().Requests()
	if len(asked) != 1 || asked[0].Channel != "private-orders" || asked[0].SocketID != s.Connections()[0].SocketID() || !asked[0].Bearer {
		t.Errorf("the backend was asked %+v", asked)
	}
	c.Send("unsubscribe", map[string]any{"channel": "orders"})
	s.WaitUnsubscribed("orders")
}

func TestSDKDeniedByItsBackend(t *testing.T) {
	s := NewServer(t)
	s.Auth().Deny("private-orders")
	c := startSDK(t, s, "ann")
	c.Expect("connected")
	c.Send("subscribe", map[string]any{"channel": "private-orders"})
	var failed struct{ Error string }
	c.ExpectInto("subscription_error", &failed)
	if !strings.Contains(failed.Error, "403") {
		t.Errorf("failed with %q", failed.Error)
	}
}

func TestSDKClientEvents(t *testing.T) {
	s := NewServer(t)
	ann, bob := sdkOn(t, s, "ann", "private-room"), sdkOn(t, s, "bob", "private-room")
	ann.Send("trigger", map[string]any{"channel": "private-room", "name": "client-hi", "data": map[string]any{"n": 1}})
	expectSDKEvent(t, bob, "private-room", "client-hi", `{"n":1}`)
	bob.Send("trigger", map[string]any{"channel": "private-room", "name": "client-hi", "data": 2})
	expectSDKEvent(t, ann, "private-room", "client-hi", `2`)
}

func TestSDKPresence(t *testing.T) {
	s := NewServer(t, WithPresenceNames(PublicNames))
	const name = "presence-room"
	ann := sdkOn(t, s, "ann", name)
	expectSDKEvent(t, ann, name, "presence:subscription_succeeded", "{"+arrayRoster("ann")+"}")
	bob := sdkOn(t, s, "bob", name)
	expectSDKEvent(t, bob, name, "presence:subscription_succeeded", "{"+arrayRoster("ann", "bob")+"}")
	expectSDKEvent(t, ann, name, "presence:member_added", memberJSON("bob"))
	s.Join(name, auth.Member{ID: "cid", Info: map[string]any{"name": "cid"}})
	expectSDKEvent(t, ann, name, "presence:member_added", memberJSON("cid"))
	s.Leave(name, "cid")
	expectSDKEvent(t, ann, name, "presence:member_removed", memberJSON("cid"))
	bob.Stop()
	expectSDKEvent(t, ann, name, "presence:member_removed", memberJSON("bob"))
	if m := s.Members(name); len(m) != 1 || m[0] != "ann" {
		t.Errorf("members %v", m)
	}
}

func TestSDKComesBackAfterARestart(t *testing.T) {
	s := NewServer(t)
	c := sdkOn(t, s, "ann", "orders", "private-orders")
	old := s.Connections()[0].SocketID()
	s.Restart(Forget)
	c.Expect("disconnected")
	c.Expect("connected")
	s.WaitSubscribed("orders")
	s.WaitSubscribed("private-orders")
	if now := s.Connections()[0].SocketID(); now == old {
		t.Error("the old socket id again")
	}
	s.Publish("private-orders", "created", 1)
	expectSDKEvent(t, c, "private-orders", "created", `1`)
}
