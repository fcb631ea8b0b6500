package testserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// variant is a choice of switches, in no server's terms.
type variant struct {
	delivery     PresenceDelivery
	names        PresenceNames
	shape        MemberShape
	confirmation PresenceConfirmation
	badKey       BadKey
	numericIDs   bool
	silent       bool // no connection_established
	noPong       bool
	recovery     time.Duration
	ping         time.Duration // interval and timeout
	connect      time.Duration // timeout
	maxPayload   int
}

// subject is a RealtimeX server that the behaviour table runs against.
type subject interface {
	URL() string
	Key() string
	sign(socketID, channel, channelData string) string
	publish(channel, event string, data any)
	emit(socketID, event string, args ...any)
	deny(channel string)
	allow(channel string)
	hold()
	release() int
	end(socketID string, how ending)
	deafen(socketID string)
	awaitEnd(socketID string)
}

type ending int

const (
	endReset ending = iota
	endCloseFrame
	endPacketAndClose // 41, then a close frame
)

// own is a subject on this package's server.
type own struct {
	*Server
	unhold func() int
}

func newOwn(t testing.TB, v variant) subject {
	opts := []Option{
		WithPresenceDelivery(v.delivery), WithPresenceNames(v.names), WithMemberShape(v.shape),
		WithPresenceConfirmation(v.confirmation), WithBadKey(v.badKey),
	}
	if v.numericIDs {
		opts = append(opts, WithNumericUserIDs())
	}
	if v.silent {
		opts = append(opts, WithEstablished(-1))
	}
	if v.noPong {
		opts = append(opts, WithoutPong())
	}
	if v.recovery > 0 {
		opts = append(opts, WithRecovery(v.recovery))
	}
	if v.ping > 0 {
		opts = append(opts, WithPing(v.ping, v.ping))
	}
	if v.connect > 0 {
		opts = append(opts, WithConnectTimeout(v.connect))
	}
	if v.maxPayload > 0 {
		opts = append(opts, WithMaxPayload(int64(v.maxPayload)))
	}
	return &own{Server: NewServer(t, opts...)}
}

func (o *own) sign(socketID, channel, channelData string) string {
	if channelData != "" {
		g, _ := o.Signer().Presence(socketID, channel, channelData)
		return g.Auth
	}
	g, _ := o.Signer().Private(socketID, channel)
	return g.Auth
}

func (o *own) publish(channel, event string, data any) { o.Publish(channel, event, data) }
func (o *own) emit(socketID, event string, args ...any) {
	if err := o.Connection(socketID).Emit(event, args...); err != nil {
		o.tb.Error(err)
	}
}
func (o *own) deny(channel string)  { o.Deny(channel, "Access denied", 4003) }
func (o *own) allow(channel string) { o.Allow(channel) }
func (o *own) hold()                { o.unhold = o.HoldConfirmations() }
func (o *own) release() int         { return o.unhold() }
func (o *own) end(socketID string, how ending) {
	o.Connection(socketID).Drop([]Drop{Reset, CloseFrame, Disconnect}[how])
}
func (o *own) deafen(socketID string) { o.Connection(socketID).Deafen() }

func (o *own) awaitEnd(socketID string) {
	o.wait(
		func() bool {
			return !slices.ContainsFunc(o.conns, func(c *Conn) bool { return c.id == socketID })
		},
		func() string { return "the connection is still up" },
	)
}

// onNode is a subject on the npm package socket.io.
type onNode struct{ *nodetest.Server }

func newOnNode(t testing.TB, v variant) subject {
	opts := []nodetest.Option{
		nodetest.PresenceDelivery([]string{"wrapped", "top", "both"}[v.delivery]),
		nodetest.PresenceNames([]string{"both", "internal", "presence"}[v.names]),
		nodetest.MemberShape([]string{"array", "pusher", "initial_state", "flat"}[v.shape]),
		nodetest.PresenceConfirmation([]string{"members", "bare", "none"}[v.confirmation]),
		nodetest.BadKey([]string{"connect-error", "http", "disconnect"}[v.badKey]),
	}
	if v.numericIDs {
		opts = append(opts, nodetest.NumericUserIDs())
	}
	if v.silent {
		opts = append(opts, nodetest.WithoutEstablished())
	}
	if v.noPong {
		opts = append(opts, nodetest.WithoutPong())
	}
	if v.recovery > 0 {
		opts = append(opts, nodetest.Recovery(v.recovery))
	}
	if v.ping > 0 {
		opts = append(opts, nodetest.Heartbeat(v.ping, v.ping))
	}
	if v.connect > 0 {
		opts = append(opts, nodetest.Flag("connect-timeout", v.connect.Milliseconds()))
	}
	if v.maxPayload > 0 {
		opts = append(opts, nodetest.MaxPayload(v.maxPayload))
	}
	return onNode{nodetest.StartServer(t, opts...)}
}

func (r onNode) sign(socketID, channel, channelData string) string {
	return r.Sign(socketID, channel, channelData)
}
func (r onNode) publish(channel, event string, data any)  { r.Publish(channel, event, data) }
func (r onNode) emit(socketID, event string, args ...any) { r.Emit(socketID, event, args...) }
func (r onNode) deny(channel string)                      { r.Deny(channel) }
func (r onNode) allow(channel string)                     { r.Allow(channel) }
func (r onNode) hold()                                    { r.Hold() }
func (r onNode) release() int                             { return r.Release() }
func (r onNode) end(socketID string, how ending) {
	r.Disconnect(socketID, []nodetest.How{nodetest.TCPReset, nodetest.EngineClose, nodetest.DisconnectClose}[how])
}
func (r onNode) deafen(socketID string) { r.DropRooms(socketID) }

func (r onNode) awaitEnd(socketID string) {
	r.WaitFor("the end of a connection", func(st nodetest.Stats) bool {
		return !slices.ContainsFunc(st.Live(), func(c nodetest.Connection) bool { return c.SocketID == socketID })
	})
}

// bench is one case on one subject.
type bench struct {
	*testing.T
	subject
	http *http.Client
}

// client is a connection that has joined.
func (b *bench) client() *rawClient {
	b.Helper()
	c := b.dial()
	c.join("40")
	c.expectJSON(`42["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}]`)
	return c
}

// dial is a connection that has had its open packet.
func (b *bench) dial() *rawClient {
	b.Helper()
	return b.dialQuery("")
}

// dialQuery is dial with more in the URL's query.
func (b *bench) dialQuery(more string) *rawClient {
	b.Helper()
	c, res, err := dialURL(b.http, b.URL(), b.Key()+more)
	if err != nil {
		b.Fatalf("dial: %v, response %v", err, res)
	}
	c.t = b
	b.Cleanup(func() { c.ws.CloseNow() })
	c.expectPrefix(`0{"sid":"`)
	return c
}

// subscribe sends a subscription with the right signature, and with the channel data on presence
// channels.
func (b *bench) subscribe(c *rawClient, channel, channelData string) {
	b.Helper()
	p := payload{"channel": channel}
	if isGuarded(channel) {
		p["auth"] = b.sign(c.socketID, channel, channelData)
	}
	if channelData != "" {
		p["channel_data"] = channelData
	}
	c.send(`42["realtimex:subscribe",` + string(p.encode()) + `]`)
}

// subscribed is subscribe for a channel other than presence, up to and with the confirmation.
func (b *bench) subscribed(c *rawClient, channel string) {
	b.Helper()
	b.subscribe(c, channel, "")
	c.expectJSON(`42["realtimex_internal:subscription_succeeded",{"channel":"` + channel + `","initial_state":{}}]`)
}

// quiet checks that nothing is under way to the client: a ping's answer is the next to come.
func (b *bench) quiet(c *rawClient) {
	b.Helper()
	c.send(`42["realtimex:ping",{}]`)
	c.expectPrefix(`42["realtimex:pong",{}`)
}

// sameJSON compares two packets: what stands before the JSON as text, the JSON by its meaning.
func sameJSON(a, b string) bool {
	headA, jsonA := splitPacket(a)
	headB, jsonB := splitPacket(b)
	var x, y any
	if headA != headB || json.Unmarshal([]byte(jsonA), &x) != nil || json.Unmarshal([]byte(jsonB), &y) != nil {
		return a == b
	}
	canonA, _ := json.Marshal(x)
	canonB, _ := json.Marshal(y)
	return string(canonA) == string(canonB)
}

func splitPacket(s string) (head, rest string) {
	for i, r := range s {
		if r == '{' || r == '[' {
			return s[:i], s[i:]
		}
	}
	return s, ""
}
