package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Each kind of end, and what it says of the server's side, over pipes and over TCP.
func TestEnded(t *testing.T) {
	text := func(frames ...string) func(*peer) { return func(p *peer) { p.send(frames...); p.drain() } }
	answers := func(p *peer) { p.drain() }
	silent := func(p *peer) { <-p.t.Context().Done() }
	closing := func(reason error) func(transport.Session) { return func(s transport.Session) { s.Close(reason) } }
	var (
		lost   *transport.LostError
		closed *transport.CloseError
		bad    *transport.ProtocolError
		dead   *transport.DeadLinkError
	)
	own := errors.New("the owner's own")
	tests := []struct {
		name         string
		play         func(*peer)
		act          func(transport.Session) // nil: receives until the end
		knows, keeps bool
		is           error
		as           any
		only         string // "pipe" or "tcp"
		patient      bool   // closes for up to an hour
	}{
		{name: "close frame", play: func(p *peer) { _ = p.ws.Close(1012, "restart") }, knows: true, keeps: true, as: &closed},
		{name: "engine.io close", play: text("1"), knows: true, keeps: true, is: transport.ErrServerClose},
		{name: "disconnect", play: text("41"), knows: true, keeps: false, is: transport.ErrServerDisconnect},
		{name: "FIN", play: func(p *peer) { _ = p.raw.Close() }, knows: true, keeps: true, is: io.EOF, as: &lost},
		{name: "FIN in a frame", play: func(p *peer) { _, _ = p.raw.Write([]byte{0x81, 9, '4'}); _ = p.raw.Close() },
			knows: true, keeps: true, is: io.EOF, as: &lost},
		{name: "reset", play: reset, knows: true, keeps: true, as: &lost, only: "tcp"},
		{name: "a write meets the reset", play: reset, act: sendUntilLost, knows: true, keeps: true, as: &lost, only: "tcp"},
		{name: "a write meets the end", play: func(p *peer) { _ = p.raw.Close() }, act: sendUntilLost, knows: true, keeps: true, as: &lost},
		{name: "left politely", play: answers, act: closing(nil), knows: true, keeps: false, is: transport.ErrClosed},
		{name: "left politely, half-open", play: silent, act: closing(nil), knows: false, keeps: false, is: transport.ErrClosed},
		{name: "reconnecting", play: answers, act: closing(transport.ErrReconnect), knows: true, keeps: true, is: transport.ErrReconnect},
		{name: "reconnecting, while reading", play: answers, act: closeWhileReading(transport.ErrReconnect), knows: true, keeps: true, is: transport.ErrReconnect},
		{name: "reconnecting, half-open", play: silent, act: closing(transport.ErrReconnect), knows: false, keeps: true, is: transport.ErrReconnect},
		{name: "reconnecting, half-open, for longer than the WebSocket library waits", play: silent, act: closing(transport.ErrReconnect),
			knows: false, keeps: true, is: transport.ErrReconnect, only: "pipe", patient: true},
		{name: "reconnecting, half-open, while reading", play: silent, act: closeWhileReading(transport.ErrReconnect), knows: false, keeps: true, is: transport.ErrReconnect},
		{name: "reconnecting, answered by an end without a close frame", play: func(p *peer) {
			_, _ = p.raw.Read(make([]byte, 6))
			_ = p.raw.Close()
		}, act: closing(transport.ErrReconnect), knows: true, keeps: true, is: transport.ErrReconnect},
		{name: "an owner's reason", play: answers, act: closing(own), knows: true, keeps: true, is: own},
		{name: "an owner's reason, another code in answer", play: func(p *peer) {
			_, _ = p.raw.Read(make([]byte, 8))
			_, _ = p.raw.Write([]byte{0x88, 2, 0x0f, 0xa0})
			<-p.t.Context().Done()
		}, act: closing(own), knows: true, keeps: true, is: own},
		{name: "an owner's protocol error", play: answers, act: closing(&transport.ProtocolError{Err: own}), knows: true, keeps: false, is: own},
		{name: "dead", play: silent, act: closing(&transport.DeadLinkError{}), knows: false, keeps: true, as: &dead},
		{name: "write timeout", play: silent, act: func(s transport.Session) {
			s.Close(s.Send(context.Background(), []byte(`2["e"]`)))
		}, knows: false, keeps: true, is: transport.ErrWriteTimeout, only: "pipe"},
		{name: "broken packet", play: text("9"), knows: true, keeps: false, as: &bad},
		{name: "broken packet, half-open", play: func(p *peer) { p.send("9"); silent(p) }, knows: false, keeps: false, as: &bad},
		{name: "not UTF-8", play: text("42[\"\xff\"]"), knows: true, keeps: false, as: &bad},
		{name: "broken WebSocket frame", play: func(p *peer) { _, _ = p.raw.Write([]byte{0xc1, 0}); p.drain() }, knows: true, keeps: false, as: &bad},
		{name: "a frame over the limit", play: text(`42["` + strings.Repeat("x", 2000) + `"]`), knows: true, keeps: false, is: transport.ErrFrameTooBig},
	}
	for _, network := range []string{"pipe", "tcp"} {
		for _, tt := range tests {
			if tt.only != "" && tt.only != network {
				continue
			}
			t.Run(network+"/"+tt.name, func(t *testing.T) {
				check := func(t *testing.T, sess transport.Session) {
					if got := sess.Ended(); got != (transport.End{}) {
						t.Errorf("before the end: %+v", got)
					}
					if tt.act != nil {
						tt.act(sess)
					} else {
						sess.Close(<-readOn(sess))
					}
					got := sess.Ended()
					if got.PeerKnows != tt.knows || got.KeepsSession != tt.keeps {
						t.Errorf("got %+v, want PeerKnows %t, KeepsSession %t", got, tt.knows, tt.keeps)
					}
					if tt.is != nil && !errors.Is(got.Err, tt.is) || tt.as != nil && !errors.As(got.Err, tt.as) {
						t.Errorf("the error is %v", got.Err)
					}
				}
				script := func(p *peer) { p.greet(); tt.play(p) }
				limits := func(c *transport.Config) { c.ReadLimit, c.CloseTimeout = 1000, time.Second }
				if network == "pipe" {
					synctest.Test(t, func(t *testing.T) {
						check(t, newServer(t, script).mustDial(limits, func(c *transport.Config) {
							if tt.patient {
								c.CloseTimeout = time.Hour
							}
						}))
					})
					return
				}
				ts, _ := loopback(t, false, script)
				c := configFor(t, ts)
				if limits(&c); strings.Contains(tt.name, "half-open") {
					c.CloseTimeout = time.Millisecond // waited for in full
				}
				sess, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
				if err != nil {
					t.Fatal(err)
				}
				defer sess.Close(nil)
				check(t, sess)
			})
		}
	}
}

// reset ends a TCP connection with RST.
func reset(p *peer) {
	_ = p.raw.(*net.TCPConn).SetLinger(0)
	_ = p.raw.Close()
}

// sendUntilLost has a write meet the end of the connection, with nobody reading.
func sendUntilLost(s transport.Session) {
	for {
		if err := s.Send(context.Background(), []byte(`2["e"]`)); err != nil {
			s.Close(err)
			return
		}
	}
}

func closeWhileReading(reason error) func(transport.Session) {
	return func(s transport.Session) {
		ended := readOn(s)
		s.Close(reason)
		<-ended
	}
}
