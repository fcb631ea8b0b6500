package testserver

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// behaviour is what a RealtimeX server does, case by case: frames in, frames out. It runs against
// this package's server and against the same service on the real socket.io, so that neither is its
// own judge.
type behaviour struct {
	name    string
	variant variant
	run     func(b *bench)
}

func TestBehaviour(t *testing.T) {
	runBehaviours(t, newOwn)
}

func TestBehaviourOfRealSocketIO(t *testing.T) {
	nodetest.Skip(t)
	runBehaviours(t, newOnNode)
}

// runBehaviours gives each variant one server, which the cases of that variant share: their
// channels and connections differ.
func runBehaviours(t *testing.T, start func(testing.TB, variant) subject) {
	cases := append(behaviours(), presenceBehaviours()...)
	var order []variant
	byVariant := make(map[variant][]behaviour)
	for _, c := range cases {
		if byVariant[c.variant] == nil {
			order = append(order, c.variant)
		}
		byVariant[c.variant] = append(byVariant[c.variant], c)
	}
	for _, v := range order {
		s := start(t, v)
		for _, c := range byVariant[v] {
			t.Run(c.name, func(t *testing.T) {
				client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
				t.Cleanup(client.CloseIdleConnections)
				c.run(&bench{T: t, subject: s, http: client})
			})
		}
	}
}

const succeeded = `42["realtimex_internal:subscription_succeeded",`

func behaviours() []behaviour {
	recovery := variant{recovery: time.Minute}
	return []behaviour{
		{"handshake", variant{}, handshakeCase},
		{"http refusals", variant{}, httpRefusals},
		{"bad key refused by CONNECT_ERROR", variant{}, func(b *bench) {
			c, _, err := dialURL(b.http, b.URL(), "wrong")
			if err != nil {
				b.Fatal(err)
			}
			defer c.ws.CloseNow()
			c.t = b
			c.expectPrefix("0{")
			c.send("40")
			c.expectJSON(`44{"message":"Invalid API key","data":{"code":4001}}`)
		}},
		{"bad key refused by HTTP", variant{badKey: RefuseHTTP}, func(b *bench) {
			c, res, err := dialURL(b.http, b.URL(), "wrong")
			if err == nil {
				c.ws.CloseNow()
				b.Fatal("a wrong key got a session")
			}
			if res.StatusCode != http.StatusUnauthorized {
				b.Errorf("status %d", res.StatusCode)
			}
			b.client()
		}},
		{"bad key disconnected", variant{badKey: DisconnectSoon}, func(b *bench) {
			c, _, err := dialURL(b.http, b.URL(), "wrong")
			if err != nil {
				b.Fatal(err)
			}
			defer c.ws.CloseNow()
			c.t = b
			c.expectPrefix("0{")
			c.join("40")
			c.expect("41")
			if err := c.expectEnd(); websocket.CloseStatus(err) != websocket.StatusNoStatusRcvd {
				b.Errorf("ended by %v", err)
			}
			b.client()
		}},
		{"CONNECT takes a payload", variant{}, func(b *bench) {
			c := b.dial()
			c.join(`40{"x":[1,"é"]}`)
			c.expectPrefix(`42["realtimex:connection_established"`)
		}},
		{"unknown namespace", variant{}, func(b *bench) {
			c := b.client()
			c.send("40/random,")
			c.expect(`44/random,{"message":"Invalid namespace"}`)
			b.quiet(c)
		}},
		{"without connection_established", variant{silent: true}, func(b *bench) {
			c := b.dial()
			c.join("40")
			b.quiet(c)
		}},
		{"without pong", variant{noPong: true}, func(b *bench) {
			c := b.client()
			c.send(`42["realtimex:ping",{}]`)
			b.subscribed(c, "no-pong")
		}},
		{"what ends a session", variant{}, func(b *bench) {
			for _, frame := range []string{"40", "abc", "4abc", "42{}", `42abc["realtimex:ping",{}]`, "2", `44{"message":"x"}`} {
				c := b.client()
				c.send(frame)
				if err := c.expectEnd(); websocket.CloseStatus(err) != websocket.StatusNoStatusRcvd {
					b.Errorf("after %s ended by %v", frame, err)
				}
			}
		}},
		{"events before CONNECT end a session", variant{}, func(b *bench) {
			c := b.dial()
			c.send(`42["realtimex:ping",{}]`)
			c.expectEnd()
		}},
		{"no CONNECT ends a session", variant{connect: 100 * time.Millisecond}, func(b *bench) {
			b.dial().expectEnd()
		}},
		{"no pong ends a session", variant{ping: 100 * time.Millisecond}, func(b *bench) {
			c := b.dial()
			for {
				if _, frame, err := c.ws.Read(b.Context()); err != nil {
					return
				} else if string(frame) != "2" {
					b.Fatalf("got %s", frame)
				}
			}
		}},
		{"messages over the limit", variant{maxPayload: 1000}, func(b *bench) {
			c := b.client()
			c.send(`42["realtimex:ping",{"x":"` + strings.Repeat("x", 1000) + `"}]`)
			var end websocket.CloseError
			if err := c.expectEnd(); !errors.As(err, &end) || end != (websocket.CloseError{Code: websocket.StatusMessageTooBig}) {
				b.Errorf("ended by %v, want 1009 without a reason", err)
			}
		}},
		{"bodies over the limit", variant{maxPayload: 1000}, oversizedPosts},
		{"base64 over WebSocket", variant{}, base64Case},
		{"public channel", variant{}, func(b *bench) {
			c := b.client()
			b.subscribed(c, "orders")
			b.publish("orders", "created", map[string]any{"name": "Žluťoučký 🐎 <b>&", "n": []any{1, 2.5, nil, true}})
			c.expectJSON(`42["server-event",{"channel":"orders","event":"created","data":{"name":"Žluťoučký 🐎 <b>&","n":[1,2.5,null,true]}}]`)
			b.publish("others", "created", 1)
			b.quiet(c)
			c.send(`42["realtimex:unsubscribe",{"channel":"orders"}]`)
			b.quiet(c)
			b.publish("orders", "created", 2)
			b.quiet(c)
		}},
		{"subscribing twice", variant{}, func(b *bench) {
			c := b.client()
			b.subscribed(c, "twice")
			b.subscribed(c, "twice")
			b.publish("twice", "e", "once")
			c.expectJSON(`42["server-event",{"channel":"twice","event":"e","data":"once"}]`)
			b.quiet(c)
		}},
		{"invalid channel names", variant{}, func(b *bench) {
			c := b.client()
			const refusal = `,"error":"Invalid channel name","code":4000}]`
			long := strings.Repeat("x", 201)
			for _, name := range []string{`""`, `5`, `null`, `"` + long + `"`} {
				c.send(`42["realtimex:subscribe",{"channel":` + name + `}]`)
				c.expectJSON(`42["realtimex_internal:subscription_error",{"channel":` + name + refusal)
			}
			for _, event := range []string{`["realtimex:subscribe"]`, `["realtimex:subscribe",{}]`, `["realtimex:subscribe","orders"]`} {
				c.send("42" + event)
				c.expectJSON(`42["realtimex_internal:subscription_error",{"channel":null` + refusal)
			}
			b.subscribed(c, strings.Repeat("x", 200))
		}},
		{"signatures", variant{}, func(b *bench) {
			c := b.client()
			const name = "private-signed"
			for _, p := range []payload{
				{"channel": name},
				{"channel": name, "auth": ""},
				{"channel": name, "auth": b.Key() + ":00"},
				{"channel": name, "auth": 7},
				{"channel": name, "auth": b.sign("another", name, "")},
				{"channel": name, "auth": b.sign(c.socketID, "private-other", "")},
				{"channel": name, "auth": strings.ToUpper(b.sign(c.socketID, name, ""))},
			} {
				c.send(`42["realtimex:subscribe",` + string(p.encode()) + `]`)
				c.expectJSON(`42["realtimex_internal:subscription_error",{"channel":"` + name + `","error":"Invalid signature","code":4003}]`)
			}
			b.subscribed(c, name)
		}},
		{"client events", variant{}, clientEvents},
		{"deep client event", variant{}, func(b *bench) {
			x, y := b.client(), b.client()
			b.subscribed(x, "private-deep")
			b.subscribed(y, "private-deep")
			data := strings.Repeat("[", 900) + strings.Repeat("]", 900)
			x.send(`42["client-event",{"channel":"private-deep","event":"client-deep","data":` + data + `}]`)
			y.expect(`42["server-event",{"channel":"private-deep","event":"client-deep","data":` + data + `}]`)
		}},
		{"binary client event", variant{}, func(b *bench) {
			x, y := b.client(), b.client()
			b.subscribed(x, "private-binary")
			b.subscribed(y, "private-binary")
			const data = `{"file":{"_placeholder":true,"num":0},"name":"a"}`
			x.send(`451-["client-event",{"channel":"private-binary","event":"client-file","data":` + data + `}]`)
			if err := x.ws.Write(b.Context(), websocket.MessageBinary, []byte{1, 2, 255}); err != nil {
				b.Fatal(err)
			}
			y.expectJSON(`451-["server-event",{"channel":"private-binary","event":"client-file","data":` + data + `}]`)
			if typ, got, err := y.ws.Read(b.Context()); err != nil || typ != websocket.MessageBinary || string(got) != "\x01\x02\xff" {
				b.Errorf("attachment %v %q %v", typ, got, err)
			}
		}},
		{"an event with an ack id is not acknowledged", variant{}, func(b *bench) {
			c := b.client()
			c.send(`4217["realtimex:ping",{}]`)
			c.expect(`42["realtimex:pong",{}]`)
			b.quiet(c)
		}},
		{"unknown events are ignored", variant{}, func(b *bench) {
			c := b.client()
			c.send(`42["whatever",{"channel":"x"},2]`)
			c.send(`42["error",{}]`)
			b.quiet(c)
		}},
		{"an event of any name", variant{}, func(b *bench) {
			c := b.client()
			b.emit(c.socketID, "maintenance", map[string]any{"in": 5}, "soon", nil)
			c.expectJSON(`42["maintenance",{"in":5},"soon",null]`)
		}},
		{"denied channel", variant{}, func(b *bench) {
			c := b.client()
			b.deny("closed")
			b.subscribe(c, "closed", "")
			c.expectJSON(`42["realtimex_internal:subscription_error",{"channel":"closed","error":"Access denied","code":4003}]`)
			b.allow("closed")
			b.subscribed(c, "closed")
		}},
		{"held confirmations", variant{}, func(b *bench) {
			c := b.client()
			b.hold()
			b.subscribe(c, "held-1", "")
			b.subscribe(c, "held-2", "")
			b.quiet(c)
			b.publish("held-2", "early", 1)
			c.expectJSON(`42["server-event",{"channel":"held-2","event":"early","data":1}]`)
			if n := b.release(); n != 2 {
				b.Errorf("released %d", n)
			}
			c.expectJSON(succeeded + `{"channel":"held-1","initial_state":{}}]`)
			c.expectJSON(succeeded + `{"channel":"held-2","initial_state":{}}]`)
		}},
		{"disconnected by the server", variant{}, func(b *bench) {
			c := b.client()
			b.end(c.socketID, endPacketAndClose)
			c.expect("41")
			c.expectEnd()
			c = b.client()
			b.end(c.socketID, endCloseFrame)
			if frame, err := c.next(); websocket.CloseStatus(err) == -1 {
				b.Errorf("got %q %v, want a close frame", frame, err)
			}
			c = b.client()
			b.end(c.socketID, endReset)
			if frame, err := c.next(); err == nil || websocket.CloseStatus(err) != -1 {
				b.Errorf("got %q %v, want a broken link", frame, err)
			}
		}},
		{"41 from the client leaves the link up", variant{}, func(b *bench) {
			c := b.client()
			b.subscribed(c, "left")
			c.send("41")
			c.send("40/nothing,") // the real server takes a 40 right behind a 41 for a second one
			c.expect(`44/nothing,{"message":"Invalid namespace"}`)
			c.send("40")
			c.expectPrefix(`40{"sid":"`)
			c.expectPrefix(`42["realtimex:connection_established"`)
			b.publish("left", "e", 1)
			b.quiet(c)
		}},
		{"polling", variant{}, pollingCase},
		{"recovered", recovery, recoveredCase},
		{"not recovered", recovery, notRecoveredCase},
		{"which ends are kept", recovery, keptEndsCase},
		{"an entry outlives its restoration", recovery, entryCase},
		{"a deaf connection hears its own client events", recovery, deafEchoCase},
		{"deaf connection", recovery, func(b *bench) {
			c, _ := b.recoverable()
			b.deafen(c.socketID)
			c.send(`42["realtimex:ping",{}]`)
			b.publish("deaf", "e", 1)
			c.send("40/nothing,")
			c.expect(`44/nothing,{"message":"Invalid namespace"}`) // the next that arrives
		}},
	}
}

func handshakeCase(b *bench) {
	c, _, err := dialURL(b.http, b.URL(), b.Key())
	if err != nil {
		b.Fatal(err)
	}
	defer c.ws.CloseNow()
	c.t = b
	for upgrades, open := range map[string]string{`[]`: c.read(), `["websocket"]`: b.get("&transport=polling")} {
		var h struct {
			Sid      string
			Upgrades json.RawMessage
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(open, "0")), &h); err != nil || h.Sid == "" {
			b.Fatalf("open packet %s", open)
		}
		want := `0{"sid":"` + h.Sid + `","upgrades":` + upgrades + `,"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`
		if open != want {
			b.Errorf("got  %s\nwant %s", open, want)
		}
	}
}

func httpRefusals(b *bench) {
	for _, c := range []struct{ method, query, want string }{
		{http.MethodGet, "transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		{http.MethodGet, "EIO=3&transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		{http.MethodGet, "EIO=4", `{"code":0,"message":"Transport unknown"}`},
		{http.MethodGet, "EIO=4&transport=carrier-pigeon", `{"code":0,"message":"Transport unknown"}`},
		{http.MethodPost, "EIO=4&transport=polling", `{"code":2,"message":"Bad handshake method"}`},
		{http.MethodGet, "EIO=4&transport=polling&sid=nobody", `{"code":1,"message":"Session ID unknown"}`},
		{http.MethodPost, "EIO=4&transport=polling&sid=nobody", `{"code":1,"message":"Session ID unknown"}`},
		{http.MethodGet, "EIO=4&transport=websocket", `{"code":3,"message":"Bad request"}`},
	} {
		status, body := b.request(c.method, "api_key="+b.Key()+"&"+c.query, "")
		if status != http.StatusBadRequest || !sameJSON(body, c.want) {
			b.Errorf("%s %s: %d %s, want %s", c.method, c.query, status, body, c.want)
		}
	}
}

func clientEvents(b *bench) {
	x, y := b.client(), b.client()
	for _, c := range []*rawClient{x, y} {
		b.subscribed(c, "private-chat")
		b.subscribed(c, "public-chat")
	}
	x.send(`42["client-event",{"channel":"private-chat","event":"client-typing","data":{"é":[1]}}]`)
	y.expectJSON(`42["server-event",{"channel":"private-chat","event":"client-typing","data":{"é":[1]}}]`)
	x.send(`42["client-event",{"channel":"private-chat","event":"client-nothing"}]`)
	y.expectJSON(`42["server-event",{"channel":"private-chat","event":"client-nothing"}]`)
	x.send(`42["client-event",{"channel":"private-chat","event":"client-null","data":null}]`)
	y.expectJSON(`42["server-event",{"channel":"private-chat","event":"client-null","data":null}]`)
	for _, dropped := range []string{
		`{"channel":"public-chat","event":"client-typing","data":1}`,
		`{"channel":"private-chat","event":"typing","data":1}`,
		`{"channel":"private-elsewhere","event":"client-typing","data":1}`,
		`{"channel":"private-chat","data":1}`,
		`{"channel":"private-chat","event":7,"data":1}`,
		`{"event":"client-typing"}`,
		`null`, `"x"`,
	} {
		x.send(`42["client-event",` + dropped + `]`)
	}
	b.quiet(x)
	b.quiet(y)
}

// oversizedPosts are answered with 413 and nothing else, each of them, and cost the session
// nothing.
func oversizedPosts(b *bench) {
	query := b.poll()
	for n := range 40 {
		for _, size := range []int{1001, 5_000, 300_000, 3_000_000} {
			if status, answer := b.request(http.MethodPost, query, "4"+strings.Repeat("x", size-1)); status != http.StatusRequestEntityTooLarge || answer != "" {
				b.Fatalf("%d: a body of %d bytes: %d %q", n, size, status, answer)
			}
		}
	}
	if status, answer := b.request(http.MethodPost, query, "40"); status != http.StatusOK || answer != "ok" {
		b.Errorf("the post after them: %d %q", status, answer)
	}
}

// base64Case is a client that can't send binary frames, and says so by b64=1.
func base64Case(b *bench) {
	x, y, z := b.client(), b.client(), b.dialQuery("&b64=1")
	z.join("40")
	z.expectPrefix(`42["realtimex:connection_established"`)
	for _, c := range []*rawClient{x, y, z} {
		b.subscribed(c, "private-base64")
	}
	const data = `{"channel":"private-base64","event":"client-file","data":{"_placeholder":true,"num":0}}`
	for _, c := range []*rawClient{x, z} {
		c.send(`451-["client-event",` + data + `]`)
		c.send("bAQL/")
		y.expectJSON(`451-["server-event",` + data + `]`)
		if typ, got, err := y.ws.Read(b.Context()); err != nil || typ != websocket.MessageBinary || string(got) != "\x01\x02\xff" {
			b.Errorf("attachment %v %q %v", typ, got, err)
		}
	}
	z.expectJSON(`451-["server-event",` + data + `]`)
	z.expect("bAQL/")
}

// poll opens a session over polling and returns the query of its further requests.
func (b *bench) poll() string {
	b.Helper()
	var h struct{ Sid string }
	if err := json.Unmarshal([]byte(b.get("&transport=polling")[1:]), &h); err != nil {
		b.Fatal(err)
	}
	return "api_key=" + b.Key() + "&EIO=4&transport=polling&sid=" + h.Sid
}

func pollingCase(b *bench) {
	query := b.poll()
	post := func(body string) {
		b.Helper()
		if status, answer := b.request(http.MethodPost, query, body); status != http.StatusOK || answer != "ok" {
			b.Fatalf("post: %d %s", status, answer)
		}
	}
	var pending []string
	next := func() string {
		b.Helper()
		for len(pending) == 0 {
			status, body := b.request(http.MethodGet, query, "")
			if status != http.StatusOK {
				b.Fatalf("poll: %d %s", status, body)
			}
			pending = strings.Split(body, "\x1e")
		}
		packet := pending[0]
		pending = pending[1:]
		return packet
	}
	post("40")
	if got := next(); !strings.HasPrefix(got, `40{"sid":"`) {
		b.Fatalf("got %s", got)
	}
	if got := next(); !strings.HasPrefix(got, `42["realtimex:connection_established"`) {
		b.Fatalf("got %s", got)
	}
	post(`42["realtimex:subscribe",{"channel":"polled-1"}]` + "\x1e" + `42["realtimex:subscribe",{"channel":"polled-2"}]`)
	for _, name := range []string{"polled-1", "polled-2"} {
		if got := next(); !sameJSON(got, succeeded+`{"channel":"`+name+`","initial_state":{}}]`) {
			b.Fatalf("got %s", got)
		}
	}
	b.publish("polled-1", "e", "ü")
	if got := next(); !sameJSON(got, `42["server-event",{"channel":"polled-1","event":"e","data":"ü"}]`) {
		b.Fatalf("got %s", got)
	}
	post("1")
	if status, _ := b.request(http.MethodGet, query, ""); status != http.StatusBadRequest {
		b.Errorf("a poll after the end: %d", status)
	}
}

// recoverable is a connection on a server with recovery that is subscribed to a channel of its own,
// and the offset of the last event.
func (b *bench) recoverable() (c *rawClient, offset string) {
	b.Helper()
	c = b.dial()
	c.join("40")
	if c.pid == "" {
		b.Fatal("no pid")
	}
	c.readOffset(`["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}`)
	channel := "kept-" + c.socketID
	b.subscribe(c, channel, "")
	offset = c.readOffset(`["realtimex_internal:subscription_succeeded",{"channel":"` + channel + `","initial_state":{}}`)
	return c, offset
}

// readOffset reads an event, which must be want and an offset, and returns the offset.
func (c *rawClient) readOffset(want string) string {
	c.t.Helper()
	got := c.read()
	var all []any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(got, "42")), &all); err != nil || len(all) < 3 {
		c.t.Fatalf("got %s", got)
	}
	offset, ok := all[len(all)-1].(string)
	rest, _ := json.Marshal(all[:len(all)-1])
	if !ok || !sameJSON(string(rest), want+"]") {
		c.t.Fatalf("got  %s\nwant %s and an offset", got, want)
	}
	return offset
}

func recoveredCase(b *bench) {
	c, offset := b.recoverable()
	channel := "kept-" + c.socketID
	b.end(c.socketID, endReset)
	b.awaitEnd(c.socketID)
	for n := range 3 {
		b.publish(channel, "missed", n)
	}
	b.publish("elsewhere", "missed", 0)

	again := b.dial()
	again.socketID = c.socketID
	again.send(`40{"pid":"` + c.pid + `","offset":"` + offset + `"}`)
	for n := range 3 {
		offset = again.readOffset(`["server-event",{"channel":"` + channel + `","event":"missed","data":` + string(encode(n)) + `}`)
	}
	again.expectJSON(`40{"sid":"` + c.socketID + `","pid":"` + c.pid + `"}`)
	again.readOffset(`["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}`)
	b.publish(channel, "live", 1)
	again.readOffset(`["server-event",{"channel":"` + channel + `","event":"live","data":1}`)

	// A close frame keeps the connection too.
	again.ws.Close(websocket.StatusNormalClosure, "")
	b.awaitEnd(again.socketID)
	third := b.dial()
	third.send(`40{"pid":"` + c.pid + `","offset":"` + offset + `"}`)
	third.readOffset(`["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}`)
	third.readOffset(`["server-event",{"channel":"` + channel + `","event":"live","data":1}`)
	third.expectJSON(`40{"sid":"` + c.socketID + `","pid":"` + c.pid + `"}`)
}

func notRecoveredCase(b *bench) {
	renewed := func(connect string, old *rawClient) {
		b.Helper()
		c := b.dial()
		c.join(connect)
		if c.socketID == old.socketID || c.pid == old.pid || c.pid == "" {
			b.Errorf("%s was recovered", connect)
		}
		c.expectPrefix(`42["realtimex:connection_established"`)
	}
	c, offset := b.recoverable()
	b.end(c.socketID, endReset)
	c.expectEnd()
	renewed(`40{"pid":"`+c.pid+`","offset":"unknown"}`, c)
	renewed(`40{"pid":"`+c.pid+`"}`, c)
	renewed(`40{"pid":"unknown","offset":"`+offset+`"}`, c)
	renewed(`40{"pid":7,"offset":{}}`, c)

	c, offset = b.recoverable()
	c.send("41")
	c.ws.Close(websocket.StatusNormalClosure, "")
	renewed(`40{"pid":"`+c.pid+`","offset":"`+offset+`"}`, c)

	c, offset = b.recoverable()
	b.end(c.socketID, endPacketAndClose)
	c.expect("41")
	c.expectEnd()
	renewed(`40{"pid":"`+c.pid+`","offset":"`+offset+`"}`, c)

	c, offset = b.recoverable() // still connected
	renewed(`40{"pid":"`+c.pid+`","offset":"`+offset+`"}`, c)
}

func (b *bench) get(query string) string {
	b.Helper()
	status, body := b.request(http.MethodGet, "api_key="+b.Key()+"&EIO=4"+query, "")
	if status != http.StatusOK {
		b.Fatalf("GET %s: %d %s", query, status, body)
	}
	return body
}

func (b *bench) request(method, query, body string) (int, string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.URL()+"/socket.io/?"+query, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	return res.StatusCode, string(answer)
}
