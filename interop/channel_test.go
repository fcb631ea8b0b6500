package interop_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

func TestSubscribePublishUnsubscribe(t *testing.T) {
	s := nodetest.StartServer(t)
	c, id := connectSocket(t, s)
	c.subscribe(s, id, "orders")
	c.want(established(id), succeeded("orders"))
	s.Publish("orders", "new", fields{"text": "grüß dich 👋"})
	s.Publish("other", "new", 1)
	s.Publish("orders", "new", nil)
	c.want(
		`server-event {"channel":"orders","event":"new","data":{"text":"grüß dich 👋"}}`,
		`server-event {"channel":"orders","event":"new","data":null}`,
	)

	// Again: confirmed again, and nothing comes twice.
	c.subscribe(s, id, "orders")
	c.want(succeeded("orders"))
	s.PublishMany("orders", "n", fields{"id": "$n"}, 5, 2)
	c.want(
		`server-event {"channel":"orders","event":"n","data":{"id":5}}`,
		`server-event {"channel":"orders","event":"n","data":{"id":6}}`,
	)

	c.emit("realtimex:unsubscribe", fields{"channel": "orders"})
	st := s.WaitSubscribed("orders", 0)
	s.Publish("orders", "new", 2)
	c.emit("realtimex:ping", fields{})
	c.want("realtimex:pong {}")
	if conn := st.Live()[0]; conn.Subscribes["orders"] != 2 || conn.Unsubscribes["orders"] != 1 {
		t.Fatalf("%+v", conn)
	}
}

func TestWithoutEstablishedAndPong(t *testing.T) {
	s := nodetest.StartServer(t, nodetest.WithoutEstablished(), nodetest.WithoutPong())
	c, id := connectSocket(t, s)
	c.emit("realtimex:ping", fields{})
	c.subscribe(s, id, "orders")
	c.want(succeeded("orders"))
}

func TestLargeEvent(t *testing.T) {
	s := nodetest.StartServer(t)
	c, id := connectSocket(t, s)
	c.subscribe(s, id, "big")
	c.want(established(id), succeeded("big"))
	text := strings.Repeat("ü", 450_000)
	s.Publish("big", "e", text)
	c.want(`server-event {"channel":"big","event":"e","data":"` + text + `"}`)
}

func TestBurstIsInOrder(t *testing.T) {
	s := nodetest.StartServer(t)
	c, id := connectSocket(t, s)
	c.subscribe(s, id, "orders")
	c.want(established(id), succeeded("orders"))
	const count = 10_000
	s.Burst("orders", "n", 0, count)
	for n := range count {
		c.want(fmt.Sprintf(`server-event {"channel":"orders","event":"n","data":{"n":%d}}`, n))
	}
}

func TestSignatures(t *testing.T) {
	s := nodetest.StartServer(t)
	other, otherID := connectSocket(t, s)
	other.want(established(otherID))
	c, id := connectSocket(t, s)
	c.want(established(id))
	const member = `{"user_id":"1"}`
	good := s.Sign(id, "private-a", "")
	for _, tc := range []struct {
		name         string
		request      fields
		valid, stale bool
		answer       string
	}{
		{"right", fields{"channel": "private-a", "auth": good}, true, false, ""},
		{"none", fields{"channel": "private-a"}, false, false, "Invalid signature"},
		{"cut short", fields{"channel": "private-a", "auth": good[:len(good)-1]}, false, false, "Invalid signature"},
		{"of another channel", fields{"channel": "private-b", "auth": good}, false, false, "Invalid signature"},
		{"of another socket", fields{"channel": "private-a", "auth": s.Sign(otherID, "private-a", "")}, false, true, "Invalid signature"},
		{"without channel_data", fields{"channel": "presence-a", "auth": s.Sign(id, "presence-a", "")}, false, false, "channel_data is required"},
		{"not over channel_data", fields{"channel": "presence-a", "auth": s.Sign(id, "presence-a", ""), "channel_data": member}, false, false, "Invalid signature"},
		{"over other bytes", fields{"channel": "presence-a", "auth": s.Sign(id, "presence-a", member), "channel_data": `{"user_id": "1"}`}, false, false, "Invalid signature"},
		{"data is no JSON", fields{"channel": "presence-a", "auth": s.Sign(id, "presence-a", "{"), "channel_data": "{"}, true, false, "channel_data is not JSON"},
		{"data has no id", fields{"channel": "presence-a", "auth": s.Sign(id, "presence-a", "{}"), "channel_data": "{}"}, true, false, "channel_data has no user_id"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c.emit("realtimex:subscribe", tc.request)
			want := succeeded(fmt.Sprint(tc.request["channel"]))
			if tc.answer != "" {
				want = fmt.Sprintf(`realtimex_internal:subscription_error {"channel":"%s","error":"%s","code":4003}`, tc.request["channel"], tc.answer)
			}
			if got := c.first(); got != want {
				t.Fatalf("\n got %s\nwant %s", got, want)
			}
			if tc.answer == "channel_data is required" {
				return // refused before the signature was looked at
			}
			live := s.Stats().Live()
			auths := live[1].Auths
			if last := auths[len(auths)-1]; last.Valid != tc.valid || last.Stale != tc.stale {
				t.Fatalf("the server noted %+v", last)
			}
		})
	}
}

func TestDenyAndHold(t *testing.T) {
	s := nodetest.StartServer(t)
	c, id := connectSocket(t, s)
	s.Deny("orders")
	c.subscribe(s, id, "orders")
	c.want(established(id), `realtimex_internal:subscription_error {"channel":"orders","error":"Access denied","code":4003}`)
	s.Allow("orders")
	s.Hold()
	c.subscribe(s, id, "orders")
	c.subscribe(s, id, "news")
	s.WaitSubscribed("news", 1)
	s.Publish("orders", "e", 1)
	c.want(`server-event {"channel":"orders","event":"e","data":1}`)
	if n := s.Release(); n != 2 {
		t.Fatalf("released %d", n)
	}
	c.want(succeeded("orders"), succeeded("news"))
}

func TestClientEvents(t *testing.T) {
	s := nodetest.StartServer(t)
	a, aID := connectSocket(t, s)
	b, bID := connectSocket(t, s)
	for _, channel := range []string{"private-room", "public"} {
		a.subscribe(s, aID, channel)
		b.subscribe(s, bID, channel)
	}
	a.want(established(aID), succeeded("private-room"), succeeded("public"))
	b.want(established(bID), succeeded("private-room"), succeeded("public"))

	for _, event := range []fields{
		{"channel": "public", "event": "client-e", "data": 1},            // public: dropped
		{"channel": "private-room", "event": "e", "data": 2},             // no prefix: dropped
		{"channel": "private-elsewhere", "event": "client-e", "data": 3}, // not subscribed: dropped
		{"channel": "private-room", "event": "client-e", "data": fields{"n": 4}},
	} {
		a.emit("client-event", event)
	}
	b.want(`server-event {"channel":"private-room","event":"client-e","data":{"n":4}}`)
	b.emit("client-event", fields{"channel": "private-room", "event": "client-back", "data": 5})
	a.want(`server-event {"channel":"private-room","event":"client-back","data":5}`) // and nothing of its own before it

	st := s.Stats()
	var relayed []string
	for _, e := range st.ClientEvents {
		relayed = append(relayed, fmt.Sprint(string(e.Data), " ", e.Relayed))
	}
	if want := []string{"1 false", "2 false", "3 false", `{"n":4} true`, "5 true"}; !slices.Equal(relayed, want) {
		t.Fatalf("got %q, want %q", relayed, want)
	}
}

func TestRawEmit(t *testing.T) {
	s := nodetest.StartServer(t)
	a, aID := connectSocket(t, s)
	b, bID := connectSocket(t, s)
	a.want(established(aID))
	b.want(established(bID))
	if n := s.Emit(aID, "odd", fields{"$binary": "AAE="}, 2); n != 1 {
		t.Fatalf("%d sockets", n)
	}
	if n := s.Emit("", "all"); n != 2 {
		t.Fatalf("%d sockets", n)
	}
	a.want(`odd {"$binary":"AAE="}`, "all")
	b.want("all")
}
