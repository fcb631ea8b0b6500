package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestEventsBeforeConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.send(openPacket)
			p.expect("40")
			p.send(`42["e",1]`, `2`)
			p.expect("3")
			p.send(`451-["e",{"_placeholder":true,"num":0}]`)
			p.sendBinary([]byte("attached"))
			p.send(`42["e",2]`, `42/other,["e",3]`, connected, `42["e",4]`)
			p.drain()
		})
		sess := srv.mustDial()
		want := []string{`["e",1]`, `["e",{"_placeholder":true,"num":0}]`, `["e",2]`, `["e",4]`}
		for i, data := range want {
			p, err := sess.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if string(p.Data) != data {
				t.Errorf("packet %d: %s, want %s", i, p.Data, data)
			}
			if i == 1 && (p.Type != transport.PacketBinaryEvent || len(p.Buffers) != 1 || string(p.Buffers[0]) != "attached") {
				t.Errorf("packet %d: %v with %d buffers", i, p.Type, len(p.Buffers))
			}
		}
	})
}

func TestBacklogIsBounded(t *testing.T) {
	tests := []struct {
		name  string
		event string
		n     int // how many just fit
	}{
		{"bytes", `42["e","` + strings.Repeat("x", 1<<20-8) + `"]`, transport.MaxBacklogBytes >> 20},
		{"packets", `42["e"]`, transport.MaxBacklogPackets},
	}
	for _, tt := range tests {
		for _, over := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s+%d", tt.name, over), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := newServer(t, func(p *peer) {
						p.send(openPacket)
						p.expect("40")
						for range tt.n + over {
							p.send(tt.event)
						}
						p.send(connected)
						p.drain()
					})
					sess, err := srv.dial()
					if over == 1 {
						if !errors.Is(err, transport.ErrBacklog) {
							t.Errorf("err = %v, want ErrBacklog", err)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					for range tt.n {
						if p, err := sess.Recv(); err != nil || len(p.Data) != len(tt.event)-2 {
							t.Fatalf("%d bytes, %v", len(p.Data), err)
						}
					}
				})
			})
		}
	}
}

func TestConnectRefused(t *testing.T) {
	tests := []struct{ frame, message string }{
		{`44{"message":"Invalid API key","data":{"code":4001}}`, `"Invalid API key" (code 4001)`},
		{`44{"message":"no"}`, `"no"`},
		{`44"plain"`, `"plain"`},
		{`44{"message":7,"data":"x"}`, `""`},
		{`44{"message":"you sent ` + testKey + ` to me"}`, `"you sent [redacted] to me"`},
		{`44{"message":"` + strings.Repeat("é", 5000) + `"}`, `"` + strings.Repeat("é", 98) + `…"`},
		{`44{"message":"a\u0007\nb"}`, `"a..b"`},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				p.send(openPacket)
				p.expect("40")
				p.send(tt.frame)
				p.expect("close StatusNormalClosure")
			})
			_, err := srv.dial()
			if _, ok := errors.AsType[*transport.ConnectError](err); !ok {
				t.Fatalf("err = %v, want a ConnectError", err)
			}
			if want := "transport: connection refused by the server: " + tt.message; err.Error() != want {
				t.Errorf("%s\n got %s\nwant %s", tt.frame, err, want)
			}
		})
	}
}

func TestHandshakeFaults(t *testing.T) {
	const awaitConnect = "the client's 40"
	tests := []struct {
		name   string
		step   string
		frames []string
		is     error
		close  string
	}{
		{"not an open packet", "open", []string{`2`}, nil, "close StatusProtocolError"},
		{"empty frame", "open", []string{``}, engineio.ErrEmpty, "close StatusProtocolError"},
		{"open without JSON", "open", []string{`0`}, engineio.ErrHandshake, "close StatusProtocolError"},
		{"absurd interval", "open", []string{`0{"sid":"x","upgrades":[],"pingInterval":0,"pingTimeout":20000,"maxPayload":1}`}, engineio.ErrHandshake, "close StatusProtocolError"},
		{"endless interval", "open", []string{`0{"sid":"x","upgrades":[],"pingInterval":1e18,"pingTimeout":20000,"maxPayload":1}`}, engineio.ErrHandshake, "close StatusProtocolError"},
		{"engine.io close", "open", []string{`1`}, transport.ErrServerClose, "close StatusNormalClosure"},
		{"two open packets", "connect", []string{openPacket, awaitConnect, openPacket}, nil, "close StatusProtocolError"},
		{"41 at once", "connect", []string{openPacket, awaitConnect, `41`}, transport.ErrServerDisconnect, "close StatusNormalClosure"},
		{"no sid", "connect", []string{openPacket, awaitConnect, `40`}, nil, "close StatusProtocolError"},
		{"empty sid", "connect", []string{openPacket, awaitConnect, `40{"sid":""}`}, nil, "close StatusProtocolError"},
		{"long sid", "connect", []string{openPacket, awaitConnect, `40{"sid":"` + strings.Repeat("s", 300) + `"}`}, nil, "close StatusProtocolError"},
		{"sid that does not print", "connect", []string{openPacket, awaitConnect, `40{"sid":"a\u001b[31mb"}`}, nil, "close StatusProtocolError"},
		{"sid that turns the text around", "connect", []string{openPacket, awaitConnect, `40{"sid":"a\u202eb"}`}, nil, "close StatusProtocolError"},
		{"bad JSON", "connect", []string{openPacket, awaitConnect, `40{"sid"`}, engineio.ErrJSON, "close StatusProtocolError"},
		{"invalid UTF-8", "open", []string{"0{\"sid\":\"\xff\"}"}, engineio.ErrUTF8, "close StatusInvalidFramePayloadData"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					for _, f := range tt.frames {
						if f == awaitConnect {
							p.expect("40")
							continue
						}
						p.send(f)
					}
					p.expect(tt.close)
				})
				start := time.Now()
				_, err := srv.dial()
				var failed *transport.HandshakeError
				if !errors.As(err, &failed) || failed.Step != tt.step {
					t.Fatalf("err = %v, want a HandshakeError at %q", err, tt.step)
				}
				var bad *transport.ProtocolError
				switch {
				case tt.is != nil && !errors.Is(err, tt.is):
					t.Errorf("err = %v, want %v", err, tt.is)
				case tt.is == nil && !errors.As(err, &bad):
					t.Errorf("err = %v, want a ProtocolError", err)
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

func TestHandshakeHangs(t *testing.T) {
	tests := []struct {
		name, step string
		accept     func(http.ResponseWriter, *http.Request) bool
		script     func(*peer)
	}{
		{"no HTTP answer", "upgrade", func(_ http.ResponseWriter, r *http.Request) bool {
			<-r.Context().Done()
			return false
		}, nil},
		{"no open packet", "open", nil, func(p *peer) { p.drain() }},
		{"no CONNECT answer", "connect", nil, func(p *peer) { p.send(openPacket); p.drain() }},
		{"pings only", "connect", nil, func(p *peer) {
			p.send(openPacket)
			p.expect("40")
			for {
				time.Sleep(3 * time.Second)
				p.send("2")
				if p.read() != "3" {
					return
				}
			}
		}},
		{"a frame that never ends", "connect", nil, func(p *peer) {
			p.send(openPacket)
			p.expect("40")
			_, _ = p.raw.Write([]byte{0x81, 20, '4', '0'})
			p.drain()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, tt.script)
				srv.accept = tt.accept
				start := time.Now()
				_, err := srv.dial(func(c *transport.Config) { c.HandshakeTimeout = 8 * time.Second })
				var failed *transport.HandshakeError
				if !errors.As(err, &failed) || failed.Step != tt.step || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("err = %v, want a deadline at %q", err, tt.step)
				}
				if d := time.Since(start); d != 8*time.Second {
					t.Errorf("took %v, want 8s", d)
				}
			})
		})
	}
}
