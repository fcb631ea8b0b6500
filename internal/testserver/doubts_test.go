package testserver

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

func TestRefuseConnectNext(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		s.RefuseConnectNext(2, "Over capacity", 4100)
		c := dialRaw(t, s)
		for range 2 {
			c.send("40")
			c.expect(`44{"message":"Over capacity","data":{"code":4100}}`)
		}
		c.join("40")
		c.expectPrefix(`42["realtimex:connection_established"`)
		s.RefuseConnectNext(1, "no", 0)
		d := dialRaw(t, s)
		d.send("40")
		d.expect(`44{"message":"no"}`)
		s.RefuseConnectNext(1, "no", 0)
		s.RefuseConnectNext(0, "", 0)
		connect(t, s)
	})
}

func TestDenyNext(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		c := connect(t, s)
		refused := func(code string) {
			t.Helper()
			c.subscribe(s, "orders")
			c.expect(`42["realtimex_internal:subscription_error",{"channel":"orders","error":"Try again","code":` + code + `}]`)
		}
		granted := func(channel string) {
			t.Helper()
			c.subscribe(s, channel)
			c.expectPrefix(succeeded)
		}
		s.DenyNext("orders", 2, "Try again", 503)
		refused("503")
		granted("others")
		refused("503")
		granted("orders")
		s.DenyNext("orders", 5, "Try again", 4200)
		refused("4200")
		s.Allow("orders")
		granted("orders")
		s.Deny("orders", "Try again", 4100)
		for range 3 {
			refused("4100")
		}
		s.DenyNext("orders", 0, "", 0)
		granted("orders")
	})
}

func TestRetryAfter(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		s.RefuseNextAfter(1, http.StatusTooManyRequests, "7")
		_, res, err := tryDial(s, s.Key())
		if err == nil || res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "7" {
			t.Errorf("handshake: %v %v", res, err)
		}
		s.RefuseNext(1)
		if _, res, err = tryDial(s, s.Key()); err == nil || res.Header.Values("Retry-After") != nil {
			t.Errorf("handshake: %v %v", res, err)
		}
		const asked = `{"socket_id":"s","channel_name":"private-a"}`
		s.Auth().FailNextAfter(1, http.StatusServiceUnavailable, "3")
		if res := ask(t, s, http.MethodPost, s.AuthEndpoint(), "", asked); res.StatusCode != 503 || res.Header.Get("Retry-After") != "3" {
			t.Errorf("auth: %v", res)
		}
		s.Auth().FailNext(1, http.StatusServiceUnavailable)
		if res := ask(t, s, http.MethodPost, s.AuthEndpoint(), "", asked); res.StatusCode != 503 || res.Header.Values("Retry-After") != nil {
			t.Errorf("auth: %v", res)
		}
	})
}

func TestComplain(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		a, b := connect(t, s), connect(t, s)
		s.Complain("error", `Too "much"`, 4301)
		s.Complain("realtimex:error", "Maintenance", 0)
		for _, c := range []*rawClient{a, b} {
			c.expect(`42["error",{"message":"Too \"much\"","code":4301}]`)
			c.expect(`42["realtimex:error",{"message":"Maintenance"}]`)
		}
	})
}

func TestForgedRoster(t *testing.T) {
	s := NewServer(t, WithQueueLimit(256<<20), WithPresenceNames(InternalNames))
	c := connect(t, s)
	confirmed := func(want string) {
		t.Helper()
		c.subscribeAs(s, "presence-room", memberJSON("me"))
		c.expect(succeeded + `{"channel":"presence-room"` + want + `}]`)
		c.expect(`42["server-event",{"channel":"presence-room","event":"realtimex_internal:subscription_succeeded","data":{` +
			strings.TrimPrefix(want, ",") + `}}]`)
	}
	s.ForgeRoster("presence-room", json.RawMessage(` {"presence": {"count":120}} `))
	confirmed(`,"presence": {"count":120}`)
	s.ForgeRoster("presence-room", json.RawMessage(`{}`))
	confirmed("")

	// Two million ids, and an info that is nested deeper than any decoder follows.
	ids := `,"members":[` + strings.Repeat("1,", 2_000_000) + "1]"
	s.ForgeRoster("presence-room", json.RawMessage("{"+ids[1:]+"}"))
	confirmed(ids)
	deep := `,"members":[{"user_id":"1","user_info":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}]"
	s.ForgeRoster("presence-room", json.RawMessage("{"+deep[1:]+"}"))
	confirmed(deep)

	s.ForgeRoster("presence-room", nil)
	c.subscribeAs(s, "presence-room", memberJSON("me"))
	if got := c.read(); strings.Count(got, `"user_id":"me"`) != 1 {
		t.Errorf("the roster after it: %.200s", got)
	}
}

// Members can be as deep as JSON decoders go, and as many and large as the queue takes.
func TestDeepAndLargeMembers(t *testing.T) {
	s := NewServer(t, WithQueueLimit(256<<20), WithPresenceNames(InternalNames))
	deep := json.RawMessage(strings.Repeat("[", 9000) + strings.Repeat("]", 9000))
	s.Join("presence-room", auth.Member{ID: "deep", Info: deep})
	large := strings.Repeat("x", 60_000)
	for n := range 285 {
		s.Join("presence-room", auth.Member{ID: "m" + string(encode(n)), Info: large})
	}
	c := connect(t, s)
	c.subscribeAs(s, "presence-room", string(object(field{"user_id", "me"}, field{"user_info", deep})))
	for range 2 {
		if got := c.read(); len(got) < 285*60_000 || strings.Count(got, string(deep)) != 2 {
			t.Errorf("a roster of %d bytes", len(got))
		}
	}
	d := connect(t, s)
	d.subscribeAs(s, "presence-room", string(object(field{"user_id", "other"}, field{"user_info", deep})))
	if got := c.read(); !strings.Contains(got, `"realtimex_internal:member_added"`) || !strings.Contains(got, string(deep)) {
		t.Errorf("told of a member by %.100s", got)
	}
}

func TestPaddedOffsets(t *testing.T) {
	const size = 2 << 20
	s := NewServer(t, WithRecovery(time.Minute), WithMaxPayload(8<<20))
	c := dialRaw(t, s)
	c.join("40")
	c.readOffset(`["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}`)
	s.PadOffsets(size)
	c.subscribe(s, "orders")
	offset := c.readOffset(`["realtimex_internal:subscription_succeeded",{"channel":"orders","initial_state":{}}`)
	if len(offset) < size {
		t.Fatalf("an offset of %d bytes", len(offset))
	}
	s.PadOffsets(0)
	s.DropAll(Reset)
	s.WaitConnections(0)
	s.Publish("orders", "missed", 1)
	again := dialRaw(t, s)
	again.send(`40{"pid":"` + c.pid + `","offset":"` + offset + `"}`)
	if short := again.readOffset(`["server-event",{"channel":"orders","event":"missed","data":1}`); len(short) > 100 {
		t.Errorf("an offset of %d bytes", len(short))
	}
	again.expect(`40{"sid":"` + c.socketID + `","pid":"` + c.pid + `"}`)
}

// The limit is what the open packet says, as small as it is, and it is kept.
func TestTinyMaxPayload(t *testing.T) {
	s := NewServer(t, WithMaxPayload(10))
	ws, _, err := websocket.Dial(t.Context(), s.URL()+"/socket.io/?EIO=4&transport=websocket&api_key="+s.Key(), &websocket.DialOptions{HTTPClient: s.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	c := &rawClient{t: t, ws: ws}
	defer ws.CloseNow()
	if open := c.read(); !strings.HasSuffix(open, `"maxPayload":10}`) {
		t.Errorf("open packet %s", open)
	}
	c.send(`40{"a":123456}`)
	if err := c.expectEnd(); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("ended by %v", err)
	}
	res, err := s.HTTPClient().Get(s.URL() + "/socket.io/?EIO=4&transport=polling&api_key=" + s.Key())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if open, _ := io.ReadAll(res.Body); !strings.Contains(string(open), `"maxPayload":10`) {
		t.Errorf("open packet %s", open)
	}
}
