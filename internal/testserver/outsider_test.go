package testserver

import "testing"

// Client events are relayed for who is subscribed to the channel, and for nobody else.
func TestAClientEventOfAnOutsiderReachesNobody(t *testing.T) {
	s := NewServer(t)
	ann, bob := connect(t, s), connect(t, s)
	ann.subscribe(s, "private-room")
	ann.expectPrefix(`42["realtimex_internal:subscription_succeeded"`)
	hi := `42["client-event",{"channel":"private-room","event":"client-hi","data":1}]`
	relayed := func() bool {
		r := s.WaitReceived(func(r Received) bool { return r.Kind == KindClientEvent && r.SocketID == bob.socketID })
		return r.Relayed
	}
	bob.send(hi)
	if relayed() {
		t.Error("relayed for who never was in")
	}
	bob.subscribe(s, "private-room")
	bob.expectPrefix(`42["realtimex_internal:subscription_succeeded"`)
	bob.send(`42["realtimex:unsubscribe",{"channel":"private-room"}]`)
	bob.send(hi)
	bob.send(`42["realtimex:ping",{}]`) // what came before it has been handled once it is answered
	bob.expect(`42["realtimex:pong",{}]`)
	for _, r := range s.ReceivedOn(KindClientEvent, "private-room") {
		if r.Relayed {
			t.Errorf("relayed: %+v", r)
		}
	}
	s.Publish("private-room", "last", 2)
	ann.expectJSON(`42["server-event",{"channel":"private-room","event":"last","data":2}]`)
}
