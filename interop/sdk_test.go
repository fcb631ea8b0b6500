package interop_test

import (
	"fmt"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

type sdkEvent struct {
	Channel, Name string
	Data          any
}

func (e sdkEvent) String() string { return fmt.Sprint(e.Channel, " ", e.Name, " ", e.Data) }

func nextSDKEvent(t *testing.T, c *nodetest.Script) string {
	t.Helper()
	var e sdkEvent
	c.ExpectInto("event", &e)
	return e.String()
}

// ready runs the SDK against the server, subscribed to the channels once connected.
func ready(t *testing.T, s *nodetest.Server, user string, channels ...string) *nodetest.Script {
	t.Helper()
	c := startSDK(t, s.URL(), s.Key(), s.AuthEndpoint()+"?user_id="+user+"&name="+user)
	c.Expect("connected")
	for _, channel := range channels {
		c.Send("subscribe", fields{"channel": channel})
		c.Expect("succeeded")
	}
	return c
}

func TestSDKReceivesEvents(t *testing.T) {
	s := nodetest.StartServer(t)
	c := ready(t, s, "ann", "orders")
	if err := s.Stats().SubscribedOnce("orders"); err != nil {
		t.Fatal(err)
	}
	const count = 1000
	s.Burst("orders", "new", 0, count)
	for n := range count {
		if got, want := nextSDKEvent(t, c), fmt.Sprintf("orders new map[n:%d]", n); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	c.Send("unsubscribe", fields{"channel": "orders"})
	s.WaitSubscribed("orders", 0)
}

func TestSDKClientEvents(t *testing.T) {
	s := nodetest.StartServer(t)
	ann := ready(t, s, "ann", "private-room")
	bob := ready(t, s, "bob", "private-room")
	ann.Send("trigger", fields{"channel": "private-room", "name": "client-hi", "data": "a"})
	if got := nextSDKEvent(t, bob); got != "private-room client-hi a" {
		t.Fatal(got)
	}
	bob.Send("trigger", fields{"channel": "private-room", "name": "client-hi", "data": "b"})
	if got := nextSDKEvent(t, ann); got != "private-room client-hi b" { // and not its own before it
		t.Fatal(got)
	}
	ann.Send("trigger", fields{"channel": "private-room", "name": "hi", "data": 1})
	ann.Expect("failed")
}

func TestSDKPresence(t *testing.T) {
	s := nodetest.StartServer(t, nodetest.PresenceNames("presence"))
	ann := ready(t, s, "ann", room)
	roster := func(names ...string) string {
		var members []any
		for _, name := range names {
			members = append(members, map[string]any{"user_id": name, "user_info": map[string]any{"name": name}})
		}
		return fmt.Sprint(room, " presence:subscription_succeeded ", map[string]any{"initial_state": map[string]any{}, "members": members})
	}
	if got, want := nextSDKEvent(t, ann), roster("ann"); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	bob := ready(t, s, "bob", room)
	if got, want := nextSDKEvent(t, bob), roster("ann", "bob"); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	const bobHimself = " map[user_id:bob user_info:map[name:bob]]"
	if got, want := nextSDKEvent(t, ann), room+" presence:member_added"+bobHimself; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	bob.Kill()
	if got, want := nextSDKEvent(t, ann), room+" presence:member_removed"+bobHimself; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestSDKReconnectsAfterARestart(t *testing.T) {
	s := nodetest.StartServer(t)
	c := ready(t, s, "ann", "orders", "private-room")
	s.Restart()
	c.Expect("connected")
	s.WaitSubscribed("orders", 1)
	s.WaitSubscribed("private-room", 1)
	s.Publish("private-room", "e", 1)
	if got := nextSDKEvent(t, c); got != "private-room e 1" {
		t.Fatal(got)
	}
}

// What follows is known of realtimex-js 1.3.0. A server under test is right when it shows these
// too; a client of ours does not.

func TestSDKFaultSubscribesTwice(t *testing.T) {
	s := nodetest.StartServer(t)
	c := startSDK(t, s.URL(), s.Key(), "")
	c.Send("subscribe", fields{"channel": "orders"}) // before it is connected
	c.Expect("succeeded")
	c.Expect("succeeded")
	if n := s.Stats().Channels["orders"].Subscribes; n != 2 {
		t.Fatalf("asked for %d times", n)
	}
}

func TestSDKFaultAuthFailureReachesNobody(t *testing.T) {
	s := nodetest.StartServer(t)
	c := startSDK(t, s.URL(), s.Key(), s.URL()+"/nothing-here")
	c.Send("subscribe", fields{"channel": "private-room"}) // before it is connected
	// A program that does not catch it ends here.
	var line struct{ Message string }
	c.ExpectInto("unhandled", &line)
	if line.Message != "Auth failed: 404 Not Found" {
		t.Fatal(line.Message)
	}
	if n := s.Stats().Channels["private-room"].Subscribes; n != 0 {
		t.Fatalf("asked for %d times", n)
	}
}

func TestSDKFaultTopLevelPresenceReachesNobody(t *testing.T) {
	s := nodetest.StartServer(t, nodetest.PresenceDelivery("top"))
	ann := ready(t, s, "ann", room)
	ready(t, s, "bob", room)
	s.Publish(room, "fence", 1)
	if got := nextSDKEvent(t, ann); got != room+" fence 1" {
		t.Fatalf("a presence event reached a handler: %s", got)
	}
}

func TestSDKFaultDisconnectReconnects(t *testing.T) {
	t.Parallel() // it waits for the SDK's own 3 s
	s := nodetest.StartServer(t)
	c := ready(t, s, "ann")
	c.Send("disconnect", nil)
	c.Expect("disconnected")
	c.Expect("connected")
	if st := s.WaitConnections(1); st.TotalConnections != 2 {
		t.Fatalf("%d connections", st.TotalConnections)
	}
}

// After an outage longer than 3 s two live sockets remain. Where the server has recovered the first
// one's subscriptions, every event arrives twice. What was sent meanwhile is gone.
func TestSDKFaultLongOutage(t *testing.T) {
	t.Parallel() // it waits for the SDK's own 3 s
	s := nodetest.StartServer(t, nodetest.Recovery(window))
	proxy := nodetest.StartProxy(t, s.Addr())
	c := startSDK(t, proxy.URL(), s.Key(), "")
	c.Expect("connected")
	c.Send("subscribe", fields{"channel": "orders"})
	c.Expect("succeeded")

	proxy.SetTarget("127.0.0.1:1") // where nobody listens
	proxy.Cut()
	c.Expect("disconnected")
	c.Send("trigger", fields{"channel": "orders", "name": "client-lost", "data": 1})
	c.Send("until", fields{"state": "connecting"})
	c.Expect("state")
	proxy.SetTarget(s.Addr())
	c.Expect("connected")
	c.Expect("connected")
	s.WaitFor("two live connections or more, subscribed", func(st nodetest.Stats) bool { // on a slow machine it makes a third
		return st.Connections >= 2 && st.Channels["orders"].Subscribers >= 2
	})

	// Whether an event arrives twice depends on which of them the server has recovered.
	const n = 10
	for i := range n {
		s.Publish("orders", "e", i)
	}
	s.Publish("orders", "fence", 0)
	seen := map[string]int{}
	for seen["orders fence 0"] == 0 {
		seen[nextSDKEvent(t, c)]++
	}
	twice := 0
	for _, count := range seen {
		if count > 1 {
			twice++
		}
	}
	t.Logf("%d of %d events arrived twice", twice, n)
	if st := s.Stats(); st.ClientEventTotal != 0 {
		t.Fatalf("%+v", st.ClientEvents)
	}
}
