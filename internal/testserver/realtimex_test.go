package testserver

import (
	"testing"
	"testing/synctest"
	"time"
)

// eachNetwork runs a test over loopback TCP and, in a bubble, over pipes.
func eachNetwork(t *testing.T, opts []Option, test func(t *testing.T, s *Server)) {
	t.Run("tcp", func(t *testing.T) { test(t, NewServer(t, opts...)) })
	t.Run("pipe", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := NewPipeServer(t, opts...)
			test(t, s)
			s.Close()
			time.Sleep(time.Minute)
		})
	})
}

func TestPublicChannel(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		c := connect(t, s)
		c.subscribe(s, "orders")
		c.expect(`42["realtimex_internal:subscription_succeeded",{"channel":"orders","initial_state":{}}]`)
		s.WaitSubscribed("orders")
		s.Publish("orders", "created", map[string]any{"id": 1, "name": "café <b>"})
		if n := s.Stats().Delivered; n != 1 {
			t.Errorf("published to %d", n)
		}
		c.expect(`42["server-event",{"channel":"orders","event":"created","data":{"id":1,"name":"café <b>"}}]`)
		c.send(`42["realtimex:ping",{}]`)
		c.expect(`42["realtimex:pong",{}]`)
		c.send(`42["realtimex:unsubscribe",{"channel":"orders"}]`)
		s.WaitUnsubscribed("orders")
		s.Publish("orders", "created", 2)
		if n := s.Stats().Delivered; n != 1 {
			t.Errorf("published to %d after unsubscribing", n-1)
		}
		var kinds []Kind
		for _, r := range s.Received() {
			kinds = append(kinds, r.Kind)
		}
		if len(kinds) != 3 || kinds[0] != KindSubscribe || kinds[1] != KindPing || kinds[2] != KindUnsubscribe {
			t.Errorf("received %v", kinds)
		}
	})
}

func TestPrivateChannelAndClientEvents(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		a, b := connect(t, s), connect(t, s)
		for _, c := range []*rawClient{a, b} {
			c.subscribe(s, "private-room")
			c.expectPrefix(`42["realtimex_internal:subscription_succeeded"`)
		}
		a.send(`42["client-event",{"channel":"private-room","event":"client-typing","data":{"on":true}}]`)
		b.expect(`42["server-event",{"channel":"private-room","event":"client-typing","data":{"on":true}}]`)
		r := s.WaitReceived(func(r Received) bool { return r.Kind == KindClientEvent })
		if r.SocketID != a.socketID || r.Event != "client-typing" || string(r.Data) != `{"on":true}` || !r.Relayed {
			t.Errorf("received %+v", r)
		}
		// Not echoed, and without the prefix not relayed.
		a.send(`42["client-event",{"channel":"private-room","event":"typing","data":1}]`)
		a.send(`42["realtimex:ping",{}]`)
		a.expect(`42["realtimex:pong",{}]`)
		s.Publish("private-room", "e", 1)
		b.expect(`42["server-event",{"channel":"private-room","event":"e","data":1}]`)
	})
}

func TestSignatureOfAnotherSocketIsRefused(t *testing.T) {
	eachNetwork(t, nil, func(t *testing.T, s *Server) {
		c := connect(t, s)
		c.send(subscribeFrame(t, s, "another-socket", "private-room", ""))
		c.expect(`42["realtimex_internal:subscription_error",{"channel":"private-room","error":"Invalid signature","code":4003}]`)
		r := s.Received()[0]
		if !r.HasAuth || r.ValidAuth || r.Refused != "Invalid signature" {
			t.Errorf("received %+v", r)
		}
	})
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		c := connect(t, s)
		for range 3 { // the answer to a ping sets the next one back
			time.Sleep(25 * time.Second)
			if _, frame, err := c.ws.Read(t.Context()); err != nil || string(frame) != "2" {
				t.Fatalf("got %q %v, want a ping", frame, err)
			}
			time.Sleep(20*time.Second - 1)
			c.send("3")
			synctest.Wait()
		}
		time.Sleep(45*time.Second - 1)
		synctest.Wait()
		if n := len(s.Connections()); n != 1 {
			t.Errorf("%d connections before the time is up", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if n := len(s.Connections()); n != 0 {
			t.Errorf("%d connections after it", n)
		}
		c.ws.CloseNow()
		s.Close()
		time.Sleep(time.Minute)
	})
}
