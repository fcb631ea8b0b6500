package rtx

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A wire is a client without a network, driven on the test's own goroutine through the transport's
// seam: the session is a fake, and the service behind it answers every subscription at once.
// Everything else is the client as it is.
type wire struct {
	tb      testing.TB
	c       *Client
	sess    *fakeSession // nil while down
	socket  int
	refuses map[string]bool // channels whose subscription is refused
}

func newWire(tb testing.TB, opts ...Option) *wire {
	tb.Helper()
	c, err := New("key", append([]Option{WithURL("ws://127.0.0.1:1")}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	c.running = make(chan struct{}) // no goroutine keeps the connection: the test does
	close(c.running)
	return &wire{tb: tb, c: c, refuses: make(map[string]bool)}
}

func (w *wire) up() {
	w.tb.Helper()
	w.socket++
	w.sess = &fakeSession{info: transport.Info{
		SocketID: fmt.Sprint("s", w.socket), PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second,
	}}
	w.c.do(func(m *core.Machine, now time.Time) {
		if m.Conn() == core.Idle {
			w.c.goal = &goal{reached: make(chan struct{})}
			m.Connect(now, true)
		} else {
			m.Reconnect(now)
		}
	})
	w.c.up(w.sess, w.c.attempt)
	w.event(evEstablished, map[string]string{"socket_id": w.sess.info.SocketID})
	w.settle()
}

func (w *wire) down() {
	w.tb.Helper()
	sess := w.sess
	w.sess = nil
	w.c.down(sess, transport.ErrServerClose)
}

func (w *wire) refuse(channel string, on bool) { w.refuses[channel] = on }

// settle answers what the client asks for, until it asks for nothing.
func (w *wire) settle() {
	w.tb.Helper()
	for w.sess != nil {
		if _, err := w.c.look(w.sess); err != nil {
			w.tb.Fatal(err)
		}
		asked := w.sess.sent
		w.sess.sent = nil
		if len(asked) == 0 {
			return
		}
		for _, packet := range asked {
			w.answer(packet)
		}
	}
}

func (w *wire) answer(packet string) {
	w.tb.Helper()
	name, args, err := engineio.SplitEvent([]byte(strings.TrimPrefix(packet, "2")), engineio.DefaultLimits)
	var body struct{ Channel string }
	if err != nil || json.Unmarshal(args, &body) != nil {
		w.tb.Fatalf("the client sent %s", packet)
	}
	if string(name) != `"`+evSubscribe+`"` {
		return
	}
	if w.refuses[body.Channel] {
		w.event(evRefused, map[string]any{"channel": body.Channel, "error": "no", "code": 4009})
		return
	}
	w.event(evSucceeded, map[string]string{"channel": body.Channel})
}

// event is one of the service's own.
func (w *wire) event(name string, payload any) {
	w.tb.Helper()
	data, err := json.Marshal([]any{name, payload})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.receive(data)
}

// publish sends an event on a channel; payload is JSON.
func (w *wire) publish(channel, event, payload string) {
	w.tb.Helper()
	w.receive(fmt.Appendf(nil, `["server-event",{"channel":%q,"event":%q,"data":%s}]`, channel, event, payload))
}

func (w *wire) receive(data []byte) {
	if err := w.c.take(w.sess, transport.Packet{Type: transport.PacketEvent, Data: data}); err != nil {
		w.tb.Fatal(err)
	}
}

// fakeSession keeps what the client sends.
type fakeSession struct {
	info transport.Info
	sent []string
}

func (s *fakeSession) Send(_ context.Context, packets ...[]byte) error {
	for _, p := range packets {
		s.sent = append(s.sent, string(p))
	}
	return nil
}

func (s *fakeSession) Info() transport.Info            { return s.info }
func (s *fakeSession) Recv() (transport.Packet, error) { panic("nobody reads a fake session") }
func (s *fakeSession) Close(error)                     {}
func (s *fakeSession) Hide(...string)                  {}
func (s *fakeSession) Pings() <-chan struct{}          { return nil }
func (s *fakeSession) Pong() error                     { return nil }
func (s *fakeSession) ReceivedAt() time.Time           { return time.Now() }
func (s *fakeSession) Silence() time.Duration          { return 0 }
func (s *fakeSession) Ended() transport.End {
	return transport.End{PeerKnows: true, KeepsSession: true}
}
