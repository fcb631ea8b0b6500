package rtx_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A script is what a hostile service does, spelt by bytes: each choice takes one, and where they
// end it ends. It is a grammar: whatever the bytes, acts come out that a service, or a publisher on
// it, can do.
type script struct {
	rest []byte
	s    *hostileService
	c    *rtx.Client
	do   func(func(ctx context.Context)) // runs a call of the program's
}

func (p *script) byte() int {
	if len(p.rest) == 0 {
		return 0
	}
	b := p.rest[0]
	p.rest = p.rest[1:]
	return int(b)
}

func pick[T any](p *script, of ...T) T { return of[p.byte()%len(of)] }

// maxActs bounds a script: more of them find nothing that is not found by these.
const maxActs = 48

func (p *script) play() {
	for n := 0; n < maxActs && len(p.rest) > 0; n++ {
		p.act()
		if p.byte()%4 != 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// act is one act of the service or of the program.
func (p *script) act() {
	acts := []func(){
		func() { p.s.publish("") },
		func() { p.s.publish("") },
		func() {
			p.s.publish(pick(p, `"no value"`, `{"n":"1"}`, `{"n":-1}`, `[]`, `{"n":1e400}`, `{"key":"\ud800"}`, `{"n":1,"key":9223372036854775808}`,
				strings.Repeat(`[`, 600)+strings.Repeat(`]`, 600), strings.Repeat("[", 10_001)+strings.Repeat("]", 10_001),
				`{"n":tru}`, `{"n":1,}`, `{"n":01}`))
		},
		func() { time.Sleep(time.Duration(1+p.byte()) * time.Millisecond) },
		func() { time.Sleep(time.Duration(1+p.byte()) * time.Second / 2) },
		func() { p.send(p.event()) },
		func() { p.send(p.event()) },
		func() { p.send(p.internal()) },
		func() { p.send(p.internal()) },
		func() { p.send(p.packet()) },
		func() { p.binary() },
		func() { p.frames() },
		func() { p.plan() },
		func() { p.answer() },
		func() { p.toggle() },
		func() { p.end() },
		func() { p.program() },
		func() { p.program() },
	}
	acts[p.byte()%len(acts)]()
}

// send sends a packet on the connection, if there is one.
func (p *script) send(packet string) {
	if c := p.s.usable(); c != nil && harmless(packet) {
		c.send(packet)
	}
}

// harmless keeps the service from taking the good channel away with its own word: what names it
// must come as a publisher's does, and under the read limit.
func harmless(packet string) bool {
	return !strings.Contains(packet, goodChannel) || len(packet) < 60_000 && strings.HasPrefix(packet, `42["server-event",{"channel":"`+goodChannel+`","event":"`)
}

var (
	otherChannels = []string{"bad", "presence-bad", "private-bad", "nobody", "", "bad\\u0000", strings.Repeat("x", 300), "*"}
	someNames     = []string{
		"n", "m", "*", "", "connect", "disconnect", "error", "client-n", "realtimex:", "realtimex:pong", "realtimex:error", "realtimex:connection_established",
		"realtimex_internal:subscription_succeeded", "realtimex_internal:subscription_error", "realtimex_internal:member_added",
		"realtimex_internal:member_removed", "presence:subscription_succeeded", "presence:subscription_error", "presence:member_added",
		"presence:member_removed", `\ud83d`, "\\u0072ealtimex:pong",
	}
)

func (p *script) channel() string { return otherChannels[p.byte()%len(otherChannels)] }
func (p *script) name() string    { return someNames[p.byte()%len(someNames)] }

// event is a publisher's, whatever its name; also one on the good channel that nobody there has
// bound, or that is forged.
func (p *script) event() string {
	channel, name := p.channel(), p.name()
	if p.byte()%4 == 0 {
		channel = goodChannel
		if name == "n" {
			name = "m"
		}
	}
	data := p.json(4)
	return `42["server-event",{"channel":"` + channel + `","event":"` + name + `","data":` + data + `}` + p.tail() + `]`
}

// tail is what may stand behind an event's first argument: an offset, or what is none.
func (p *script) tail() string {
	if p.byte()%3 != 0 {
		return ""
	}
	return "," + pick(p, `"offset"`, `""`, `7`, `null`, `{}`, `"`+strings.Repeat("o", 1025)+`"`, `"a","b"`, `{"_placeholder":true,"num":0}`, `"\ud800"`, `[`, ``)
}

// internal is an event of the service's own, by itself.
func (p *script) internal() string {
	name := p.name()
	payload := p.json(3)
	if p.byte()%4 != 0 {
		payload = p.about(p.channel())
	}
	return `42["` + name + `",` + payload + p.tail() + `]`
}

// about is an object that says something of a channel, in one of the forms of a confirmation, a
// refusal or a member.
func (p *script) about(channel string) string {
	c := `"channel":"` + channel + `"`
	return pick(p,
		func() string { return `{` + c + `}` },
		func() string { return `{` + c + `,"code":` + p.json(1) + `,"message":` + p.json(1) + `}` },
		func() string {
			return `{` + c + `,"code":` + pick(p, "4001", "4100", "4200", "4999", "0", "-1", `"4001"`) + `,"error":` + p.json(2) + `}`
		},
		func() string { return `{` + c + `,"user_id":` + p.json(1) + `,"user_info":` + p.json(3) + `}` },
		func() string { return `{` + c + `,"members":` + p.roster() + `}` },
		func() string { return `{` + c + `,"initial_state":` + p.json(3) + `}` },
		func() string { return `{` + c + `,"initial_state":{"members":` + p.roster() + `}}` },
		func() string {
			return `{` + c + `,"presence":{"ids":` + p.json(2) + `,"hash":` + p.json(2) + `,"count":` + p.json(1) + `}}`
		},
		func() string { return `{"channel":` + p.json(1) + `,` + c + `}` },
		func() string { return `{` + c + `,"socket_id":` + p.json(1) + `}` },
	)()
}

func (p *script) roster() string {
	if p.byte()%4 == 0 {
		return p.json(3)
	}
	var members []string
	for range p.byte() % 5 {
		members = append(members, pick(p, `{"user_id":"1","user_info":`+p.json(2)+`}`, `{"user_id":1}`, `{"user_id":"me"}`, p.json(2)))
	}
	return `[` + strings.Join(members, ",") + `]`
}

// json is a value, or what nearly is one.
func (p *script) json(levels int) string {
	if levels == 0 {
		return pick(p, "1", `"x"`, "null", "true")
	}
	switch p.byte() % 16 {
	case 0, 1:
		return fmt.Sprint(p.byte())
	case 2, 3:
		return `"` + pick(p, "x", "", "1", "me", `\ud800`, `\u0000`, `é`, `\"`, "CHANNEL") + `"`
	case 4:
		return pick(p, "null", "true", "false", "-0", "1e999", "9007199254740993", "0.1", strings.Repeat("9", 400))
	case 5, 6, 7:
		var of []string
		for range p.byte() % 4 {
			of = append(of, p.json(levels-1))
		}
		return "[" + strings.Join(of, ",") + "]"
	case 8, 9, 10:
		keys := []string{
			"n", "key", "channel", "event", "data", "user_id", "user_info", "_placeholder", "num", "code", "message", "socket_id", "presence", "ids",
			"hash", "count", "members", "initial_state", "", `\u0064ata`,
		}
		var of []string
		for range p.byte() % 4 {
			of = append(of, `"`+keys[p.byte()%len(keys)]+`":`+p.json(levels-1))
		}
		return "{" + strings.Join(of, ",") + "}"
	case 11:
		n := pick(p, 9, 513, 600, 10_001, 12_000)
		return strings.Repeat("[", n) + strings.Repeat("]", n)
	case 12:
		return `"` + strings.Repeat("x", pick(p, 100, 1_000, 9_000, 40_000)) + `"`
	case 13:
		return `{"_placeholder":true,"num":` + pick(p, "0", "1", "7", `"0"`, "-1", "1e0") + `}`
	case 14: // no JSON
		return pick(p, "", "tru", "01", `"`, `"\x"`, "[1,]", `{"a"}`, "{", "]", "}", "\x01", "NaN", `"\ud`, "1 2")
	}
	return `"` + strings.Repeat("y", pick(p, 1, 70_000)) + `"` // over the read limit
}

// packet is one of Engine.IO or Socket.IO that is no plain event.
func (p *script) packet() string {
	return pick(p,
		func() string {
			return pick(p, "2", "2probe", "3", "3probe", "6", "6x", "5", "9", "", "4", "49", "b", "\x1e", "2\x1e2")
		},
		func() string { return `42/other,["n",1]` },
		func() string { return `42/` + strings.Repeat("n", 300) + `,["n"]` },
		func() string { return `42` + pick(p, "0", "7", "9007199254740992", "01", "-1") + p.event()[2:] },
		func() string { return `43` + pick(p, "", "1", "99") + `[` + p.json(2) + `]` },
		func() string { return `42` + p.json(3) },
		func() string { return `42[` + p.json(2) + `,` + p.json(2) + `]` },
		func() string { return `40` + p.json(2) },
		func() string { return `44` + p.json(2) },
		func() string { return `0` + p.json(2) },
		func() string { return `45` + pick(p, "", "0", "-1", "999", "1.5", "01") + `-["n"]` },
		func() string { return `461-1["n",{"_placeholder":true,"num":0}]` },
		func() string { return string(p.bytes()) },
	)()
}

// bytes are the script's own.
func (p *script) bytes() []byte {
	n := min(p.byte()%64, len(p.rest))
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

// binary is an event with attachments, which come or don't.
func (p *script) binary() {
	n := p.byte() % 4
	event := p.event()
	if c := p.s.usable(); c != nil && harmless(event) {
		c.send(fmt.Sprintf("45%d-%s", n, event[2:]))
		for range pick(p, n, n, n, 0, n+1) {
			c.write(frame(opBinary, p.bytes()))
		}
	}
}

// frames are of WebSocket, wrong in one way or another, or the beginning of one.
func (p *script) frames() {
	c := p.s.usable()
	if c == nil {
		return
	}
	whole := true
	event := []byte(p.event())
	if !harmless(string(event)) {
		return
	}
	cut := p.byte() % len(event)
	switch p.byte() % 10 {
	case 0: // in two
		c.write(frame(1, event[:cut]))
		c.write(frame(0x80, event[cut:]))
	case 1: // with a ping in between
		c.write(frame(1, event[:cut]))
		c.write(frame(opPing, p.bytes()))
		c.write(frame(0x80, event[cut:]))
	case 2: // in many, some empty
		c.write(frame(1, nil))
		for range 1 + p.byte() {
			c.write(frame(0, nil))
		}
		c.write(frame(0x80, event))
	case 3: // begun and left
		c.write(frame(1, event[:cut]))
		whole = false
	case 4: // a header that promises more
		c.write(binary.BigEndian.AppendUint64([]byte{opText, 127}, pick(p, uint64(1000), 1<<20, 1<<40, 1<<63)))
		c.write(p.bytes())
		whole = false
	case 5: // one within another
		c.write(frame(1, event[:cut]))
		c.write(frame(opText, event))
		whole = false
	case 6:
		c.write(frame(byte(p.byte()), p.bytes()))
		whole = false
	case 7:
		c.write(p.bytes())
		whole = false
	case 8:
		c.write(frame(opPing, p.bytes()))
		c.write(frame(0x8a, p.bytes()))
	case 9:
		c.write(frame(opBinary, p.bytes()))
	}
	c.spoilt = !whole
}

// plan is how a connection to come begins.
func (p *script) plan() {
	h := handshake{wait: pick(p, 0, 0, time.Second, 30*time.Second)}
	number := func() string {
		return pick(p, "25000", "0", "-1", "1", "1e300", `"x"`, "null", "1.5", "100000000000000000000", "300")
	}
	switch p.byte() % 8 {
	case 0:
		h.status = pick(p, 200, 301, 400, 401, 403, 404, 429, 500, 503, 999)
		h.header = pick(p, "", "Retry-After: 1\r\n", "Retry-After: 999999999999\r\n", "Retry-After: -1\r\n", "Retry-After: x\r\n", "Location: http://127.0.0.1:1/\r\n",
			"Location: /x\r\n", "X: "+strings.Repeat("x", 5_000)+"\r\n")
		h.body = pick(p, "", `{"code":1,"message":"Session ID unknown"}`, `{"code":5}`, p.json(2), strings.Repeat("x", 70_000))
	case 1:
		h.open = `0{"sid":"e","upgrades":[],"pingInterval":` + number() + `,"pingTimeout":` + number() + `,"maxPayload":` + pick(p, "1000000", "0", "-1", "1", `"x"`) + `}`
	case 2:
		h.open = pick(p, `0`, `1`, `0{}`, `0{"sid":""}`, `0{"sid":"`+strings.Repeat("s", 300)+`","pingInterval":1000,"pingTimeout":1000}`, p.packet(), `0`+p.json(3))
	case 3:
		h.connect = pick(p, `40{"sid":"`+strings.Repeat("s", 300)+`"}`, `40{"sid":"\u001b"}`, `40{"sid":7}`, `40`, `40{}`, `40[]`, p.packet(),
			`40{"sid":"s","pid":`+p.json(1)+`}`, `40{"sid":"s","pid":"`+fmt.Sprint("pid-", len(p.rest))+`"}`, `40{"sid":"s","pid":"`+strings.Repeat("p", 300)+`"}`)
	case 4:
		h.connect = `44{"message":"` + pick(p, "Invalid API key", "no", "") + `","data":{"code":` + pick(p, "4001", "4100", "4200", `"x"`, "1e9") + `}}`
	case 5:
		for range 1 + p.byte()%3 {
			h.before = append(h.before, pick(p, p.event, p.internal, p.packet)())
		}
	case 6:
		for range 1 + p.byte()%3 {
			h.after = append(h.after, pick(p, p.event, p.internal, p.packet)())
		}
	case 7:
		h.connect = "6" // never
	}
	for _, packets := range [][]string{h.before, h.after, {h.connect, h.open}} {
		for _, packet := range packets {
			if strings.Contains(packet, goodChannel) && !harmless(packet) {
				return
			}
		}
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.plans = append(p.s.plans, h)
}

// answer is what a subscription to come gets.
func (p *script) answer() {
	a := answer{wait: pick(p, 0, 0, 3*time.Second, 15*time.Second)}
	for range p.byte() % 4 {
		name := pick(p, someNames[12:20]...)
		if p.byte()%4 == 0 {
			a.packets = append(a.packets, `42["server-event",{"channel":"CHANNEL","event":"`+name+`","data":`+p.about("CHANNEL")+`}]`)
			continue
		}
		a.packets = append(a.packets, `42["`+name+`",`+p.about("CHANNEL")+`]`)
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.answers = append(p.s.answers, a)
}

func (p *script) toggle() {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.byte()%2 == 0 {
		p.s.mute = !p.s.mute
	} else {
		p.s.twice = !p.s.twice
	}
}

// end ends the connection, in one way or another.
func (p *script) end() {
	c := p.s.usable()
	if c == nil {
		return
	}
	switch p.byte() % 5 {
	case 0:
		c.send("41")
	case 1:
		c.send("1")
	case 2:
		c.write(frame(opClose, append(binary.BigEndian.AppendUint16(nil, pick(p, uint16(1000), 1001, 1009, 4000, 4100, 4200, 999, 1005)), p.bytes()...)))
	case 3:
		c.write(frame(opClose, p.bytes()))
	case 4:
		c.cut()
	}
	time.Sleep(time.Millisecond)
	c.cut()
}

// program is something that the program does with other channels.
func (p *script) program() {
	name := pick(p, "bad", "presence-bad", "private-bad", "nobody")
	ch := p.c.Channel(name)
	switch p.byte() % 7 {
	case 0:
		p.do(func(ctx context.Context) { _, _ = ch.Subscribe(ctx) })
	case 1:
		p.do(func(context.Context) { _ = p.c.ForceUnsubscribe(name) })
	case 2:
		p.do(func(ctx context.Context) { _ = ch.Trigger(ctx, "client-n", 1) })
	case 3:
		p.do(func(ctx context.Context) { _, _ = p.c.Ping(ctx) })
	case 4:
		p.do(func(ctx context.Context) {
			for range rtx.On[any](ctx, ch, "*").All() {
				continue
			}
		})
	case 5:
		p.do(func(ctx context.Context) {
			s := rtx.On[int](ctx, ch, "n", rtx.WithBuffer(1), rtx.WithOverflow(rtx.Grow(100)))
			_ = s.Ready(ctx)
			s.Close()
		})
	case 6:
		p.do(func(context.Context) { p.c.Reconnect() })
	}
}
