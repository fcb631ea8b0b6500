package transport_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestRecv(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			p.send(`42["naïve",{"a":1}]`, `6`, `3`, `42/admin,["hidden"]`, `437[1]`)
			p.send(`451-/admin,["x",{"_placeholder":true,"num":0}]`)
			p.sendBinary([]byte("hidden too"))
			p.send(`452-["b",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]`)
			p.sendBinary([]byte("zero"))
			p.sendBinary([]byte("one"))
			p.send(`4212["asks for an ack"]`, `42not checked here`)
			p.drain()
		})
		sess := srv.mustDial()
		want := []struct {
			kind    transport.PacketType
			data    string
			id      uint64
			buffers int
		}{
			{transport.PacketEvent, `["naïve",{"a":1}]`, 0, 0},
			{transport.PacketAck, `[1]`, 7, 0},
			{transport.PacketBinaryEvent, `["b",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]`, 0, 2},
			{transport.PacketEvent, `["asks for an ack"]`, 12, 0},
			{transport.PacketEvent, `not checked here`, 0, 0},
		}
		for _, w := range want {
			p, err := sess.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if p.Type != w.kind || string(p.Data) != w.data || p.ID != w.id || len(p.Buffers) != w.buffers {
				t.Errorf("got %v %q id %d with %d buffers, want %+v", p.Type, p.Data, p.ID, len(p.Buffers), w)
			}
		}
	})
}

// fragments writes one text message in fragments of one byte each.

func fragments(p *peer, text string) {
	w, err := p.ws.Writer(context.Background(), websocket.MessageText)
	if err != nil {
		return
	}
	for i := range len(text) {
		if _, err := w.Write([]byte{text[i]}); err != nil {
			return
		}
	}
	_ = w.Close()
}

func TestOneByteFragments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		event := `42["e","` + strings.Repeat("é", 3000) + `"]`
		srv := newServer(t, func(p *peer) {
			fragments(p, openPacket)
			p.expect("40")
			fragments(p, connected)
			fragments(p, event)
			for _, b := range append([]byte{0x81, byte(len(`42["f"]`))}, `42["f"]`...) {
				_, _ = p.raw.Write([]byte{b}) // one frame, a byte at a time
			}
			p.drain()
		})
		sess := srv.mustDial()
		for _, want := range []string{event[2:], `["f"]`} {
			if p, err := sess.Recv(); err != nil || string(p.Data) != want {
				t.Errorf("got %d bytes, %v; want %d bytes", len(p.Data), err, len(want))
			}
		}
	})
}

func TestReadLimitIsExact(t *testing.T) {
	for _, limit := range []int{100, 1024, 5000, 1 << 16} {
		synctest.Test(t, func(t *testing.T) {
			fits := `42["` + strings.Repeat("x", limit-6) + `"]`
			srv := newServer(t, func(p *peer) {
				p.send(`0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}`)
				p.expect("40")
				p.send(connected, fits, strings.Replace(fits, "x", "xx", 1))
				if all := p.drain(); all[len(all)-1] != "close StatusMessageTooBig" {
					t.Errorf("server got %q", all)
				}
			})
			sess := srv.mustDial(func(c *transport.Config) { c.ReadLimit = int64(limit) })
			if p, err := sess.Recv(); err != nil || len(p.Data) != limit-2 {
				t.Fatalf("%d bytes, %v", len(p.Data), err)
			}
			var tooBig *transport.FrameError
			if _, err := sess.Recv(); !errors.Is(err, transport.ErrFrameTooBig) || !errors.As(err, &tooBig) || tooBig.Size != int64(limit)+1 {
				t.Errorf("err = %v, want ErrFrameTooBig", err)
			}
			sess.Close(nil)
		})
	}
}

// How a session ends, for each way that the server has of ending it.

func TestRecvErrors(t *testing.T) {
	closeFrame := func(code uint16, reason string) []byte {
		b := []byte{0x88, byte(2 + len(reason))}
		return append(binary.BigEndian.AppendUint16(b, code), reason...)
	}
	text := func(frames ...string) func(*peer) { return func(p *peer) { p.send(frames...) } }
	raw := func(b ...byte) func(*peer) { return func(p *peer) { _, _ = p.raw.Write(b) } }
	const (
		protocol = "close StatusProtocolError"
		normal   = "close StatusNormalClosure"
		notUTF8  = "close StatusInvalidFramePayloadData"
	)
	tests := []struct {
		name string
		play func(*peer)
		want string // the error
		is   error
		then string // what the server gets; "" if the script says
	}{
		{"41", text(`41`), "transport: disconnected by the server", transport.ErrServerDisconnect, normal},
		{"engine.io close", text(`1`), "transport: closed by the server", transport.ErrServerClose, normal},
		{"close frame", func(p *peer) { _ = p.ws.Close(4002, "bye") },
			`transport: link closed by the server with code 4002: "bye"`, nil, ""},
		{"close frame without code", raw(0x88, 0), "transport: link closed by the server with code 1005", nil, ""},
		{"bad close code", raw(closeFrame(999, "x")...),
			"transport: protocol error: bad WebSocket frame: invalid status code StatusCode(999)", nil, protocol},
		{"reserved close code", raw(closeFrame(1005, "x")...),
			"transport: protocol error: bad WebSocket frame: invalid status code StatusNoStatusRcvd", nil, protocol},
		{"reserved bits", raw(0xc1, 1, 'x'),
			"transport: protocol error: bad WebSocket frame: received header with unexpected rsv bits set: true:false:false", nil, protocol},
		{"unknown opcode", raw(0x83, 0), "transport: protocol error: bad WebSocket frame: received unknown opcode opcode(3)", nil, protocol},
		{"cut", func(p *peer) { _ = p.raw.Close() }, "transport: connection lost: EOF", io.EOF, "gone"},
		{"cut in mid-frame", func(p *peer) { _, _ = p.raw.Write([]byte{0x81, 5, '4'}); _ = p.raw.Close() },
			"transport: connection lost: EOF", io.EOF, "gone"},
		{"invalid UTF-8", text("42[\"\xff\"]"), "transport: protocol error: engineio: text is not UTF-8", engineio.ErrUTF8, notUTF8},
		{"cut UTF-8", text("42[\"\xc3\"]"), "transport: protocol error: engineio: text is not UTF-8", engineio.ErrUTF8, notUTF8},
		{"second 40", text(connected), "transport: protocol error: second CONNECT packet", nil, protocol},
		{"late 44", text(`44{"message":"x"}`), "transport: protocol error: second CONNECT_ERROR packet", nil, protocol},
		{"second open", text(openPacket), "transport: protocol error: unexpected open packet", nil, protocol},
		{"upgrade", text(`5`), "transport: protocol error: unexpected upgrade packet", nil, protocol},
		{"empty frame", text(``), "transport: protocol error: engineio: empty packet", engineio.ErrEmpty, protocol},
		{"no Socket.IO packet", text(`4`), "transport: protocol error: engineio: empty packet", engineio.ErrEmpty, protocol},
		{"unknown type", text(`9`), "", engineio.ErrPacketType, protocol},
		{"event without payload", text(`42`), "", engineio.ErrNoPayload, protocol},
		{"ack without payload", text(`43`), "", nil, protocol},
		{"5999 attachments", text(`45999-["x"]`), "transport: too many attachments",
			transport.ErrFrameTooBig, "close StatusMessageTooBig"},
		{"0 attachments", text(`450-["x"]`), "", engineio.ErrAttachmentCount, protocol},
		{"text where an attachment is due", text(`451-["x",{"_placeholder":true,"num":0}]`, `42["y"]`), "", engineio.ErrAttachmentDue, protocol},
		{"attachment where none is due", func(p *peer) { p.sendBinary([]byte("x")) }, "", engineio.ErrAttachmentNotDue, protocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(p *peer) {
					p.greet()
					tt.play(p)
					if tt.then != "" {
						p.expect(tt.then)
					}
				})
				sess := srv.mustDial()
				start := time.Now()
				_, err := sess.Recv()
				if err == nil || tt.want != "" && err.Error() != tt.want {
					t.Errorf("err = %v\nwant  %s", err, tt.want)
				}
				if tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("err = %v, want %v", err, tt.is)
				}
				var bad *transport.ProtocolError
				if got := errors.As(err, &bad); got != (tt.then == protocol || tt.then == notUTF8) {
					t.Errorf("%T is a ProtocolError: %t", err, got)
				}
				sess.Close(err)
				if _, again := sess.Recv(); !errors.Is(again, err) {
					t.Errorf("then Recv says %v, want the same as before", again)
				}
				if sent := sess.Send(t.Context(), []byte(`2["e"]`)); !errors.Is(sent, transport.ErrSessionClosed) || !errors.Is(sent, err) {
					t.Errorf("then Send says %v, want ErrSessionClosed and the reason", sent)
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

// A placeholder that names no attachment is for whoever puts the attachments in: it ends no
// session.
func TestRecvWrongPlaceholder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			p.send(`451-["x",{"_placeholder":true,"num":1}]`)
			p.sendBinary([]byte("y"))
			p.send(`42["z"]`)
			p.drain()
		})
		sess := srv.mustDial()
		if p, err := sess.Recv(); err != nil || len(p.Buffers) != 1 {
			t.Errorf("got %v, %v", p, err)
		} else if _, err := engineio.Inline(engineio.SocketPacket{Data: p.Data, Buffers: p.Buffers}); !errors.Is(err, engineio.ErrPlaceholder) {
			t.Errorf("Inline says %v", err)
		}
		if p, err := sess.Recv(); err != nil || string(p.Data) != `["z"]` {
			t.Errorf("got %v, %v", p, err)
		}
		sess.Close(nil)
	})
}

// A context that ends while another's frame is being written, or one's own, does

// no harm to the link.

// Closing politely takes as long as the server's answer, and the close timeout

// at most.

// A frame that does not get through does not hold Close up for longer than its

// timeout.

// What a big frame took is given back once two pings in a row find it unused. TestLargePacketsAreKept
// has larger ones.

func TestReadBufferShrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		small := `42["e"]`
		srv := newServer(t, func(p *peer) {
			p.greet()
			p.send(`42["`+strings.Repeat("x", 1<<19)+`"]`, "2", small, "2", small)
			p.drain()
		})
		sess := srv.mustDial()
		var sizes []int
		for range 3 {
			if _, err := sess.Recv(); err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, transport.BufferSize(sess))
		}
		if sizes[0] < 1<<19 || sizes[1] != sizes[0] || sizes[2] > 4<<10 {
			t.Errorf("buffer sizes %v, want it kept for one ping and then let go", sizes)
		}
	})
}

func TestReceivedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			time.Sleep(3 * time.Second)
			p.send(`42["e"]`)
			p.drain()
		})
		sess := srv.mustDial()
		start := time.Now()
		if _, err := sess.Recv(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := sess.ReceivedAt().Sub(start); got != 3*time.Second {
			t.Errorf("received after %v, want 3s", got)
		}
		if got := sess.Silence(); got != time.Second {
			t.Errorf("silent for %v, want 1s", got)
		}
	})
}
